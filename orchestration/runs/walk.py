"""Steps one after another: conditions, locks, attempts, and what is done about how they end."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from loguru import logger

from orchestration.playbook.expression import ExpressionError
from orchestration.runs.acts import Acts
from orchestration.runs.commanding import delivery_of, withdraw
from orchestration.runs.halt import Halt, Halted, Unbegun, unless_halted
from orchestration.runs.holding import holding
from orchestration.runs.memory import Resting
from orchestration.runs.moments import until
from orchestration.runs.records import NEVER_AGAIN, Fault, Result, faulted, skipped, stopped
from orchestration.runs.rollback import LAST_WORDS_SECONDS, Done, Rollback
from orchestration.store import store_away
from tgk.errors import Conflict, Declined, TgkError, Upstream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from orchestration.playbook.model import Retry, Step
    from orchestration.runs.frame import Frame
    from orchestration.runs.means import Means
    from orchestration.runs.records import StepRecord


T = TypeVar("T")


@dataclass(slots=True)
class Walk:
    """Plays lists of steps; ``rollback`` collects what could be undone.

    What was done is rolled back below ``undoing``, and last words are said below ``end``: halts of
    their own, which no failure and no time limit of the body stops. A list ends early with the
    result that stops it. Every outside effect and every decision that depends on the world is
    remembered first, so playing the list again changes nothing.
    """

    means: Means
    after_step: Callable[[str], Awaitable[None]]
    """Called with the path of each step that has ended in this life."""
    undoing: Halt = field(default_factory=Halt)
    end: Halt = field(default_factory=Halt)
    rollback: Rollback = field(init=False)
    acts: Acts = field(init=False)

    def __post_init__(self) -> None:
        self.rollback = Rollback(self.means, self.steps)
        self.acts = Acts(self.means, self)

    async def steps(self, steps: Sequence[Step], frame: Frame) -> Result | None:
        """Play the list; returns the bad result that ended it, None if it came to its end."""
        for step in steps:
            bad = await self.step(step, frame)
            if bad:
                return bad
        return None

    async def step(self, step: Step, frame: Frame) -> Result | None:
        """Play one step with all that its author wrote about it."""
        path = frame.path(step.path)
        kept = self.means.memory.kept(path)
        if kept and kept.result:
            await self._adopted(step, frame, kept)
            return None
        begun = self.means.memory.get(path, frame.label(1))
        if begun is None and (frame.past or not await self.means.pulse.gate(frame.halt)):
            return Result(status="cancelled", note="not begun")
        try:
            if begun is None and step.condition and not step.condition.test(frame.scope()):
                await self._passed_over(step, frame, path)
                return None
        except ExpressionError as error:
            return await self._unreadable(step, frame, path, error)
        if begun and begun.result and begun.result.status == "skipped":
            frame.learn(step, begun.result)
            return None
        result = await self._within_limits(step, frame, path)
        frame.learn(step, result)
        if not frame.past:
            await self.after_step(path)
        return await self._followed(step, frame, path, result)

    async def sound(
        self, act: Awaitable[T], inside: str = "", known: tuple[type[Exception], ...] = ()
    ) -> T | Result:
        """Return what it comes to; a fault of ours is a failure like any other, and logged.

        What it left under way ``inside`` is ended first: nobody waits for that any more. Raises
        what is ``known`` to whoever asks, and whatever the store says when it is away.
        """
        try:
            return await act
        except Exception as error:
            if isinstance(error, known):
                raise
            if away := store_away(error):  # whoever has the store again goes on from there
                raise away from None
            logger.bind(run=self.means.run, step=inside).opt(exception=error).error("fault in run")
            for record in self.means.memory.going(inside):
                delivery = delivery_of(self.means.run, record)
                await withdraw(self.means, delivery, "the run had a fault")
                await self.means.memory.end(record, stopped(record.path, "cancelled"))
            return faulted(inside, error)

    async def _passed_over(self, step: Step, frame: Frame, path: str) -> None:
        source = step.condition.source if step.condition else ""
        result = skipped(f"{source} is false")
        frame.learn(step, result)
        await self._record(path, frame, result)

    async def _unreadable(
        self, step: Step, frame: Frame, path: str, error: ExpressionError
    ) -> Result | None:
        result = await self._record(path, frame, _invalid(path, error))
        frame.learn(step, result)
        return await self._followed(step, frame, path, result)

    async def _record(self, path: str, frame: Frame, result: Result) -> Result:
        label, now = frame.label(1), self.means.pulse.now()
        await self.means.memory.decide(path, label, result, clock=now)
        return result

    async def _adopted(self, step: Step, frame: Frame, record: StepRecord) -> None:
        """Take over what an earlier generation found, inside as well as here."""
        await self.acts.recall(step, frame, record)
        if record.result:
            frame.learn(step, record.result)
        if step.undo and record.result and record.result.status == "succeeded":
            self.rollback.done.append(Done(step, frame.frozen(), record.path, record.label))

    async def _within_limits(self, step: Step, frame: Frame, path: str) -> Result:
        """Hold the step's locks and its total time around all attempts."""
        pulse, memory = self.means.pulse, self.means.memory
        first, last = memory.get(path, frame.label(1)), memory.latest(path)
        since = first.clock if first else pulse.now()
        over = last is not None and last.over and last.label.startswith(frame.era)
        async with pulse.limited(frame.halt, step.total_timeout, since) as halt:
            under = frame.under(halt)
            try:
                async with holding(self.means, () if over else step.locks, under, path):
                    result = await self._attempts(step, under, path)
            except Halted:
                result = await self._record(path, frame, stopped(path, halt.why, begun=False))
            except (ExpressionError, TgkError) as error:
                result = await self._record(path, frame, _invalid(path, error))
            if halt.why == "timed_out" and result.status in ("cancelled", "failed"):
                result = stopped(path, "timed_out", result)
        return result if frame.past or over else await self._closed(step, frame, path, result)

    async def _closed(self, step: Step, frame: Frame, path: str, result: Result) -> Result:
        """Remember that no other attempt comes, where the next life could not tell by itself."""
        last = self.means.memory.get(path, frame.label(result.attempts))
        if last and (step.locks or last.waits or last.result != result):
            await self.means.memory.note(last, over=True, result=result, waits="")
        return result

    async def _attempts(self, step: Step, frame: Frame, path: str) -> Result:
        """Try until it succeeds, or another try is not wanted."""
        number, result = 0, Result(status="cancelled", note="not begun", begun=False)
        while True:
            number += 1
            record = await self._attempt(step, frame, path, number)
            if record is None:
                return result
            result = record.result or stopped(path, frame.halt.why)
            if self.means.memory.get(path, frame.label(number + 1)):
                continue  # decided in a former life
            if frame.past or record.over:
                return result
            delay = self._pause(step.retry, frame, record, result)
            if delay is None or not await self._rested(frame, record, delay):
                return result

    def _pause(
        self, retry: Retry, frame: Frame, record: StepRecord, result: Result
    ) -> float | None:
        """Return the seconds until another attempt, None where none is wanted."""
        if not _again(retry, frame, result, record.attempt):
            return None
        delay = delay_of(retry, f"{self.means.run} {record.path} {record.label}", record.attempt)
        now, first = self.means.pulse.now(), self.means.memory.get(record.path, frame.label(1))
        began = first.clock if first else record.clock
        late = retry.max_elapsed is not None and now + delay - began > retry.max_elapsed
        return None if late else delay

    async def _rested(self, frame: Frame, record: StepRecord, delay: float) -> bool:
        """Wait before the next attempt."""
        ended = record.ended or self.means.clock.now()
        try:
            async with self.means.pulse.resting("time"):
                await unless_halted(
                    frame.halt, until(self.means.clock, ended + timedelta(seconds=delay))
                )
        except Halted:
            return False
        return await self.means.pulse.gate(frame.halt)

    async def _begun(self, frame: Frame, path: str, number: int) -> StepRecord | None:
        """Return an attempt that has begun, now or in a former life; None once nothing may."""
        memory, pulse, label = self.means.memory, self.means.pulse, frame.label(number)
        while (record := memory.get(path, label)) is None:
            try:
                return await memory.begin(path, label, attempt=number, clock=pulse.now())
            except Resting as resting:  # said in another process, a moment ago
                pulse.learn(resting.run)
            if not await pulse.gate(frame.halt):
                return None
        return record

    async def _attempt(self, step: Step, frame: Frame, path: str, number: int) -> StepRecord | None:
        memory, pulse = self.means.memory, self.means.pulse
        record = await self._begun(frame, path, number)
        if record is None:
            return None
        inside = frame.again(number) if step.retry.more else frame
        if record.result:
            await self.acts.recall(step, inside, record)
        else:
            async with pulse.limited(frame.halt, step.timeout, record.clock) as halt:
                result = await self._acted(step, inside.under(halt), record)
            delay = self._pause(step.retry, frame, record, result)
            waits = "" if delay is None else _another(self.means.clock.now(), delay)
            result = result.model_copy(update={"attempts": number})
            record = await memory.end(record, result, waits)
        return record

    async def _acted(self, step: Step, frame: Frame, record: StepRecord) -> Result:
        try:
            acting = self.acts.act(step, frame, record)
            result = await self.sound(acting, record.path, (Halted, ExpressionError, TgkError))
        except Halted as halted:
            begun = not isinstance(halted, Unbegun)
            return stopped(record.path, frame.halt.why, begun=begun)
        except (ExpressionError, TgkError) as error:
            return _invalid(record.path, error)
        if frame.halt.why == "timed_out" and result.status != "succeeded":
            return stopped(record.path, "timed_out", result)
        return result

    async def _followed(self, step: Step, frame: Frame, path: str, result: Result) -> Result | None:
        """Do what the author wants done about the end, and say whether the list goes on."""
        if step.undo:
            self.rollback.remember(step, frame, path, result)
        if result.status == "succeeded":
            return await self.steps(step.on_success, frame) if step.on_success else None
        if not result.bad:
            return None
        recovered = False
        if step.on_failure and result.status != "cancelled":
            failed = await self._handled(step, frame, result)
            recovered = step.recover and failed is None
        if frame.halt.why:
            return result
        return None if recovered or step.continue_on_error else result

    async def _handled(self, step: Step, frame: Frame, result: Result) -> Result | None:
        """Play the handler of a failure, also where nothing else is begun any more."""
        halt = frame.halt.below(insists=True)
        try:
            return await self.steps(step.on_failure, frame.handling(result.error).under(halt))
        finally:
            halt.close()

    async def last(self, steps: Sequence[Step], frame: Frame) -> Result | None:
        """Play every step of a ``finally``, whatever became of those before or of the body.

        Returns the first failure.
        """
        pulse = self.means.pulse
        async with pulse.limited(self.end, LAST_WORDS_SECONDS, pulse.now()) as halt:
            ends = [await self.step(step, frame.under(halt)) for step in steps]
        return next((end for end in ends if end), None)

    async def undo(self, inside: str = "", era: str = "") -> bool | None:
        """Take back what completed, all of it or only ``inside``, of attempts of that ``era``.

        Returns whether all of it was rolled back, None where there is nothing to take back.
        """
        return await self.rollback.take_back(self.undoing, inside, era)


