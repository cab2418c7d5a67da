"""What is kept of a run and of each of its steps; everything a later life needs to go on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tgk.caller import Caller
from tgk.errors import TgkError
from tgk.ports.council import Approval
from tgk.ports.runs import Pausing, RunRequest, RunState
from tgk.recording import correlation

Status = Literal["succeeded", "failed", "skipped", "cancelled", "timed_out"]
BAD: frozenset[str] = frozenset({"failed", "cancelled", "timed_out"})
NEVER_AGAIN: frozenset[str] = frozenset(
    {"denied", "invalid", "declined", "off", "unknown", "fault"}
)
"""Kinds of errors that another try would only repeat."""
UNTOUCHED: frozenset[str] = frozenset({"denied", "invalid", "declined", "locked", "off"})
"""Kinds of errors after which nothing was done."""


class Shape(BaseModel):
    """A frozen record that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fault(Shape):
    """Why a step ended badly; handlers read it as ``error``."""

    step: str
    type: str
    message: str
    attempts: int = 1


class Result(Shape):
    """How one attempt of a step ended."""

    status: Status
    output: dict[str, Any] = {}
    error: Fault | None = None
    note: str = ""
    reference: str = ""
    attempts: int = 1
    begun: bool = True
    """False where it was stopped before what it does was begun."""

    @property
    def touched(self) -> bool:
        """Whether something may be different by it."""
        return self.begun and not (self.error and self.error.type in UNTOUCHED)

    @property
    def bad(self) -> bool:
        """Whether what comes next must not run, unless the author says so."""
        return self.status in BAD

    def value(self) -> dict[str, Any]:
        """Return it as expressions read it."""
        error = self.error.model_dump() if self.error else None
        return {
            "status": self.status,
            "success": self.status == "succeeded",
            "output": self.output,
            "attempts": self.attempts,
            "error": error,
        }


def skipped(note: str) -> Result:
    """Return the result of a step that was not run on purpose."""
    return Result(status="skipped", note=note)


def stopped(
    path: str, why: str | None, inner: Result | None = None, *, begun: bool = True
) -> Result:
    """Return the result of a step that was stopped from outside, or by its own time limit."""
    timed_out = why == "timed_out"
    message = "its time was used up" if timed_out else "stopped"
    kind = "timed_out" if timed_out else "cancelled"
    return Result(
        status="timed_out" if timed_out else "cancelled",
        error=Fault(step=path, type=kind, message=message),
        note=message,
        output=inner.output if inner else {},
        reference=inner.reference if inner else "",
        attempts=inner.attempts if inner else 1,
        begun=inner.begun if inner else begun,
    )


def faulted(path: str, error: BaseException) -> Result:
    """Return the result of what a fault of ours ended; no detail of it leaves the log."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    message = str(error) if isinstance(error, TgkError) else f"fault: {type(error).__name__}"
    return Result(
        status="failed", error=Fault(step=path, type="fault", message=message), note=message
    )


class StepRecord(Shape):
    """One attempt of one step, from its beginning on."""

    path: str
    label: str
    """Which attempt: ``2``, or ``1.2`` for the second one within an outer first one."""
    seq: int
    """The order in which the steps of a run began."""
    began: datetime
    clock: float
    """The run's own time at the beginning; pauses do not move it."""
    attempt: int = 1
    waits: str = ""
    """What it waits for, while it does."""
    freed: datetime | None = None
    """When people had decided what it had to wait for before it could act."""
    items: tuple[Any, ...] = ()
    """What a loop goes through, once it has begun."""
    side: str = ""
    """Which side of a conditional is played."""
    halted: str = ""
    """How it stopped those inside, if it did."""
    ended: datetime | None = None
    order: int = 0
    """The order in which the steps ended; 0 while under way."""
    result: Result | None = None
    kept: bool = False
    """Taken over from an earlier generation."""
    kept_with: str = ""
    """The values that it was done with, where the run has others by now."""
    undone: bool = False
    over: bool = False
    """Whether no other attempt comes."""


class Line(Shape):
    """One command line that people were shown when they were asked."""

    text: str
    digest: str
    """What an approval of it alone would be bound to: command, arguments, target, policy."""


