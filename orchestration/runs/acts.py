"""What each kind of step does, once: the result of one attempt."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.playbook import model
from orchestration.playbook.expression import ExpressionError
from orchestration.playbook.secret_places import places_of
from orchestration.runs.beside import Beside
from orchestration.runs.commanding import command
from orchestration.runs.estate import Estate
from orchestration.runs.halt import Halted
from orchestration.runs.holding import holding
from orchestration.runs.outward import outward
from orchestration.runs.parameters import RUN, given
from orchestration.runs.records import Fault, Result, stopped
from orchestration.runs.waiting import approved, waited
from tgk.errors import TgkError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from orchestration.playbook.model import Step
    from orchestration.runs.frame import Frame
    from orchestration.runs.means import Means
    from orchestration.runs.records import StepRecord

    class Lists(Protocol):
        """What plays the lists inside of steps."""

        async def steps(self, steps: Sequence[Step], frame: Frame) -> Result | None:
            """Play a list; returns the bad result that ended it."""

        async def last(self, steps: Sequence[Step], frame: Frame) -> Result | None:
            """Play a ``finally``; returns the first failure."""

        async def undo(self, inside: str = "", era: str = "") -> bool | None:
            """Take back what completed inside; None where nothing did."""


COMPOSITE = (model.Conditional, model.Group, model.Parallel, model.ForEach, model.SubPlaybook)


@dataclass(frozen=True, slots=True)
class Acts:
    """Plays one attempt of a step; lists inside of it go back to ``walk``.

    Raises Halted when it was stopped, ExpressionError and TgkError when the step makes no sense.
    """

    means: Means
    walk: Lists

    async def act(self, step: Step, frame: Frame, record: StepRecord) -> Result:
        """Play it."""
        match step:
            case model.CommandStep():
                key = step.idempotency_key
                return await command(self.means, step.command, frame, record, key=key)
            case model.ApprovalStep():
                return await approved(self.means, step, frame, record)
            case model.Wait():
                return await waited(self.means, step, frame, record)
            case model.Http() | model.Shell():
                return await outward(self.means, step, frame, record)
            case _ if isinstance(step, COMPOSITE):
                return await self._composite(step, frame, record)
            case _:
                return self._pure(step, frame, record)

    @staticmethod
    def _pure(step: Step, frame: Frame, record: StepRecord) -> Result:
        """Play what touches nothing outside."""
        match step:
            case model.SetValues():
                values = {name: each.value(frame.scope()) for name, each in step.values.items()}
                return Result(status="succeeded", output=values)
            case model.Assert():
                return _asserted(step, frame, record)
        raise TypeError(f"no such step: {type(step).__name__}")

    async def _composite(self, step: Step, frame: Frame, record: StepRecord) -> Result:
        match step:
            case model.Conditional():
                taken = await self._side(step, frame, record)
                bad = await self.walk.steps(step.then if taken else step.otherwise, frame)
                note = f"{step.test.source} is {'true' if taken else 'false'}"
                return _whole(bad, note, taken="then" if taken else "else")
            case model.Group():
                return _whole(await self.walk.steps(step.steps, frame))
            case model.Parallel():
                return await Beside(self.means, self.walk.steps).branches(step, frame, record)
            case model.ForEach():
                return await Beside(self.means, self.walk.steps).items(step, frame, record)
            case model.SubPlaybook():
                return await self._playbook(step, frame, record)
        raise TypeError(f"no such step: {type(step).__name__}")

    async def _side(self, step: model.Conditional, frame: Frame, record: StepRecord) -> bool:
        """Decide once which side is played."""
        if record.side:
            return record.side == "then"
        taken = step.test.test(frame.scope())
        if not frame.past:
            await self.means.memory.note(record, side="then" if taken else "else")
        return taken

    async def _playbook(self, step: model.SubPlaybook, frame: Frame, record: StepRecord) -> Result:
        """Play another playbook inside this step: its values, locks, time, undoing, last words."""
        book = self.means.playbooks[step.playbook]
        places = places_of(frame.playbook)
        scope = frame.scope(**places, secrets=places)
        raw = {name: each.value(scope) for name, each in step.parameters.items()}
        values = given(book, raw, trusted=True)
        estate = Estate(self.means.consents.admission.discovery, self.means.voters)
        past = frame.past
        values = estate.own_names(book, values) if past else estate.named(book, values, RUN)
        facts = {name: frame.values[name] for name in ("run", "timestamp")}
        path = frame.path(step.path)
        inside = type(frame)(
            playbook=book,
            values={**book.variables, **values, **facts},
            halt=frame.halt,
            dynamic=f"{path}/",
            era=frame.era,
            past=frame.past,
        )
        pulse = self.means.pulse
        async with pulse.limited(frame.halt, book.timeout, record.clock) as halt:
            under = inside.under(halt)
            async with holding(self.means, book.locks, under, f"{path}/"):
                bad = await self.walk.steps(book.steps, under)
                if bad and halt.why == "timed_out":
                    bad = stopped(path, "timed_out", bad)
                return await self._ended(book, inside, bad)

    async def _ended(self, book: model.Playbook, inside: Frame, bad: Result | None) -> Result:
        """Undo where the other playbook wishes it, say its last words, and compute its outputs."""
        undone: dict[str, Any] = {}
        wanted = book.transaction and not inside.past and not self.means.pulse.record.force
        if bad and wanted:
            well = await self.walk.undo(inside.dynamic, inside.era)
            undone = {} if well is None else {"rolled_back": well}
        last = None
        if book.finally_:
            last = await self.walk.last(book.finally_, inside.handling(bad.error if bad else None))
        if bad or last:
            return _whole(bad or last, **undone)
        scope = inside.scope()
        outputs = {name: each.value(scope) for name, each in book.outputs.items()}
        return Result(status="succeeded", output=outputs)

    async def recall(self, step: Step, frame: Frame, record: StepRecord) -> None:
        """Let later steps know what happened inside of a step that is over."""
        if not isinstance(step, COMPOSITE):
            return
        with contextlib.suppress(ExpressionError, TgkError, Halted):  # it failed so then, too
            await self._composite(step, frame.recalled(), record)


def _whole(bad: Result | None, note: str = "", **output: Any) -> Result:
    """Return the result of a step from the one that ended its list, if any did."""
    if bad is None:
        return Result(status="succeeded", note=note, output=output)
    return Result(
        status=bad.status, error=bad.error, note=bad.note, output=output, reference=bad.reference
    )


def _asserted(step: model.Assert, frame: Frame, record: StepRecord) -> Result:
    if step.test.test(frame.scope()):
        return Result(status="succeeded")
    message = step.message.text(frame.scope()) or f"{step.test.source} is false"
    fault = Fault(step=record.path, type="assert", message=message)
    return Result(status="failed", error=fault, note=message)
