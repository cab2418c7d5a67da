"""The run's own time, its slot and its visible state, kept in step with what it does."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Literal

from orchestration.alarm import rest
from orchestration.runs.halt import Halted, unless_halted
from orchestration.runs.pauses import turned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from orchestration.runs.halt import Halt
    from orchestration.runs.ledger import Ledger
    from orchestration.runs.records import RunRecord
    from orchestration.runs.slots import Slots
    from tgk.ports.runs import RunState
    from tgk.ports.time import Clock

Rest = Literal["pause", "approval", "lock", "time", "slot"]
PARK_SECONDS: Final = 1.0
"""How long a run that only waits keeps its slot."""


class Pulse:
    """One live run: who works in it, who waits for what, and how much time it has used.

    Its time stands still while nothing is under way but pauses, approvals, and waits for a slot
    or a lock.
    """

    def __init__(self, ledger: Ledger, clock: Clock, slots: Slots, record: RunRecord) -> None:
        self.record = record
        self.heed: Callable[[], None] = _unheeded
        """Called whenever something was learned of the run."""
        self._ledger = ledger
        self._clock = clock
        self._slots = slots
        self._busy = 0
        self._rests: Counter[Rest] = Counter()
        self._stage: RunState = "running"
        self._changed = asyncio.Event()
        self._parking: asyncio.Task[None] | None = None
        self._slot = False
        self._settling = asyncio.Lock()

    def now(self) -> float:
        """Return the seconds of its own time that the run has used."""
        since = self.record.counting
        running = (self._clock.now() - since).total_seconds() if since else 0.0
        return self.record.spent + max(0.0, running)

    def learn(self, record: RunRecord) -> None:
        """Take notice of what somebody changed about the run."""
        self.record = record
        self.heed()
        self._tell()

    async def stage(self, state: RunState) -> None:
        """Say what working means from now on: running, or undoing."""
        self._stage = state
        await self._settle()

    async def gate(self, halt: Halt) -> bool:
        """Wait until another step may begin; False once nothing may."""
        while not halt.closed:
            changed = self._changed
            if self.record.paused(self._clock.now()):
                await self._pause(changed, halt)
            elif await self._slotted(changed, halt):
                return not halt.closed
        return False

    @asynccontextmanager
    async def busy(self, halt: Halt) -> AsyncIterator[None]:
        """Work, on a slot; raises Halted when stopped before there is one."""
        while not self._slot:
            changed = self._changed
            await self._slotted(changed, halt)
            if halt.why:
                raise Halted
        self._unpark()
        self._busy += 1
        await self._settle()
        try:
            yield
        finally:
            self._busy -= 1
            await self._settle()

    @asynccontextmanager
    async def resting(self, kind: Rest) -> AsyncIterator[None]:
        """Wait for something; the slot is given back when it takes long."""
        self._rests[kind] += 1
        await self._settle()
        try:
            yield
        finally:
            self._rests[kind] -= 1
            if kind != "slot" or self._slot:  # else those who wait for one would wake each other
                self._tell()

    @asynccontextmanager
    async def limited(self, halt: Halt, seconds: float | None, since: float) -> AsyncIterator[Halt]:
        """Give a halt that stops ``seconds`` of the run's own time after ``since``."""
        inner = halt.below()
        if seconds is not None and self.now() >= since + seconds:
            inner.stop("timed_out")
        if seconds is None or inner.why:
            try:
                yield inner
            finally:
                inner.close()
            return
        bell = asyncio.ensure_future(self._ring(inner, since + seconds))
        try:
            yield inner
        finally:
            bell.cancel()
            await asyncio.wait({bell})
            inner.close()

    async def close(self) -> None:
        """Give the slot back and stop the clock's helpers."""
        self._unpark()
        self._slot = False
        await self._slots.give(self.record.id)

    async def leave(self) -> None:
        """Let go of this life of the run; its slot is kept for the next."""
        self._unpark()

    async def _pause(self, changed: asyncio.Event, halt: Halt) -> None:
        """Wait until the pause may be over."""
        until = self.record.pause.until if self.record.pause else None
        async with self.resting("pause"):
            try:
                await unless_halted(halt, self._change_or(changed, until))
            except Halted:
                return
        if self.record.pause and not self.record.paused(self._clock.now()):
            self.learn(await self._ledger.say(self.record.id, "", self._over))

    def _over(self, stands: RunRecord) -> dict[str, object]:
        """Return what the end of a pause changes, unless somebody has said another one since."""
        return {"pause": None, "reason": ""} if stands.pause == self.record.pause else {}

    async def _change_or(self, changed: asyncio.Event, until: datetime | None) -> None:
        if until is None:
            await changed.wait()
        else:
            left = (until - self._clock.now()).total_seconds()
            await rest(changed, self._clock, left)

    async def _slotted(self, changed: asyncio.Event, halt: Halt) -> bool:
        """Have a slot, or say that something else came first."""
        if self._slot:
            return True
        async with self.resting("slot"):
            taking = asyncio.ensure_future(self._slots.take(self.record.id))
            others = {asyncio.ensure_future(changed.wait()), asyncio.ensure_future(halt.wait())}
            try:
                await asyncio.wait({taking, *others}, return_when=asyncio.FIRST_COMPLETED)
                self._slot = self._slot or (taking.done() and taking.exception() is None)
            finally:
                for each in (taking, *others):
                    each.cancel()
                await asyncio.wait({taking, *others})
        return self._slot

    async def _ring(self, halt: Halt, at: float) -> None:
        while (left := at - self.now()) > 0:
            changed = self._changed
            if self.record.counting:
                await rest(changed, self._clock, left)
            else:
                await changed.wait()
        halt.stop("timed_out")

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _settle(self) -> None:
        """Write down state and time where they changed."""
        async with self._settling:
            state, counts = self._wanted()
            facts: dict[str, object] = {}
            if state != self.record.state:
                facts |= {"state": state, "pauses": turned(self.record, state, self._clock.now())}
            if counts != (self.record.counting is not None):
                facts["spent"] = self.now()
                facts["counting"] = self._clock.now() if counts else None
            if facts:
                self.record = await self._ledger.change(self.record.id, **facts)
                self._tell()
            await self._park_or_not()

    def _wanted(self) -> tuple[RunState, bool]:
        if self._busy:
            return self._stage, True
        resting = {kind for kind, count in self._rests.items() if count > 0}
        if not resting:
            return self.record.state, self.record.counting is not None
        if "pause" in resting:
            state: RunState = "paused"
        elif resting & {"approval", "time"}:
            state = "waiting"
        elif self.record.began is None or resting == {"slot"}:
            state = "queued"
        else:
            state = "waiting"
        return state, "time" in resting

    async def _park_or_not(self) -> None:
        """Give the slot back at a pause, and soon where there is nothing but waiting."""
        resting = sum(self._rests.values()) - self._rests["slot"]
        if self._busy or not resting:
            self._unpark()
        elif self._rests["pause"]:
            await self._park()
        elif self._parking is None or self._parking.done():
            self._parking = asyncio.ensure_future(self._park_later())

    async def _park_later(self) -> None:
        await self._clock.sleep(PARK_SECONDS)
        await self._park()

    async def _park(self) -> None:
        if self._slot:
            self._slot = False
            await self._slots.give(self.record.id)

    def _unpark(self) -> None:
        if self._parking is not None:
            self._parking.cancel()
            self._parking = None


def _unheeded() -> None:
    """Nobody plays the run yet."""
