"""Decisions that people take together, and the locks they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tgk.caller import Caller

    Heard = Callable[["Approval"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What the council is asked before a command goes on."""

    title: str
    facts: tuple[tuple[str, str], ...]
    needed: int
    expires_seconds: float


class Vote(BaseModel):
    """One person's voice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    approve: bool
    at: datetime
    platform: str
    reason: str = ""


class Approval(BaseModel):
    """A question to the council, and where it stands. The same state shows on every platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    corr: str
    """The invocation that waits."""
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    requester: str
    members: tuple[str, ...]
    needed: int
    digest: str
    """What exactly is approved: command, arguments, policy version, target."""
    asked_at: datetime
    expires_at: datetime
    state: Literal["open", "approved", "denied", "expired", "withdrawn"] = "open"
    votes: tuple[Vote, ...] = ()
    why: str = ""
    """Why nobody needs an answer any more, of one that was withdrawn."""

    @property
    def wanted(self) -> list[str]:
        """Who can still say something: neither whoever asked, nor who has said it."""
        silent = {self.requester, *(vote.person for vote in self.votes)}
        return [person for person in self.members if person not in silent]


class Approvals(Protocol):
    """Votes are atomic: two people on one button decide once."""

    async def ask(self, approval: Approval) -> Approval:
        """Open the question; asking again with the same id returns the one that stands."""

    async def decided(self, approval_id: str, heard: Heard | None = None) -> Approval:
        """Wait until it is approved, denied, expired or withdrawn.

        ``heard`` is told of each voice that does not decide it yet.
        """

    async def vote(
        self, approval_id: str, caller: Caller, *, approve: bool, reason: str = ""
    ) -> Approval:
        """Count a voice and return the state. The same voice again stands as it was.

        Raises Missing (no such approval), Denied (outsider, requester), Conflict (already decided).
        """

    async def withdraw(self, corr: str, why: str) -> None:
        """Close what is open of this invocation, whose end needs no answer; the card says why."""

    async def open(self) -> tuple[Approval, ...]:
        """Return the questions that wait, oldest first."""


class Lock(BaseModel):
    """A key that one holder has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Such as ``deploy:production``."""
    holder: str
    """A person, or the corr of an invocation."""
    reason: str
    since: datetime


class Locks(Protocol):
    """Held over restarts until released."""

    async def acquire(self, key: str, holder: str, reason: str) -> Lock:
        """Take the lock or keep one's own; raises Locked when another has it."""

    async def release(self, key: str, holder: str | None = None) -> Lock | None:
        """Give it back, if ``holder`` has it or none is named; None when nothing was held."""

    async def holder(self, key: str) -> Lock | None:
        """Return who has it."""

    async def held(self) -> tuple[Lock, ...]:
        """Return every lock, oldest first."""
