"""Where the time of a run went: its critical path, and what is usual for each step."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median, quantiles
from typing import TYPE_CHECKING

from orchestration.runs.shape import DONE, leaves, parts, stages
from orchestration.runs.wording import seconds_of, waited_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tgk.ports.runs import RunView, StepView

WAITS = frozenset({"approval", "wait"})
_NO_TIME = frozenset({"skipped", "kept"})
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_P95 = 95


def critical_path(view: RunView) -> tuple[StepView, ...]:
    """Return the steps that decided when the run ended, in order.

    Of what ran at once, the branch that ended last counts, with what it had to wait for.
    """
    return tuple(_along(stages(view)))


def usual(earlier: Iterable[RunView]) -> Mapping[str, float]:
    """Return the median seconds of each step, by path, over the times that it succeeded."""
    return {path: median(times) for path, times in observed(earlier).items()}


def observed(earlier: Iterable[RunView]) -> dict[str, list[float]]:
    """Return the seconds of each step that succeeded, by path, a run after the other.

    Without those in which people decided whether it may act: they say nothing of the step.
    """
    found: dict[str, list[float]] = {}
    for view in earlier:
        for step in leaves(stages(view)):
            seconds = seconds_of(step, None)
            if step.state == "succeeded" and seconds is not None:
                found.setdefault(step.path, []).append(seconds - waited_of(step))
    return found


def p95(times: Sequence[float]) -> float:
    """Return what 95 of 100 stay below; the longest where there are few."""
    if len(times) < 2:  # noqa: PLR2004 - one value has no spread
        return times[0] if times else 0.0
    return min(max(times), quantiles(times, n=100, method="inclusive")[_P95 - 1])


def _along(steps: Sequence[StepView]) -> list[StepView]:
    """Return the decisive steps of what follows one another; what took no time decided nothing."""
    begun = (step for step in steps if step.began is not None and step.state not in _NO_TIME)
    return [each for step in begun for each in _inside(step)]


def _inside(step: StepView) -> list[StepView]:
    inner = parts(step)
    found = [] if inner.own or inner.columns else [step]
    found += _along(inner.own)
    for column in _chain([column.steps for column in inner.columns]):
        found += _along(column)
    for handler in inner.handlers:
        found += _along(handler.steps)
    return found


def _chain(columns: Sequence[Sequence[StepView]]) -> list[Sequence[StepView]]:
    """Return the column that ended last, after those that it waited for to begin."""
    begun = [column for column in columns if _begins(column) is not None]
    if not begun:
        return []
    chain = [max(begun, key=_ends)]
    while True:
        begins = _begins(chain[0])
        before = [
            column
            for column in begun
            if column not in chain and begins is not None and _ends(column) <= begins
        ]
        if not before:
            return chain
        chain.insert(0, max(before, key=_ends))


def _begins(column: Sequence[StepView]) -> datetime | None:
    return min((step.began for step in column if step.began is not None), default=None)


def _ends(column: Sequence[StepView]) -> datetime:
    """Return the end of a column; what is under way ends after everything else."""
    begun = [step for step in column if step.began is not None]
    if any(step.ended is None and step.state not in DONE for step in begun):
        return datetime.max.replace(tzinfo=UTC)
    return max((step.ended or _EARLIEST for step in begun), default=_EARLIEST)