class Consent(Shape):
    """A question about several steps of a run at once, and what came of it."""

    question: Approval
    lines: tuple[Line, ...]
    state: Literal["open", "granted", "refused"] = "open"
    until: datetime | None = None
    """When a yes stops counting."""

    def covers(self, digest: str, now: datetime) -> bool:
        """Say whether this line was shown, approved, and that still holds."""
        shown = any(line.digest == digest for line in self.lines)
        return shown and self.state == "granted" and self.until is not None and now < self.until


class Pause(Shape):
    """A wish that no more steps begin."""

    who: str
    reason: str
    until: datetime | None = None
    at: datetime


Phase = Literal["body", "undoing", "finally"]


class Force(Shape):
    """A person's word that a run is over: it stops what was being played when it was said."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # former versions counted the words

    who: str
    reason: str
    at: datetime
    stops: tuple[Phase, ...] = ("body",)


class Verdict(Shape):
    """How the body of a run ended; decided once, whatever its last words take or come to."""

    state: RunState
    reason: str = ""
    error: Fault | None = None
    """What ``finally`` reads as ``error``."""


class Wish(Shape):
    """What somebody wants to be done differently in another try."""

    from_step: str = ""
    skip_failed: bool = False
    upto: int | None = None
    """Only results that had ended by then are kept."""

    @property
    def says_where(self) -> bool:
        """Whether somebody chose what is kept."""
        return bool(self.from_step) or self.upto is not None


class RunRecord(Shape):
    """One run as it stands in the store."""

    id: str
    root: str
    """The id that all generations share."""
    key: str = ""
    """What the playbook's ``idempotency_key`` came to, digested; of the first generation only."""
    generation: int = 1
    previous: str = ""
    delivery: str
    playbook: str
    version: str = ""
    digest: str
    pinned: dict[str, str]
    """The digest of every playbook that it reaches, by name: what it runs, whatever changes."""
    request: RunRequest
    starter: Caller
    cause: str
    priority: int
    parameters: dict[str, Any]
    hidden: tuple[str, ...] = ()
    """Parameters whose values are shown to nobody."""
    environment: str
    stamp: datetime
    """What ``${timestamp}`` says in every generation."""
    timeout: float | None = None
    state: RunState = "queued"
    asked: datetime
    began: datetime | None = None
    ended: datetime | None = None
    reason: str = ""
    pause: Pause | None = None
    force: Force | None = None
    phase: Phase = "body"
    """What is played of it; changed together with ``verdict``."""
    verdict: Verdict | None = None
    """How its body ended, once that is so."""
    expired: bool = False
    """Whether its time was used up; said by former versions, which knew no verdict."""
    spent: float = 0.0
    """Seconds of the run's own time until ``counting``."""
    pauses: tuple[Pausing, ...] = ()
    """When it stood still because somebody had paused it."""
    counting: datetime | None = None
    """Since when its time is counted; None while it stands still."""
    outputs: dict[str, Any] = {}
    consents: tuple[Consent, ...] = ()
    """What people were asked about its steps together."""
    superseded: bool = False
    """Whether it ends only because another generation goes on."""
    heir: Heir | None = None
    """What goes on from it, and begins with the very write that ends it."""
    words: tuple[str, ...] = ()
    """Deliveries of what was said about it lately, so that the same word counts once."""
    revision: int = 0

    def paused(self, now: datetime) -> bool:
        """Say whether somebody wants that no more steps begin, and still does."""
        return self.pause is not None and (self.pause.until is None or self.pause.until > now)

    @property
    def mark(self) -> str:
        """What tells it, in all generations, from what others call by the same id."""
        return correlation(f"{self.root}:{self.stamp.isoformat()}")

    def unasked(self, why: str) -> str:
        """Say why nobody needs to answer a question of this run any more."""
        if self.force:
            return f"{self.id} was ended by hand."
        return f"{self.id} goes on without it: {why}."


class Heir(Shape):
    """Another generation that is wished for, before what it follows has ended."""

    record: RunRecord
    wish: Wish
