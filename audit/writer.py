"""One thread that makes records durable, many at a time: a lone record waits for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.errors import JournalUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.log import Log
    from audit.record import Draft

LARGEST_BATCH = 4096


@dataclass(slots=True)
class AuditStats:
    """What was counted since the start."""

    records: int = 0
    blocked: int = 0
    """Records that could not be made durable."""


@dataclass(slots=True)
class _Wait:
    draft: Draft
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]


class _Patience:
    """Ends the waits of one event loop that last too long, with one timer for all of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float, stats: AuditStats) -> None:
        self._loop = loop
        self._timeout = timeout
        self._stats = stats
        self._ends: dict[asyncio.Future[None], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, future: asyncio.Future[None]) -> None:
        """Watch a wait."""
        self._ends[future] = self._loop.time() + self._timeout
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._look)

    def end(self, future: asyncio.Future[None]) -> None:
        """Stop watching it."""
        del self._ends[future]

    def _look(self) -> None:
        """Give up what is overdue, and come back for the next."""
        now = self._loop.time()
        for future, end in self._ends.items():
            if end > now:
                self._timer = self._loop.call_at(end, self._look)
                return
            if not future.done():
                self._stats.blocked += 1
                why = f"It did not answer within {self._timeout:g} s."
                future.set_exception(JournalUnavailable(why))
        self._timer = None


class Writer:
    """Owns the thread that owns the log; serves any number of event loops."""

    def __init__(self, log: Log, *, bound: int, timeout: float) -> None:
        self.stats = AuditStats()
        self._log = log
        self._bound = bound
        self._timeout = timeout
        self._patience: dict[asyncio.AbstractEventLoop, _Patience] = {}
        self._wake = threading.Condition()
        self._queue: list[_Wait] = []
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="audit-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self, seconds: float) -> bool:
        """Write what waits, at most for so long, and stop; False when the disk still hangs."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    async def submit(self, draft: Draft) -> None:
        """Return once the record is durable; raises JournalUnavailable."""
        future = self._queued(draft)
        patience = self._patience_of(future.get_loop())
        patience.begin(future)
        try:
            await future
        finally:
            patience.end(future)

    def _patience_of(self, loop: asyncio.AbstractEventLoop) -> _Patience:
        if loop not in self._patience:
            self._patience[loop] = _Patience(loop, self._timeout, self.stats)
        return self._patience[loop]

    def _queued(self, draft: Draft) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._wake:
            if self._closing or len(self._queue) >= self._bound:
                self.stats.blocked += 1
                raise JournalUnavailable(
                    "It is closing." if self._closing else "Its queue is full."
                )
            self._queue.append(_Wait(draft, loop, future))
            if len(self._queue) == 1:
                self._wake.notify()
        return future

    def _work(self) -> None:
        try:
            while batch := self._taken():
                refusals = self._log.commit([wait.draft for wait in batch])
                self._observe(refusals)
                _settle(batch, refusals)
        finally:
            self._closing = (
                True  # a fault in here: whoever waits is refused in time, others at once
            )

    def _taken(self) -> list[_Wait]:
        """Wait for records; empty when closing and nothing is left."""
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            batch, self._queue = self._queue[:LARGEST_BATCH], self._queue[LARGEST_BATCH:]
            return batch

    def _observe(self, refusals: Sequence[str]) -> None:
        refused = sum(1 for why in refusals if why)
        self.stats.records += len(refusals) - refused
        self.stats.blocked += refused


def _settle(batch: Sequence[_Wait], refusals: Sequence[str]) -> None:
    """Tell every event loop once what became of its records."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[None], str]]]
    loops = defaultdict(list)
    for wait, why in zip(batch, refusals, strict=True):
        loops[wait.loop].append((wait.future, why))
    for loop, ends in loops.items():
        with suppress(RuntimeError):  # the loop is gone, and nobody waits any more
            loop.call_soon_threadsafe(_resolve, ends)


def _resolve(ends: Sequence[tuple[asyncio.Future[None], str]]) -> None:
    for future, why in ends:
        if future.done():
            continue  # whoever waited was cancelled
        if why:
            future.set_exception(JournalUnavailable(why))
        else:
            future.set_result(None)
