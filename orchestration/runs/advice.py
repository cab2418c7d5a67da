"""What the times of a run suggest, in words for those who wrote or run the playbook."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from orchestration.runs.shape import leaves, parts, stages, walk
from orchestration.runs.wording import counted, seconds_of, took

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestration.runs.findings import Analysis, StepTime
    from tgk.ports.runs import RunView, StepView

_MUCH_SLOWER = 0.25
_MUCH_WAITING = 0.4
_LARGE_SHARE = 0.2
_LONG_QUEUE = 60.0
_WORTH = 5.0
"""Seconds below which nothing is worth a word."""
FEW_RUNS = 3
"""Fewer earlier runs say nothing about what is usual."""
_OFTEN = 0.3
_MOST = 6


def advise(found: Analysis, view: RunView) -> tuple[str, ...]:
    """Return suggestions, the weightiest first; none where nothing stands out."""
    said = [
        *_slower(found), *_too_short(found, view), *_flaky(found), *_waiting(found),
        *_uneven(view), *_one_by_one(found, view), *_queued(found), *_few(found),
    ]  # fmt: skip
    return tuple(said[:_MOST])


def _slower(found: Analysis) -> Iterator[str]:
    change = found.change
    if change is None or found.median is None or found.earlier < FEW_RUNS:
        return
    if change <= _MUCH_SLOWER or found.gone - found.median < _WORTH:
        return
    worst = max(
        (step for step in found.steps if step.critical), key=lambda step: step.over, default=None
    )
    most = ""
    if worst is not None and worst.over >= _WORTH:
        most = f" {worst.name} alone took {took(worst.over)} more than usual: look there first."
    yield (
        f"The run took {took(found.gone)}, {change:.0%} longer than the median of "
        f"{counted(found.earlier, 'run')} ({took(found.median)}).{most}"
    )


def _too_short(found: Analysis, view: RunView) -> Iterator[str]:
    """Yield steps that timed out although they usually need about as long."""
    late = {step.path for step in leaves(stages(view)) if step.state == "timed_out"}
    for step in found.steps:
        if step.path not in late:
            continue
        if step.p95 is not None and step.p95 >= 0.7 * step.seconds / step.attempts:
            yield (
                f"{step.name} timed out, and needs up to {took(step.p95)} when it succeeds: "
                "its timeout leaves too little room."
            )
        else:
            usual = f" It usually needs {took(step.median)}." if step.median is not None else ""
            yield f"{step.name} timed out after {took(step.seconds)}.{usual} Look at its log."


def _flaky(found: Analysis) -> Iterator[str]:
    for step in found.flaky:
        if step.repeated / step.runs < _OFTEN:
            continue
        if step.runs == 1:
            yield f"{step.name} needed {step.most} attempts. Its log says why the first failed."
        else:
            yield (
                f"{step.name} needed more than one attempt in {step.repeated} of "
                f"{counted(step.runs, 'run')}, once {step.most}. Find out why before you raise "
                "its retries: each one costs time and hides the cause."
            )


def _waiting(found: Analysis) -> Iterator[str]:
    if found.gone <= 0 or found.waiting < max(_WORTH, _MUCH_WAITING * found.gone):
        return
    waiting = [step for step in found.steps if step.waits or step.waited]
    longest = max(waiting, key=_idle, default=None)
    if longest is None:
        return
    share = f"{found.waiting / found.gone:.0%} of the time ({took(found.waiting)})"
    if longest.kind != "wait":
        yield (
            f"{share} went into waiting, most of it for {longest.name}. Ask earlier, beside steps "
            "that do not need the answer, or name more people who may approve."
        )
    else:
        yield (
            f"{share} went into waiting, most of it in {longest.name}. Waiting `until` a condition "
            "ends as soon as it holds; a fixed time never does."
        )


def _uneven(view: RunView) -> Iterator[str]:
    """Yield parallel steps in which one branch decides alone."""
    for step in walk(stages(view)):
        if step.kind != "parallel":
            continue
        times = sorted(
            ((_length(column.steps), column.name) for column in parts(step).columns), reverse=True
        )
        if len(times) < 2 or times[0][0] < _WORTH or times[0][0] < 2 * times[1][0]:  # noqa: PLR2004
            continue
        (longest, name), (second, _) = times[:2]
        yield (
            f"In {step.name}, branch {name} ran {took(longest - second)} longer than the next. "
            "Making the others faster gains nothing; split this one, or start it earlier."
        )


def _one_by_one(found: Analysis, view: RunView) -> Iterator[str]:
    """Yield long neighbours of the top level that could perhaps run at once."""
    if view.request.parallel or found.gone <= 0:
        return
    times = {step.path: step for step in found.steps}
    top = [times[step.path] for step in view.steps if step.path in times]
    for one, other in pairwise(top):
        least = min(one.seconds, other.seconds)
        if one.waits or other.waits or least < max(_WORTH, _LARGE_SHARE * found.gone):
            continue
        yield (
            f"{one.name} and {other.name} ran one after the other. If neither needs the other, put "
            f"them into a parallel step: about {took(least)} less."
        )
        return


def _queued(found: Analysis) -> Iterator[str]:
    if found.queued >= _LONG_QUEUE:
        yield (
            f"It waited {took(found.queued)} for a slot or a lock before it began. A lower "
            "priority number goes first; schedules at the same minute wait for one another."
        )


def _few(found: Analysis) -> Iterator[str]:
    if found.earlier < FEW_RUNS:
        yield (
            f"Compared with {counted(found.earlier, 'earlier run')}: too few to say what is usual."
        )


def _length(steps: Sequence[StepView]) -> float:
    begins = [step.began for step in steps if step.began is not None]
    ends = [step.ended for step in steps if step.ended is not None]
    if (
        not begins
        or not ends
        or any(seconds_of(step, None) is None for step in steps if step.began)
    ):
        return 0.0
    return max(0.0, (max(ends) - min(begins)).total_seconds())


def _idle(step: StepTime) -> float:
    return step.seconds if step.waits else step.waited
