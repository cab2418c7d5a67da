"""Lists of steps beside each other: branches, and the items of a loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.runs.records import BAD, Fault, Result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orchestration.playbook.model import FailFast, ForEach, Parallel, Step
    from orchestration.runs.frame import Frame
    from orchestration.runs.halt import Halt
    from orchestration.runs.means import Means
    from orchestration.runs.records import StepRecord

    Steps = Callable[[Sequence[Step], Frame], Awaitable[Result | None]]

MOST_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One list with its level."""

    name: str
    steps: Sequence[Step]
    frame: Frame


@dataclass(frozen=True, slots=True)
class Beside:
    """Plays lists at once, as many as are wanted; waits for all that began, then decides once."""

    means: Means
    steps: Steps

    async def branches(self, step: Parallel, frame: Frame, record: StepRecord) -> Result:
        """Play the branches of a parallel step; their results can be read from outside after."""
        halt = frame.halt.below()
        parts = [Part(each.name, each.steps, frame.apart(halt)) for each in step.branches]
        most = step.max_parallel or len(parts)
        ends = await self._play(parts, halt, most, step.fail_fast, record)
        for part in parts:
            frame.results.update(part.frame.results)
        told = {part.name: _status(end) for part, end in zip(parts, ends, strict=True)}
        return _decided(parts, ends, told)

    async def items(self, step: ForEach, frame: Frame, record: StepRecord) -> Result:
        """Play the steps of a loop for each item, in order unless more are wanted at once."""
        items = list(record.items) or _items(step, frame)
        if isinstance(items, str):
            fault = Fault(step=record.path, type="invalid", message=items)
            return Result(status="failed", error=fault, note=items)
        if not record.items and not frame.past:
            await self.means.memory.note(record, items=tuple(items))
        halt = frame.halt.below()
        parts = [
            Part(str(item), step.steps, frame.item(step.path, n, halt, **{step.variable: item}))
            for n, item in enumerate(items)
        ]
        ends = await self._play(parts, halt, step.max_parallel, step.fail_fast, record)
        listed = [
            {"item": item, "status": _status(end)} for item, end in zip(items, ends, strict=True)
        ]
        return _decided(parts, ends, {"items": listed})

    async def _play(
        self, parts: list[Part], halt: Halt, most: int, fail_fast: FailFast, record: StepRecord
    ) -> list[Result | None]:
        room = asyncio.Semaphore(max(1, most))
        if record.halted and not record.result:
            self._end_others(halt, "cancel" if record.halted == "cancelled" else "drain")

        async def play(part: Part) -> Result | None:
            async with room:
                bad = await self.steps(part.steps, part.frame)
                if bad and bad.status != "cancelled" and not part.frame.past:
                    await self._failed(halt, fail_fast, record)
                return bad

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(play(part)) for part in parts]
        finally:
            halt.close()
        return [task.result() for task in tasks]

    async def _failed(self, halt: Halt, fail_fast: FailFast, record: StepRecord) -> None:
        """Do to the others what the author wants; noted first, so that it stands after a kill."""
        if fail_fast == "off" or halt.closed:
            return
        how = "cancelled" if fail_fast == "cancel" else "drained"
        await self.means.memory.note(record, halted=how)
        self._end_others(halt, fail_fast)

    @staticmethod
    def _end_others(halt: Halt, fail_fast: FailFast) -> None:
        if fail_fast == "cancel":
            halt.stop("cancelled")
        else:
            halt.drain()


def _items(step: ForEach, frame: Frame) -> list[Any] | str:
    """Return what to loop over, or why that cannot be."""
    scope = frame.scope()
    if isinstance(step.items, tuple):
        return [item.value(scope) for item in step.items]
    found = step.items.value(scope)
    if not isinstance(found, list):
        return f"{step.items.source} is no list"
    if len(found) > MOST_ITEMS:
        return f"{len(found)} items are more than {MOST_ITEMS}"
    return found


def _status(end: Result | None) -> str:
    return end.status if end else "succeeded"


def _decided(parts: list[Part], ends: list[Result | None], output: dict[str, Any]) -> Result:
    """Return one result for all: the first failure by place, before anything merely stopped."""
    bad = [(part, end) for part, end in zip(parts, ends, strict=True) if end and end.status in BAD]
    if not bad:
        return Result(status="succeeded", output=output, note=f"{len(parts)} of {len(parts)}")
    part, worst = min(bad, key=lambda each: each[1].status == "cancelled")
    note = f"{part.name}: {worst.note}"
    return Result(status=worst.status, error=worst.error, note=note, output=output)
