"""Runs of playbooks: started, watched, paused, resumed and looked at; durable over any kill."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from tgk.caller import Caller
from tgk.errors import Missing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

RunState = Literal[
    "queued",  # waits for a slot, a lock or its turn
    "running",
    "waiting",  # for an approval or a time; its slot is given back
    "paused",
    "undoing",  # all-or-nothing: taking back what was done
    "succeeded",
    "failed",
    "cancelled",
    "timed_out",
    "rolled_back",  # failed, and everything was taken back
    "rollback_failed",  # failed, and not everything could be taken back
    "forced",  # declared over by a person
]
ENDED: frozenset[RunState] = frozenset(
    {
        "succeeded", "failed", "cancelled", "timed_out", "rolled_back", "rollback_failed", "forced",
    }
)  # fmt: skip
StepState = Literal[
    "pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled", "timed_out",
    "kept", "undone",
]  # fmt: skip
"""``kept``: taken over from an earlier generation."""


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunRequest(_Shape):
    """What somebody, or a trigger, wants to be run."""

    playbook: str
    parameters: dict[str, str] = {}
    """As typed; values get their types from the playbook."""
    environment: str | None = None
    parallel: bool = False
    """Run neighbouring steps at once that only look, where none uses what another has found."""
    checkpoint: bool = False
    """Keep a named checkpoint after every step, not only at pauses and failures."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds for the whole run; pauses and approvals are not counted."""
    priority: int | None = None
    debug: bool = False
    verbose: bool = False


class Try(_Shape):
    """One attempt of a step that another one followed."""

    began: datetime
    ended: datetime | None = None
    state: StepState
    note: str = ""
    reference: str = ""


class Pausing(_Shape):
    """A time in which a run stood still because somebody had paused it."""

    began: datetime
    """When nothing was under way any more."""
    ended: datetime | None = None


class StepView(_Shape):
    """One step as it stands; groups hold their own steps."""

    path: str
    name: str
    """What to call it: the author's name, else its command, else its kind."""
    kind: str
    """``command``, ``parallel``, ``conditional``, ``foreach``, ``approval`` …"""
    state: StepState = "pending"
    attempt: int = 0
    attempts: int = 1
    """At most so many."""
    began: datetime | None = None
    ended: datetime | None = None
    freed: datetime | None = None
    """When people had decided what it waited for before it acted; None where it asked nobody."""
    note: str = ""
    """One line: why it failed, was skipped or waits, or what it found."""
    output: dict[str, Any] = {}
    reference: str = ""
    """The audit reference of its last attempt."""
    tries: tuple[Try, ...] = ()
    """The attempts before the last one, oldest first; the newest of very many."""
    steps: tuple[StepView, ...] = ()


class RunView(_Shape):
    """One run as it stands, everything secret masked."""

    id: str
    """``WF-2026-001``; a later generation is ``WF-2026-001.2``."""
    playbook: str
    version: str = ""
    digest: str
    state: RunState
    request: RunRequest
    starter: Caller
    cause: str = "asked"
    """``asked``, or ``schedule:NAME``, ``event:SOURCE/EVENT``, ``webhook:NAME``, ``run:ID``."""
    asked: datetime
    began: datetime | None = None
    ended: datetime | None = None
    deadline: datetime | None = None
    reason: str = ""
    """Why it is paused, failed, was forced …"""
    pausing: bool = False
    """Paused while steps are still under way."""
    until: datetime | None = None
    """When a pause ends by itself."""
    pauses: tuple[Pausing, ...] = ()
    """Its pauses, oldest first; the newest of very many."""
    parameters: dict[str, Any] = {}
    """With their types and defaults, as frozen at the start."""
    outputs: dict[str, Any] = {}
    steps: tuple[StepView, ...] = ()
    """The whole tree, pending steps included, ``finally`` under a group of that name."""
    undoes: tuple[StepView, ...] = ()
    previous: str = ""
    """The generation before."""
    continued: str = ""
    """The generation that went on from it while it was paused; ``finally`` comes at its end."""
    mark: str = ""
    """Tells it, in all generations, from what other installations call by the same id."""
    kept_with: str = ""
    """What of it is kept although it was done with other values: ``version=v1.4.0: deploy``."""
    waits_for: str = ""
    """What it waits for, while it does: a lock and who has it, people, or a time."""
    consulted: bool = False
    """Whether people were asked about it, or about one of its steps."""
    revision: int = 0
    """Grows with every change; pictures are remembered by it."""


