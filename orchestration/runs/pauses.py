"""When a run stood still because somebody had paused it: a kind of time of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestration.runs.wording import seconds_of
from tgk.ports.runs import Pausing

if TYPE_CHECKING:
    from datetime import datetime

    from orchestration.runs.records import RunRecord
    from tgk.ports.runs import RunState, RunView

_MOST: Final = 200


def turned(record: RunRecord, state: RunState, now: datetime) -> tuple[Pausing, ...]:
    """Return the pauses of a run that becomes, or stops being, paused."""
    known = record.pauses
    if known and known[-1].ended is None:
        known = (*known[:-1], known[-1].model_copy(update={"ended": now}))
    return (*known, Pausing(began=now))[-_MOST:] if state == "paused" else known


def pauses_of(view: RunView, now: datetime | None) -> list[tuple[datetime, datetime]]:
    """Return from when to when; one that lasts ends by now, or with the run."""
    found = ((each.began, each.ended or view.ended or now) for each in view.pauses)
    return [(began, ended) for began, ended in found if ended is not None and ended > began]


def _paused_of(view: RunView, now: datetime | None) -> float:
    """Return for how many seconds."""
    return sum((ended - began).total_seconds() for began, ended in pauses_of(view, now))


def gone_of(view: RunView, now: datetime | None) -> float | None:
    """Return how long a run took without its pauses, which say nothing of the playbook."""
    seconds = seconds_of(view, now)
    return None if seconds is None else max(0.0, seconds - _paused_of(view, now))
