"""One life of one run: from wherever the last life was cut off to the end."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loguru import logger

from orchestration.playbook.expression import ExpressionError
from orchestration.runs.frame import Frame, values_of
from orchestration.runs.halt import Halt, Halted, unless_halted
from orchestration.runs.records import BAD, Fault, Result
from orchestration.runs.walk import Walk
from tgk.errors import Conflict
from tgk.ports.runs import Checkpoint, RunState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from orchestration.playbook.model import Playbook
    from orchestration.runs.ledger import Ledger
    from orchestration.runs.means import Means
    from orchestration.runs.memory import Memory
    from orchestration.runs.records import RunRecord

    Tell = Callable[[str, Mapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Play:
    """Plays a run; ``heed`` may be called while it does.

    The order is: body, undoing where all or nothing was wished and the body failed, ``finally``,
    end. It is cut off by cancellation and leaves everything to the next life.
    """

    means: Means
    ledger: Ledger
    playbook: Playbook
    tell: Tell
    """Told ``start``, ``failure`` and ``success`` with what becomes true by it; never raises."""
    body: Halt = field(default_factory=Halt)
    end: Halt = field(default_factory=Halt)
    hindered: str = ""
    """Why it could not even begin."""
    walk: Walk = field(init=False)

    def __post_init__(self) -> None:
        self.walk = Walk(self.means, self._after_step, self.end)

    @property
    def record(self) -> RunRecord:
        """The run as it stands."""
        return self.means.pulse.record

    def heed(self) -> None:
        """Stop the body where it is over, by somebody's word or because another goes on.

        Said again, stop what comes after the body.
        """
        if self.record.superseded:
            self.body.stop("cancelled")
        times = self.record.force.times if self.record.force else 0
        for halt in (self.body, self.end)[:times]:
            halt.stop("cancelled")

    async def run(self) -> None:
        """Play to the end, which is durable on return."""
        self.heed()
        if self.record.expired:
            self.body.stop("timed_out")
        async with AsyncExitStack() as held:
            held.push_async_callback(self.means.pulse.leave)
            begun = await self._begun()
            bad = await self._body() if begun else None
            state, reason = await self._judged(bad)
            if begun and not self.record.superseded:
                state, reason = await self._last_words(state, reason, bad)
            await self._end(state, reason)

    async def _begun(self) -> bool:
        """Get the run's locks and its first slot; False when it was stopped before."""
        if self.record.began:
            return True
        try:
            await self._locks()
        except Halted:
            return False
        except Conflict as error:
            self.hindered = str(error)
            return False
        if not await self.means.pulse.gate(self.body):
            return False
        now = self.means.clock.now()
        record = await self.ledger.change(self.means.run, state="running", began=now, counting=now)
        self.means.pulse.learn(record)
        await self.tell("start", {})
        return True

    async def _locks(self) -> None:
        scope = self.frame(self.body).scope()
        keys = [lock.text(scope) for lock in self.playbook.locks]
        if keys:
            taking = self.means.turns.take(
                keys, self.means.run, self.means.run, f"{self.playbook.name} {self.means.run}"
            )
            async with self.means.pulse.resting("lock"):
                await unless_halted(self.body, taking)

    async def _body(self) -> Result | None:
        pulse = self.means.pulse
        async with pulse.limited(self.body, self.record.timeout, 0.0) as halt:
            bad = await self.walk.steps(self.playbook.steps, self.frame(halt))
            if halt.why == "timed_out" and not self.record.expired:
                pulse.learn(await self.ledger.change(self.means.run, expired=True))
        return bad

    async def _judged(self, bad: Result | None) -> tuple[RunState, str]:
        """Say how the body ended, and why."""
        if self.record.force:
            force = self.record.force
            return "forced", f"{force.who}: {force.reason}"
        if self.record.superseded:
            return "cancelled", "another generation goes on from here"
        if self.hindered:
            return "failed", self.hindered
        if self.record.expired:
            return "timed_out", "the time of the run was used up"
        if bad is None:
            return "succeeded", ""
        where = f"{bad.error.step}: " if bad.error else ""
        return ("cancelled" if bad.status == "cancelled" else "failed"), f"{where}{bad.note}"

    async def _last_words(
        self, state: RunState, reason: str, bad: Result | None
    ) -> tuple[RunState, str]:
        """Undo where it was wished, and run ``finally`` in every case."""
        if state in ("failed", "timed_out"):
            await self._checkpoint("failed")
        if self.playbook.transaction and state in ("failed", "timed_out"):
            await self.means.pulse.stage("undoing")
            state = "rolled_back" if await self.walk.undo() else "rollback_failed"
        if self.playbook.finally_:
            frame = self.frame(self.end).handling(bad.error if bad else None)
            failed = await self.walk.last(self.playbook.finally_, frame)
            if failed and state == "succeeded":
                state, reason = "failed", f"finally: {failed.note}"
        return state, reason

    async def _end(self, state: RunState, reason: str) -> None:
        outputs: dict[str, Any] = {}
        if state == "succeeded":
            try:
                scope = self.frame(self.end).scope(**self.results, steps=self.results)
                outputs = {k: each.value(scope) for k, each in self.playbook.outputs.items()}
            except ExpressionError as error:
                state, reason = "failed", f"outputs: {error}"
        facts = {
            "state": state, "reason": reason, "outputs": outputs, "ended": self.means.clock.now(),
            "spent": self.means.pulse.now(), "counting": None, "pause": None,
        }  # fmt: skip
        await self.tell("success" if state == "succeeded" else "failure", facts)
        await self.means.turns.give(self.means.run)
        await self.ledger.change(self.means.run, **facts)
        await self.means.pulse.close()

    @property
    def results(self) -> dict[str, Any]:
        """What the named steps at the top found."""
        return self.means.results

    def frame(self, halt: Halt) -> Frame:
        """Return the outermost level."""
        values = values_of(self.record, self.playbook)
        return Frame(playbook=self.playbook, values=values, halt=halt, results=self.results)

    async def _after_step(self, path: str) -> None:
        if self.record.request.checkpoint and not self.body.why:
            await self._checkpoint("step", after=path)

    async def _checkpoint(self, reason: str, after: str = "") -> None:
        """Keep a checkpoint of what has ended, once for each moment."""
        means = self.means
        now = means.clock.now()
        await checkpoint(self.ledger, means.memory, at=now, reason=reason, after=after)


async def checkpoint(
    ledger: Ledger, memory: Memory, *, at: datetime, reason: str, after: str = ""
) -> Checkpoint:
    """Keep a checkpoint of what has ended by now; the same moment gets only one for a reason."""
    run, upto = memory.run, memory.order
    for known, order in await ledger.checkpoints(run):
        if (known.run, order, known.reason) == (run, upto, reason):
            return known
    going = [step for step in memory if step.result is None]
    bad = [step for step in memory if step.result and step.result.status in BAD]
    where = min((*going, *bad), key=lambda step: -len(step.path), default=None)
    done = sum(1 for step in memory if step.result and not step.result.bad)
    made = Checkpoint(
        id="", run=run, at=at, step=where.path if where else after,
        reason=reason, done=done,
    )  # fmt: skip
    logger.bind(run=run, upto=upto).debug("checkpoint kept")
    return await ledger.mark(made, upto)


def crashed(error: BaseException) -> Result:
    """Return the result of a run that a fault of ours ended."""
    message = f"fault: {type(error).__name__}"
    return Result(
        status="failed", error=Fault(step="", type="fault", message=message), note=message
    )