class Checkpoint(_Shape):
    """A moment that a run can be resumed from."""

    id: str
    """``CP-123``."""
    run: str
    at: datetime
    step: str
    """Path of the step that would be next; empty at the end."""
    reason: str
    done: int
    """Steps whose results are kept."""


class RunFilter(_Shape):
    """Which runs to list; the newest come first."""

    states: frozenset[RunState] = frozenset()
    """Empty: every state."""
    playbook: str = ""
    since: datetime | None = None
    limit: int = 50


_ENDS: Mapping[RunState, str] = {
    "forced": "ended by hand", "timed_out": "ran out of time", "rolled_back": "rolled back",
    "rollback_failed": "not all rolled back",
}  # fmt: skip


def none_going(found: Sequence[RunView], person: str) -> Missing:
    """Return what to say about ``current`` where no run goes on: the newest, the person's first."""
    mine = sorted(found, key=lambda view: view.starter.person != person)
    newest = [f"{view.id} ({view.playbook}, {_ENDS.get(view.state, view.state)})" for view in mine]
    return Missing("run", "current", newest=newest, what="No run is going on.")


class Runs(Protocol):
    """The durable engine of playbooks.

    Every method raises Missing for a run that does not exist (with ids that look alike),
    Conflict when its state does not allow what is asked, Unavailable while the engine is not up.
    What was said of a run under a ``delivery`` and is said again under it counts once.
    """

    async def start(
        self, request: RunRequest, starter: Caller, *, delivery: str, cause: str = "asked"
    ) -> RunView:
        """Check, queue and return the run; the same delivery again returns the first.

        So does another delivery where the playbook's ``idempotency_key`` comes to the same.

        Raises InvalidRequest naming every fault of the parameters, ConfigurationInvalid for a
        playbook that does not pass its checks, Denied when the starter may not run one of the
        commands that it reaches.
        """

    async def started(self, delivery: str) -> RunView | None:
        """Return the run that a delivery started, None where it has started none."""

    async def view(self, run: str) -> RunView:
        """Return one run; ``WF-2026-001`` means its newest generation."""

    async def current(self, person: str) -> RunView:
        """Return the one run meant by ``current``.

        The newest that has not ended and that ``person`` started, else the only one that has not.
        Raises Missing naming the newest when there is none, Conflict when it could be several.
        """

    async def find(self, wanted: RunFilter) -> tuple[RunView, ...]:
        """Return runs without their steps."""

    async def ended(self, run: str, watch: Callable[[RunView], Awaitable[None]]) -> RunView:
        """Wait for the end, showing the run at each change, at most every second."""

    async def pause(
        self,
        run: str,
        *,
        who: str,
        reason: str,
        until: datetime | None,
        checkpoint: bool,
        delivery: str = "",
    ) -> RunView:
        """Begin no more steps; what is under way ends and is kept."""

    async def resume(
        self,
        run: str,
        *,
        who: Caller,
        from_step: str = "",
        skip_failed: bool = False,
        parameters: Mapping[str, str] | None = None,
        checkpoint: str = "",
        delivery: str = "",
    ) -> RunView:
        """Go on with a paused run, or begin a new generation of one that ended badly.

        ``from_step`` is a name or a path, ``checkpoint`` an id; both, ``skip_failed`` where a step
        stands failed, and changed parameters make a new generation. Its view says what is kept
        (``kept`` steps).
        """

    async def complete(self, run: str, *, who: str, reason: str, delivery: str = "") -> RunView:
        """Declare a run over: steps under way are cancelled, ``finally`` is run."""

    async def checkpoints(self, run: str) -> tuple[Checkpoint, ...]:
        """Return the checkpoints of every generation of a run, oldest first.

        Only those of its newest generation can be resumed from.
        """
