"""What a run needs from others: playbooks to play, secrets to use, and somebody who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from orchestration.playbook.model import Integration, Playbook, RunEvent, Secret
    from tgk.ports.runs import RunView


class Trees(Protocol):
    """Playbooks by their names."""

    def get(self, name: str) -> Playbook:
        """Return a playbook as it stands now.

        Raises Missing (with names that look alike) or ConfigurationInvalid with every fault.
        """


class Playbooks(Trees, Protocol):
    """Where playbooks are read from; what a run began with is kept by the run itself."""

    def source(self, name: str) -> bytes:
        """Return the bytes that ``get`` reads, digested by ``Playbook.digest``; raises Missing."""


class Secrets(Protocol):
    """Where the values of declared secrets come from."""

    async def reveal(self, secret: Secret) -> str:
        """Return the value, for one use.

        Raises Missing when there is none, Unavailable when its keeper does not answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What came back from outside."""

    good: bool
    output: Mapping[str, Any]
    note: str = ""


class Outward(Protocol):
    """Does what steps of type ``http`` and ``shell`` want; what may be reached is asked before.

    Raises Unavailable and Rejected; neither holds a header, a body or an address.
    """

    async def http(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: str | None,
        expect: tuple[int, ...],
        key: str,
    ) -> Reached:
        """Call an address once; ``key`` goes along as ``Idempotency-Key``."""

    async def shell(self, program: str, arguments: Sequence[str], *, key: str) -> Reached:
        """Run a program (its full path) without a shell, each argument one word."""


class Herald(Protocol):
    """Tells one kind of outside system about a run. What it raises never reaches the run."""

    @property
    def type(self) -> Literal["slack", "jira", "datadog"]:
        """Which integrations it serves."""

    async def reach(self, settings: Mapping[str, str]) -> None:
        """Look whether it could be told, telling it nothing.

        Raises Rejected where something is missing, Unavailable where nobody answers.
        """

    async def tell(
        self,
        integration: Integration,
        event: RunEvent,
        run: RunView,
        settings: Mapping[str, str],
    ) -> None:
        """Tell it; ``settings`` are filled in, secrets included, and must not be kept."""


class Spans(Protocol):
    """Takes the spans of runs for a backend of traces."""

    def offer(self, spans: Sequence[Mapping[str, Any]]) -> None:
        """Take them at once, or lose what there is no room for; never raises, never waits."""


class Carrier(Protocol):
    """What carries a run to its end over kills: a workflow for each run."""

    async def begin(self, run: str) -> None:
        """Begin to play the run, or do nothing where it is being played; durable on return."""

    def plays(self, play: Callable[[str], Awaitable[None]]) -> None:
        """Name who plays a run; it is called again after a kill until it has returned."""

    async def permit(self) -> None:
        """Return once something may be done outside: others may have taken the run over."""

    async def withdraw(self, delivery: str, why: str) -> None:
        """Stop a change that was dispatched under this delivery, if it is under way."""
