"""Who does what an operations command asks for, as ``providers:`` of discovery.yml says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from tgk.reply import Stage

Argument: TypeAlias = str | int | float | bool
Arguments: TypeAlias = Mapping[str, Argument]
"""By name, those alone that were given. Beside a command's options: ``environment`` and ``slot``
of its place, ``service`` of its component, and ``person`` who asks."""


class ProviderResult(BaseModel):
    """How a call ended; survives in the store between steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    success: bool
    output: dict[str, Any] = {}
    """Plain JSON, under names that the command declares as its outputs."""
    summary: str = ""
    """One sentence for people."""
    url: str = ""
    log: tuple[str, ...] = ()
    """What it said, its last lines; not redacted yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderProgress:
    """How far a call is."""

    note: str = ""
    done: int = 0
    total: int = 0
    stages: tuple[Stage, ...] = ()
    url: str = ""


Watch: TypeAlias = Callable[[ProviderProgress], Awaitable[None]]


async def watch_nothing(progress: ProviderProgress) -> None:
    """Ignore how far it is, for callers that only want the end."""


class Providers(Protocol):
    """Raises ConfigurationInvalid where discovery.yml names nobody for a command.

    Otherwise Unavailable, Rejected, Missing and Conflict as errors.py says; what was tried and
    did not work is a result without success.
    """

    def plan(self, command: str, arguments: Arguments) -> str:
        """Say in one line what ``invoke`` would do, without doing or asking anything.

        Raises what can be known beforehand: nobody does it, or it is off.
        """

    async def reach(self, command: str) -> str:
        """Return who does a command, in words, having seen that they answer; nothing is done."""

    async def invoke(
        self, command: str, arguments: Arguments, *, key: str, watch: Watch
    ) -> ProviderResult:
        """Do it and stay with it to its end.

        ``key`` is handed on: the same key again joins or repeats without a second effect, as far
        as the other side knows of keys. ``watch`` is shown how far it is.
        """
