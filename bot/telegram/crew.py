"""The tasks that answer updates: many at once, never without a bound."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = Callable[[dict[str, Any], bool], Awaitable[None]]

MOST_AT_ONCE = 64
MOST_OPEN = 2000
"""Changes that wait for the council stay open; beyond this many no more updates are taken."""
_DRAIN_SECONDS = 3.0


class Crew:
    """Answers each update in a task of its own; ``answer`` must not raise."""

    def __init__(
        self,
        answer: Answer,
        owner: asyncio.TaskGroup,
        *,
        at_once: int = MOST_AT_ONCE,
        slot_seconds: float = 10.0,
    ) -> None:
        self._answer = answer
        self._owner = owner
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(MOST_OPEN)
        self._slots = asyncio.Semaphore(at_once)
        self._slot_seconds = slot_seconds

    async def take(self, update: dict[str, Any], *, again: bool) -> None:
        """Begin to answer an update, once there is room."""
        await self._room.acquire()
        await self._slots.acquire()
        task = self._owner.create_task(self._work(update, again=again))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Let answers be finished; what takes longer goes on after the next start."""
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=_DRAIN_SECONDS)
            for task in late:
                task.cancel()

    async def _work(self, update: dict[str, Any], *, again: bool) -> None:
        slot = _Slot(self._slots, self._slot_seconds)
        try:
            await self._answer(update, again)
        finally:
            slot.leave()
            self._room.release()


class _Slot:
    """A place among those worked on, given back early by slow changes.

    A change that waits for the council must not keep the votes from being counted.
    """

    def __init__(self, slots: asyncio.Semaphore, seconds: float) -> None:
        self._slots = slots
        self._held = True
        self._timer = asyncio.get_running_loop().call_later(seconds, self.leave)

    def leave(self) -> None:
        """Give the place back, once."""
        self._timer.cancel()
        if self._held:
            self._held = False
            self._slots.release()
