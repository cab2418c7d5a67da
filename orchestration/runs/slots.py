"""Turns: how many runs work at once, and who has a lock; both first come, first served."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from orchestration.alarm import rest
from orchestration.runs.deadlocks import Waiting, inside, require_no_circle
from tgk.errors import Locked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestration.runs.ledger import Ledger
    from tgk.ports.council import Locks
    from tgk.ports.time import Clock

_LOOK_SECONDS: Final = 5.0
"""A lock that a person gives back is noticed within this time."""
LONGEST_WAIT: Final = 3600.0
"""How long anybody waits for a lock where nothing else is said."""


class Slots:
    """Lets ``most`` runs work at once: lower priorities first, then in the order they asked.

    Slots are held in the store, so a run that a kill cut off still has its own.
    """

    def __init__(self, ledger: Ledger, most: int) -> None:
        self._ledger = ledger
        self._most = most
        self._freed = asyncio.Event()
        ledger.listen(["runs"], self._tell)

    async def take(self, run: str) -> None:
        """Wait for a slot and take it; keeps one's place in the row when cancelled."""
        while True:
            freed = self._freed
            if await self._ledger.take_slot(run, self._most):
                self._tell()  # whoever was behind is first now
                return
            await freed.wait()

    async def give(self, run: str) -> None:
        """Give the slot back and leave the row."""
        await self._ledger.give_slot(run)
        self._tell()

    def _tell(self) -> None:
        self._freed.set()
        self._freed = asyncio.Event()


class Turns:
    """Locks that runs wait for in the order they asked; people's locks count like any other."""

    def __init__(
        self, ledger: Ledger, locks: Locks, clock: Clock, longest: float = LONGEST_WAIT
    ) -> None:
        self._ledger = ledger
        self._locks = locks
        self._clock = clock
        self._longest = longest
        self._freed = asyncio.Event()
        ledger.listen(["locks", "run_turns"], self._tell)

    async def take(self, keys: Iterable[str], holder: str, run: str, reason: str) -> None:
        """Take every lock, in the order of their names so that no two wait for one another.

        Raises Deadlock where two would wait for one another all the same, as parts of others that
        hold locks, and Locked after the longest time that anybody waits, restarts included.
        """
        for key in sorted(set(keys)):
            await self._take(key, holder, run, reason)

    async def give(self, holder: str) -> None:
        """Give back whatever this holder has or waits for; a run with all of its steps."""
        for lock in await self._locks.held():
            if inside(lock.holder, holder) if ":" not in holder else lock.holder == holder:
                await self._locks.release(lock.key, lock.holder)
        await self._ledger.leave_row(holder)
        self._tell()

    async def _take(self, key: str, holder: str, run: str, reason: str) -> None:
        while True:
            freed = self._freed
            if await self._own(key, holder):
                return
            now = self._clock.now().timestamp()
            first, since = await self._ledger.stand_in_row(key, holder, run, now)
            if first:
                with contextlib.suppress(Locked):  # a person has it: waited for like any other
                    await self._locks.acquire(key, holder, reason)
                    return
            await self._require_hope(key, holder, since)
            await rest(freed, self._clock, _LOOK_SECONDS)

    async def _require_hope(self, key: str, holder: str, since: float) -> None:
        """Raise Deadlock or Locked where waiting on makes no sense."""
        locks = {lock.key: lock for lock in await self._locks.held()}
        held = {each.key: each.holder for each in locks.values()}
        rows = [Waiting(who, what) for what, who in await self._ledger.rows()]
        require_no_circle(Waiting(holder, key), held, rows)
        if self._clock.now().timestamp() - since >= self._longest and key in locks:
            lock = locks[key]
            why = f"{lock.reason}; waited for {self._longest:g} s"
            raise Locked(key, lock.holder, why, lock.since)

    def _tell(self) -> None:
        self._freed.set()
        self._freed = asyncio.Event()

    async def _own(self, key: str, holder: str) -> bool:
        """Say whether the run, or a step around this one, has the lock already."""
        lock = await self._locks.holder(key)
        return lock is not None and lock.holder != holder and inside(holder, lock.holder)
