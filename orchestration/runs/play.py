"""One life of one run: from wherever the last life was cut off to the end."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from orchestration.playbook.expression import ExpressionError
from orchestration.runs.consents import withdraw_all
from orchestration.runs.frame import Frame, values_of
from orchestration.runs.generations import inherited
from orchestration.runs.halt import Halt, Halted, unless_halted
from orchestration.runs.records import BAD, Verdict
from orchestration.runs.walk import Walk
from tgk.errors import Conflict
from tgk.ports.runs import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from orchestration.playbook.model import Playbook
    from orchestration.runs.ledger import Ledger
    from orchestration.runs.means import Means
    from orchestration.runs.memory import Memory
    from orchestration.runs.records import Phase, Result, RunRecord
    from tgk.ports.runs import RunState

    Tell = Callable[[str, Mapping[str, Any]], Awaitable[None]]

_SUPERSEDED: Final = Verdict(state="cancelled", reason="another generation goes on from here")


@dataclass(slots=True)
class Play:
    """Plays a run, and heeds what its pulse learns meanwhile.

    The order is: body, undoing where all or nothing was wished and the body failed, ``finally``,
    end. How the body ended is kept before anything follows from it, so that no later life judges
    again. A fault of ours in one of them is a failure, and the next one is played all the same.
    It is cut off by cancellation and leaves everything to the next life.
    """

    means: Means
    ledger: Ledger
    playbook: Playbook
    tell: Tell
    """Told ``start``, ``failure`` and ``success`` with what becomes true by it; never raises."""
    body: Halt = field(default_factory=Halt)
    undoing: Halt = field(default_factory=Halt)
    end: Halt = field(default_factory=Halt)
    hindered: str = ""
    """Why it could not even begin."""
    walk: Walk = field(init=False)

    def __post_init__(self) -> None:
        self.walk = Walk(self.means, self._after_step, self.undoing, self.end)
        self.means.pulse.heed = self.heed

    @property
    def record(self) -> RunRecord:
        """The run as it stands."""
        return self.means.pulse.record

    def heed(self) -> None:
        """Stop what is over by somebody's word, and everything where another run goes on."""
        halts: dict[Phase, Halt] = {
            "body": self.body, "undoing": self.undoing, "finally": self.end,
        }  # fmt: skip
        said = self.record.force.stops if self.record.force else ()
        for phase in halts if self.record.superseded else said:
            halts[phase].stop("cancelled")

    async def run(self) -> None:
        """Play to the end, which is durable on return."""
        self.heed()
        async with AsyncExitStack() as held:
            held.push_async_callback(self.means.pulse.leave)
            verdict = await self._verdict()
            if self.record.began and not self.record.superseded:
                verdict = await self._last_words(verdict)
            await self._end(self._last(verdict))

    async def _verdict(self) -> Verdict:
        """Play the body, or recall it where it is over, and return how it ended."""
        if known := self.record.verdict:
            recalled = self.frame(Halt()).recalled()
            await self.walk.sound(self.walk.steps(self.playbook.steps, recalled))
            return known
        verdict = self._judged(await self.walk.sound(self._played()))
        takes_back = self.playbook.transaction and verdict.state in ("failed", "timed_out")
        facts = {"verdict": verdict, "phase": "undoing" if takes_back else "finally"}
        self.means.pulse.learn(await self.ledger.change(self.means.run, **facts))
        return verdict

    async def _played(self) -> Result | None:
        return await self._body() if await self._begun() else None

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
        """Play the steps; what came to its end in spite of the time limit has not run out of it."""
        if self.record.expired:
            self.body.stop("timed_out")
        async with self.means.pulse.limited(self.body, self.record.timeout, 0.0) as halt:
            bad = await self.walk.steps(self.playbook.steps, self.frame(halt))
            if bad and halt.why == "timed_out":
                self.body.stop("timed_out")
        return bad

    def _judged(self, bad: Result | None) -> Verdict:
        """Say how the body ended, and why."""
        if self.record.force:
            return self._forced(bad)
        if self.record.superseded:
            return _SUPERSEDED
        if self.hindered:
            return Verdict(state="failed", reason=self.hindered)
        if bad is None:
            return Verdict(state="succeeded")
        if self.body.why == "timed_out":
            reason = "the time of the run was used up"
            return Verdict(state="timed_out", reason=reason, error=bad.error)
        where = f"{bad.error.step}: " if bad.error and bad.error.step else ""
        state: RunState = "cancelled" if bad.status == "cancelled" else "failed"
        return Verdict(state=state, reason=f"{where}{bad.note}", error=bad.error)

    def _forced(self, bad: Result | None, before: str = "") -> Verdict:
        force = self.record.force
        reason = f"{force.who}: {force.reason}" if force else ""
        return Verdict(state="forced", reason=reason + before, error=bad.error if bad else None)

    def _last(self, verdict: Verdict) -> Verdict:
        """Return what the run is in the end, after everything that was said meanwhile."""
        if self.record.superseded:
            return _SUPERSEDED
        if self.record.force and verdict.state != "forced":
            return self._forced(None, f"; it was {verdict.state} {verdict.reason}".rstrip())
        return verdict

    async def _last_words(self, verdict: Verdict) -> Verdict:
        """Undo where it was wished, and run ``finally`` in every case."""
        if verdict.state in ("failed", "timed_out"):
            await self._checkpoint("failed")
        if self.record.phase == "undoing":
            verdict = await self._taken_back(verdict)
        if self.playbook.finally_:
            frame = self.frame(self.end).handling(verdict.error)
            failed = await self.walk.sound(self.walk.last(self.playbook.finally_, frame))
            if failed and verdict.state == "succeeded":
                return Verdict(state="failed", reason=f"finally: {failed.note}")
        return verdict

    async def _taken_back(self, verdict: Verdict) -> Verdict:
        """Undo what completed; a run that had nothing to take back has merely failed."""
        await self.means.pulse.stage("undoing")
        well = await self.walk.sound(self.walk.undo())
        whole = well is True and not self.walk.rollback.left
        if well is not None:
            state: RunState = "rolled_back" if whole else "rollback_failed"
            verdict = verdict.model_copy(update={"state": state})
        if account := self.walk.rollback.account():
            verdict = verdict.model_copy(update={"reason": f"{verdict.reason}; {account}"})
        facts = {"verdict": verdict, "phase": "finally"}
        self.means.pulse.learn(await self.ledger.change(self.means.run, **facts))
        await self.means.pulse.stage("running")
        return verdict

    async def _end(self, verdict: Verdict) -> None:
        state, reason = verdict.state, verdict.reason
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
        await withdraw_all(self.means.approvals, self.record, state)
        inherit = partial(inherited, playbooks=self.means.playbooks)
        await self.ledger.end(self.means.run, inherit, **facts)
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
