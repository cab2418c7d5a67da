"""A run on paper: every step in order, and what follows where it succeeds, fails or gives up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from orchestration.playbook import model
from orchestration.playbook.expression import UNKNOWN, ExpressionError
from orchestration.shelf.nested import nested
from orchestration.shelf.sayings import asks, what
from orchestration.shelf.sequels import RUN_FAILS, Around, last_words, name_of, sequels
from tgk.ports.playbooks import OutcomeRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestration.playbook.model import Playbook, Step
    from orchestration.shelf.limits import Clockwork
    from orchestration.shelf.scenario import Fate, Scenario

End = Literal["on", "perhaps", "stop"]
"""How a list ends: it goes on behind it, that depends, or it stops whoever holds it."""
_ORDER: tuple[End, ...] = ("on", "perhaps", "stop")
_MOST_ROWS: Final = 1000


class Place(NamedTuple):
    """Where a list stands."""

    depth: int
    fate: Fate
    around: Around


@dataclass(slots=True)
class Simulation:
    """Walks the tree once; ``rows`` are its steps with their fates."""

    book: Playbook
    scenario: Scenario
    clockwork: Clockwork
    rows: list[OutcomeRow] = field(default_factory=list)
    undoable: list[str] = field(default_factory=list)
    """What would have to be taken back by now."""
    most: int = _MOST_ROWS
    """With so many rows, other playbooks are not walked through any more."""

    def run(self, place: Place | None = None) -> End:
        """Walk the whole playbook, and say how its body ends."""
        place = place or Place(0, "runs", Around())
        end = self.steps(self.book.steps, place)
        if self.book.finally_:
            last = Around(next="what follows in finally", fails="what follows in finally")
            self._heading("finally", "in every ending", place._replace(around=last))
            for step in self.book.finally_:
                self.steps((step,), Place(place.depth + 1, place.fate, last))
        return end

    def steps(self, steps: Sequence[Step], place: Place) -> End:
        """Walk a list; what stands behind a step that ends it is not reached."""
        found: End = "on"
        fate = place.fate
        for number, step in enumerate(steps):
            end = self._step(step, place._replace(fate=fate), tuple(steps[number + 1 :]))
            found = _worse(found, end)
            if end == "stop" and fate == "runs":
                fate = "unreached"
            elif end != "on" and fate == "runs":
                fate = "depends"
        return found

    def _step(self, step: Step, place: Place, following: tuple[Step, ...]) -> End:
        fate, why = self.scenario.fate(step.condition, place.fate)
        if fate == "skipped" and place.fate != "skipped":
            self.scenario.learn(step, "skipped", {})
        said = self.scenario.ends(step) if fate in ("runs", "depends") else None
        longest = self.clockwork.step(step).whole
        row = OutcomeRow(
            path=step.path, depth=place.depth, what=what(step, self.scenario.scope), state=fate,
            note=why, asks=asks(step, self.scenario.scope), attempts=step.retry.more + 1,
            longest=longest,
            **sequels(step, following, place.around)._asdict(),
        )  # fmt: skip
        at = len(self.rows)
        self.rows.append(row)
        inside = self._inside(step, Place(place.depth + 1, fate, place.around))
        row = self.rows[at] = self._with_last_words(row, step)
        if fate in ("skipped", "unreached"):
            self._handlers(step, Place(place.depth + 1, fate, place.around), None)
            return "on"
        end = self._own(step, said, inside)
        if said or end == "stop":
            self.rows[at] = row.model_copy(update={"note": _told(why, said, end)})
        if step.undo and (end != "stop" or step.undo_failed):
            self.undoable.append(name_of(step))
        return self._followed(step, Place(place.depth + 1, fate, place.around), end)

    def _with_last_words(self, row: OutcomeRow, step: Step) -> OutcomeRow:
        """Say what a failed run still does, where a step makes it fail."""
        own = [name_of(step)] if step.undo and step.undo_failed else []
        undone = [*self.undoable, *own] if self.book.transaction else []
        more = last_words(self.book, undone)
        told = {
            name: value.replace(RUN_FAILS, f"{RUN_FAILS}: {more}")
            for name, value in (("failure", row.failure), ("exhausted", row.exhausted))
            if more
        }
        return row.model_copy(update=told)

    def _own(self, step: Step, said: tuple[bool, int] | None, inside: End) -> End:
        """Return how the step itself ends, and remember what is known of it."""
        end: End = inside
        if said:
            end = "on" if said[0] else "stop"
            self.scenario.learn(step, "succeeded" if said[0] else "failed")
        elif isinstance(step, model.Assert):
            end = self._asserted(step)
        elif isinstance(step, model.SetValues):
            self._computed(step)
        elif inside == "stop":
            self.scenario.learn(step, "failed")
        return end

    def _asserted(self, step: model.Assert) -> End:
        try:
            verdict = step.test.verdict(self.scenario.scope)
        except ExpressionError:
            return "perhaps"
        if verdict is UNKNOWN:
            return "on"  # as with every step of which nothing is assumed
        self.scenario.learn(step, "succeeded" if verdict else "failed", {})
        return "on" if verdict else "stop"

    def _computed(self, step: model.SetValues) -> None:
        scope = self.scenario.scope
        try:
            values = {name: each.value(scope) for name, each in step.values.items()}
        except ExpressionError:
            return
        self.scenario.learn(step, "succeeded", values)

    def _inside(self, step: Step, place: Place) -> End:
        """Walk what is inside of a step; each list in it ends on its own."""
        at = place._replace(around=place.around.inside(step))
        match step:
            case model.Conditional():
                return self._sides(step, at)
            case model.Parallel():
                ends = [self._branch(branch, at) for branch in step.branches]
                return max(ends, key=_ORDER.index, default="on")
            case model.ForEach():
                return self.steps(step.steps, at)
            case model.Group():
                return self.steps(step.steps, at)
            case model.SubPlaybook():
                return self._played(step, at)
            case _:
                return "on"

    def _played(self, step: model.SubPlaybook, place: Place) -> End:
        """Walk the other playbook inside of the step that plays it."""
        inner = nested(step, self.scenario, self.clockwork)
        if inner is None or len(self.rows) >= self.most:
            return "on"
        walked = Simulation(*inner, most=self.most - len(self.rows))
        end = walked.run(place)
        for row in walked.rows:
            path = f"{step.path}/{row.path}" if row.path else ""
            self.rows.append(row.model_copy(update={"path": path}))
        return end

    def _branch(self, branch: model.Branch, place: Place) -> End:
        self._heading(branch.name or "branch", "", place)
        return self.steps(branch.steps, place._replace(depth=place.depth + 1))

    def _sides(self, step: model.Conditional, place: Place) -> End:
        """Walk both sides where nobody knows which it will be."""
        then, _ = self.scenario.fate(step.test, place.fate)
        other = then if place.fate in ("skipped", "unreached") else _other(then, place.fate)
        ends: list[End] = []
        source = step.test.source
        for name, fate, steps in (
            (f"then, if {source}", then, step.then),
            ("else", other, step.otherwise),
        ):
            if steps:
                self._heading(name, "", place._replace(fate=fate))
                end = self.steps(steps, place._replace(depth=place.depth + 1, fate=fate))
                ends.append(end if fate == "runs" else _softened(end))
        return max(ends, key=_ORDER.index, default="on")

    def _followed(self, step: Step, place: Place, end: End) -> End:
        """Walk the handlers, and say whether the list goes on."""
        handled = self._handlers(step, place, end)
        if end == "on" and place.fate == "runs":
            return handled if step.on_success else "on"
        if step.continue_on_error or (step.recover and step.on_failure and handled == "on"):
            return "on"
        return end if place.fate == "runs" else _softened(end)

    def _handlers(self, step: Step, place: Place, end: End | None) -> End:
        """Walk both handlers; which of them runs is known only where the end is assumed."""
        found: End = "on"
        known = end is not None and self.scenario.ends(step) is not None
        parts = (
            ("on success", step.on_success, end == "on"),
            ("on failure", step.on_failure, end == "stop"),
        )
        for name, steps, happens in parts:
            if not steps:
                continue
            fate: Fate = "depends"
            if end is None:
                fate = place.fate
            elif end == "stop" or known:
                fate = place.fate if happens else "unreached"
            at = Place(place.depth, fate, place.around.handling(step, name))
            self._heading(name, "", at)
            ended = self.steps(steps, at._replace(depth=at.depth + 1))
            if fate == "runs":
                found = _worse(found, ended)
        return found

    def _heading(self, name: str, note: str, place: Place) -> None:
        row = OutcomeRow(
            path="", depth=place.depth, what=f"{name}:", state=place.fate, note=note, attempts=0
        )
        self.rows.append(row)


def _other(then: Fate, above: Fate) -> Fate:
    """Return the fate of the other side."""
    if then == "skipped":
        return above
    return "skipped" if then == "runs" else "depends"


def _worse(one: End, other: End) -> End:
    return max(one, other, key=_ORDER.index)


def _softened(end: End) -> End:
    return "perhaps" if end == "stop" else end


def _told(why: str, said: tuple[bool, int] | None, end: End) -> str:
    if said:
        verdict = "succeeds" if said[0] else "fails"
        tries = f" in attempt {said[1]}" if said[0] else f" after {said[1]} attempts"
        told = f"assumed: {verdict}{tries if said[1] > 1 else ''}"
    else:
        told = "fails" if end == "stop" else ""
    return " · ".join(part for part in (why, told) if part)
