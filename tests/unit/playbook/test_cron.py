"""Schedules: what is accepted comes, and what is refused as never coming does not."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from croniter import CroniterBadDateError, croniter

from orchestration.playbook.cron import faults
from orchestration.schedules import next_time

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAYS = ("*", "1", "29", "30", "31", "30,31", "30-31", "*/31", "13")
MONTHS = ("*", "2", "FEB", "4", "2,4", "4-6", "1")
WEEKDAYS = ("*", "MON", "0-6", "*/2", "5", "SUN")


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("0 0 31 2 MON", datetime(2026, 2, 2, tzinfo=UTC)),
        ("0 0 13 * FRI", datetime(2026, 1, 16, tzinfo=UTC)),
        ("0 0 16 * MON", datetime(2026, 1, 16, tzinfo=UTC)),
        ("0 0 * * MON", datetime(2026, 1, 19, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_days_of_month_and_of_week_are_either_or(cron: str, due: datetime) -> None:
    """As cron has it: where both are named, each of them is a day."""
    assert faults(cron) == ()
    assert next_time(cron, "UTC", START) == due


def test_a_schedule_is_refused_exactly_when_it_never_comes() -> None:
    """Beside the library that reckons the times, over days, months and days of the week."""
    never = 0
    for days in product(DAYS, MONTHS, WEEKDAYS):
        cron = " ".join(("0", "3", *days))
        try:
            croniter(cron, START).get_next(datetime)
            comes = True
        except CroniterBadDateError:
            comes = False
        assert (faults(cron) == ()) == comes, cron
        never += not comes

    assert never > 5
