"""What a run's times mean: where they went, what is unusual, and what could be done about it."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from orchestration.runs.advice import advise
from orchestration.runs.findings import Analysis, Flaky, StepTime
from orchestration.runs.pauses import gone_of, pauses_of
from orchestration.runs.shape import leaves, stages
from orchestration.runs.timing import WAITS, critical_path, observed, p95
from orchestration.runs.wording import seconds_of, waited_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tgk.ports.runs import RunView, StepView

_SLOWEST = 5
_Intervals = list[tuple[float, float]]


def analyze(
    view: RunView, history: Sequence[RunView] = (), *, now: datetime | None = None
) -> Analysis:
    """Return where the time of a run went, compared with earlier runs of the same playbook.

    ``history`` needs steps; the run itself is left out of it. ``now`` ends what is under way.
    """
    others = [each for each in history if each.id != view.id and each.playbook == view.playbook]
    times = _run_times(others)
    steps = _steps(view, others, now)
    total = seconds_of(view, now) or 0.0
    working, waiting, paused = _shares(view, now)
    paused = min(paused, max(0.0, total - working))
    waiting = min(waiting, max(0.0, total - working - paused))
    found = Analysis(
        run=view.id,
        playbook=view.playbook,
        seconds=total,
        queued=max(0.0, ((view.began or now or view.asked) - view.asked).total_seconds()),
        working=min(working, total),
        waiting=waiting,
        paused=paused,
        idle=max(0.0, total - working - waiting - paused),
        steps=steps,
        critical=tuple(step.path for step in critical_path(view)),
        earlier=len(times),
        median=median(times) if times else None,
        p95=p95(times) if times else None,
        slowest=tuple(sorted(steps, key=lambda step: -step.seconds)[:_SLOWEST]),
        flaky=_flaky([*others, view]),
    )
    return replace(found, suggestions=advise(found, view))


def _run_times(views: Sequence[RunView]) -> list[float]:
    """Return how long whole runs took; one that was resumed after its end played only a part."""
    whole = (each for each in views if each.state == "succeeded" and not each.previous)
    times = (gone_of(each, None) for each in whole)
    return [time for time in times if time is not None]


def _steps(view: RunView, others: Sequence[RunView], now: datetime | None) -> tuple[StepTime, ...]:
    known = observed(others)
    critical = {step.path for step in critical_path(view)}
    found = []
    for step in leaves(stages(view)):
        seconds = seconds_of(step, now)
        if seconds is None or step.state in {"kept", "skipped"}:
            continue
        times = known.get(step.path, [])
        found.append(
            StepTime(
                path=step.path,
                name=step.name,
                kind=step.kind,
                state=step.state,
                seconds=seconds - waited_of(step),
                waited=waited_of(step),
                attempts=max(1, step.attempt),
                critical=step.path in critical,
                median=median(times) if times else None,
                p95=p95(times) if times else None,
            )
        )
    return tuple(found)


def _shares(view: RunView, now: datetime | None) -> tuple[float, float, float]:
    """Return seconds with work, seconds in which there was only waiting, and those of pauses.

    Whoever could have answered in a pause kept nobody waiting.
    """
    work: _Intervals = []
    wait: _Intervals = []
    for step in leaves(stages(view)):
        interval = _interval(step, now)
        if interval is None:
            continue
        begins, ends = interval
        acts = ends if step.kind in WAITS else begins + waited_of(step)
        wait.append((begins, acts))
        work.append((acts, ends))
    pauses = [(began.timestamp(), ended.timestamp()) for began, ended in pauses_of(view, now)]
    working, still = _covered(work), _covered([*work, *pauses])
    return working, _covered([*work, *wait, *pauses]) - still, still - working


def _interval(step: StepView, now: datetime | None) -> tuple[float, float] | None:
    seconds = seconds_of(step, now)
    if step.began is None or seconds is None or step.state == "kept":
        return None
    begins = step.began.timestamp()
    return begins, begins + seconds


def _covered(intervals: _Intervals) -> float:
    """Return the length of what is covered by at least one."""
    total, reached = 0.0, float("-inf")
    for begins, ends in sorted(intervals):
        total += max(0.0, ends - max(begins, reached))
        reached = max(reached, ends)
    return total


def _flaky(views: Sequence[RunView]) -> tuple[Flaky, ...]:
    """Return the steps that were repeated, the most often repeated first."""
    tried: dict[str, list[StepView]] = {}
    for view in views:
        for step in leaves(stages(view)):
            if step.attempt and step.state not in {"kept", "skipped"}:
                tried.setdefault(step.path, []).append(step)
    found = [
        Flaky(
            path,
            steps[-1].name,
            sum(step.attempt > 1 for step in steps),
            len(steps),
            max(step.attempt for step in steps),
        )
        for path, steps in tried.items()
        if any(step.attempt > 1 for step in steps)
    ]
    return tuple(sorted(found, key=lambda each: (-each.repeated / each.runs, each.path)))
