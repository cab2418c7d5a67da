"""A clock that moves only when told to."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeClock:
    """Implements Clock; ``sleep`` returns once ``advance`` has passed its end.

    With ``flows=True`` a sleep moves the clock by itself and returns at once.
    """

    def __init__(self, start: datetime | None = None, *, flows: bool = False) -> None:
        self._now = start or datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
        self._monotonic = 0.0
        self._flows = flows
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self.slept: list[float] = []
        self._asleep = asyncio.Event()

    def now(self) -> datetime:
        """Return the time set."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait for ``advance``, or jump there when the clock flows."""
        self.slept.append(seconds)
        self._asleep.set()
        if self._flows:
            self._move(max(0.0, seconds))
            await asyncio.sleep(0)
            return
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), woken))
        await woken

    async def until(self, is_reached: Callable[[], bool]) -> None:
        """Wait, in real time, for somebody's sleep that makes ``is_reached`` true."""
        while not is_reached():
            self._asleep.clear()
            await self._asleep.wait()

    @property
    def sleeping(self) -> int:
        """How many wait now."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move on and wake, in order, everyone whose time has come, with time to act between."""
        end = self._monotonic + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            self._move(due - self._monotonic)
            if not woken.done():
                woken.set_result(None)
            await self._let_others_act()
        self._move(end - self._monotonic)
        await self._let_others_act()

    def jump(self, to: datetime) -> None:
        """Set the wall clock alone, as an administrator or a bad time server would."""
        self._now = to

    def _move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    @staticmethod
    async def _let_others_act() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
