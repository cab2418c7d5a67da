"""How far a run is: of the steps that its author wrote, how many have come to their end.

How many there are does not change while a run goes on, and what has come to its end stays so: the
steps of a loop count once however many items there are, what handles an end is a part of what it
handles, and what may be tried again counts only when no other try comes.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from orchestration.runs.shape import BAD, GOING, WRAPPERS, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestration.runs.shape import Parts
    from tgk.ports.runs import RunView, StepState, StepView

_WELL: frozenset[StepState] = frozenset({"succeeded", "kept", "undone"})


def progress(view: RunView) -> tuple[int, int]:
    """Return how many steps of a run have come to their end, and how many there are."""
    total = size(view.steps)
    return (total if view.state == "succeeded" else over(view.steps)), total


def size(steps: Iterable[StepView]) -> int:
    """Return how many steps the author wrote there, handlers not counted."""
    return sum(map(_size, steps))


def over(steps: Iterable[StepView]) -> int:
    """Return how many of them have come to their end; what was never reached has not."""
    return int(sum(map(_over, steps), Fraction()))


def _size(step: StepView) -> int:
    inner = parts(step)
    if not inner.own and not inner.columns:
        return 0 if step.kind in WRAPPERS else 1
    columns = [size(column.steps) for column in inner.columns]
    each = max(columns, default=0) if step.kind == "foreach" else sum(columns)
    return size(inner.own) + each


def _over(step: StepView) -> Fraction:
    inner = parts(step)
    alone = not inner.own and not inner.columns
    if _settled(step, alone=alone):
        return Fraction(0 if _handled(step, inner) and alone else _size(step))
    if alone or (step.attempts > 1 and step.state in GOING):
        return Fraction()  # nothing yet, or all of it may be done once more
    return sum(map(_over, inner.own), Fraction()) + _columns(step, inner)


def _columns(step: StepView, inner: Parts) -> Fraction:
    done = [sum(map(_over, column.steps), Fraction()) for column in inner.columns]
    if step.kind == "foreach":
        return sum(done, Fraction()) / max(1, len(done))
    if step.kind == "conditional" and any(begun(column.steps) for column in inner.columns):
        passed = (Fraction(size(each.steps)) for each in inner.columns if not begun(each.steps))
        return sum((*done, *passed), Fraction())  # the way that was not taken
    return sum(done, Fraction())


def begun(steps: Sequence[StepView]) -> bool:
    """Say whether one of them, or of those inside, was reached at all."""
    return any(step.began or step.state == "kept" or begun(step.steps) for step in steps)


def _settled(step: StepView, *, alone: bool) -> bool:
    """Say whether it has come to its end itself; of one that failed, what is inside says it."""
    if step.state == "skipped":
        return step.began is not None  # else it was never reached
    return step.state in _WELL or (step.state in BAD and alone)


def _handled(step: StepView, inner: Parts) -> bool:
    """Say whether what its author wants done about its end is to come, or under way."""
    wanted = "on_failure" if step.state in BAD else "on_success"
    going = any(each.name == wanted and each.state in GOING for each in inner.handlers)
    return going and step.state in BAD | {"succeeded", "undone"}
