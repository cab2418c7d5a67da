"""Approvals and locks in memory, with the rules of the real ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tgk.ballot import cast, expired, withdrawn
from tgk.errors import Locked, Missing
from tgk.ports.council import Lock, Vote

if TYPE_CHECKING:
    from tgk.caller import Caller
    from tgk.ports.council import Approval, Heard
    from tgk.ports.time import Clock


class FakeApprovals:
    """Implements Approvals; ``answer`` lets every question be decided the moment it is asked."""

    def __init__(self, clock: Clock, *, answer: bool | None = None) -> None:
        self._clock = clock
        self.answer = answer
        self._approvals: dict[str, Approval] = {}
        self._changed = asyncio.Condition()

    @property
    def asked(self) -> tuple[Approval, ...]:
        """Every question ever asked, as it stands."""
        return tuple(self._approvals.values())

    async def ask(self, approval: Approval) -> Approval:
        """Open the question, or return the one that stands."""
        if approval.id not in self._approvals:
            self._approvals[approval.id] = approval
            await self._answer_for_members(approval)
        return self._approvals[approval.id]

    async def decided(self, approval_id: str, heard: Heard | None = None) -> Approval:
        """Wait for the end of the question."""
        left = self._get(approval_id).expires_at - self._clock.now()
        async with asyncio.TaskGroup() as group:
            alarm = group.create_task(self._expire(left.total_seconds()))
            async with self._changed:
                while (before := self._get(approval_id)).state == "open":
                    await self._changed.wait()
                    now = self._get(approval_id)
                    if heard and now.state == "open" and now.votes != before.votes:
                        await heard(now)
            alarm.cancel()
        return self._get(approval_id)

    async def vote(
        self, approval_id: str, caller: Caller, *, approve: bool, reason: str = ""
    ) -> Approval:
        """Count a voice."""
        vote = Vote(
            person=caller.person,
            approve=approve,
            at=self._clock.now(),
            platform=caller.platform,
            reason=reason,
        )
        async with self._changed:
            self._approvals[approval_id] = cast(self._get(approval_id), vote)
            self._changed.notify_all()
        return self._approvals[approval_id]

    async def withdraw(self, corr: str, why: str) -> None:
        """Close what is open of this invocation."""
        async with self._changed:
            for each in [each for each in self.asked if each.corr == corr]:
                self._approvals[each.id] = withdrawn(self._get(each.id), why)
            self._changed.notify_all()

    async def open(self) -> tuple[Approval, ...]:
        """Return the questions that wait, oldest first."""
        standing = [self._get(approval_id) for approval_id in self._approvals]
        return tuple(
            sorted(
                (each for each in standing if each.state == "open"), key=lambda each: each.asked_at
            )
        )

    def _get(self, approval_id: str) -> Approval:
        if approval_id not in self._approvals:
            raise Missing("approval", approval_id, known=tuple(self._approvals)[:3])
        standing = expired(self._approvals[approval_id], self._clock.now())
        self._approvals[approval_id] = standing
        return standing

    async def _expire(self, seconds: float) -> None:
        await self._clock.sleep(max(0.0, seconds))
        async with self._changed:
            self._changed.notify_all()

    async def _answer_for_members(self, approval: Approval) -> None:
        if self.answer is None:
            return
        voters = [member for member in approval.members if member != approval.requester]
        for member in voters[: approval.needed if self.answer else 1]:
            vote = Vote(person=member, approve=self.answer, at=self._clock.now(), platform="cli")
            self._approvals[approval.id] = cast(self._approvals[approval.id], vote)


class FakeLocks:
    """Implements Locks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locks: dict[str, Lock] = {}

    async def acquire(self, key: str, holder: str, reason: str) -> Lock:
        """Take the lock or keep one's own; raises Locked when another has it."""
        asked = Lock(key=key, holder=holder, reason=reason, since=self._clock.now())
        lock = self._locks.setdefault(key, asked)
        if lock.holder != holder:
            raise Locked(key, lock.holder, lock.reason, lock.since)
        return lock

    async def release(self, key: str, holder: str | None = None) -> Lock | None:
        """Give it back, if ``holder`` has it or none is named."""
        lock = self._locks.get(key)
        if lock is None or holder not in (None, lock.holder):
            return None
        return self._locks.pop(key)

    async def holder(self, key: str) -> Lock | None:
        """Return who has it."""
        return self._locks.get(key)

    async def held(self) -> tuple[Lock, ...]:
        """Return every lock, oldest first."""
        return tuple(sorted(self._locks.values(), key=lambda lock: (lock.since, lock.key)))