def delay_of(retry: Retry, seed: str, attempt: int) -> float:
    """Return the wait after an attempt; the same in every life of the run."""
    delay = min(retry.delay * retry.backoff ** (attempt - 1), retry.max_delay)
    return random.Random(seed).uniform(0, delay) if retry.jitter else delay  # noqa: S311 - no secret


def _another(now: datetime, delay: float) -> str:
    """Return what a step that failed waits for in words."""
    return f"another try at {now + timedelta(seconds=delay):%H:%M:%S} UTC"


def _again(retry: Retry, frame: Frame, result: Result, attempt: int) -> bool:
    """Say whether another try is wanted, by the author and by the kind of failure."""
    if not result.bad or attempt > retry.more or frame.halt.closed:
        return False
    if result.status == "cancelled" or (result.error and result.error.type in NEVER_AGAIN):
        return False
    if retry.when is None:
        return True
    error = result.error.model_dump() if result.error else None
    try:
        return retry.when.test(frame.scope(error=error, output=result.output))
    except ExpressionError:
        return False


def _invalid(path: str, error: ExpressionError | TgkError) -> Result:
    """Return the failure of a step that made no sense when it came to it."""
    if store_away(error):  # it says nothing about the step
        raise error
    kinds = {Upstream: "unavailable", Declined: "declined", Conflict: "locked"}
    kind = next((kind for each, kind in kinds.items() if isinstance(error, each)), "invalid")
    message = f"{error} {getattr(error, 'help', '')}".strip()
    fault = Fault(step=path, type=kind, message=message)
    return Result(status="failed", error=fault, note=message)
