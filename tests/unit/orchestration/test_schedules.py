"""Schedules: the next time, changes of clocks, missed times, and starts that are never doubled."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from orchestration.schedules import Fired, StoredSchedules, next_time
from orchestration.store import Store
from tgk.caller import Caller
from tgk.errors import InvalidRequest, Missing, Unavailable
from tgk.ports.schedules import Schedule
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OWNER = Caller(person="dana", user_id="7000002", platform="telegram", known=True)


def nightly(**more: object) -> Schedule:
    """Return a schedule for two at night."""
    given = {
        "name": "nightly", "playbook": "daily-backup", "cron": "0 2 * * *", "owner": OWNER,
        "enabled": True, **more,
    }  # fmt: skip
    return Schedule.model_validate(given)


def berlin(*when: int) -> datetime:
    """Return a moment by its wall clock in UTC+1 (or +2 in summer)."""
    summer = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    naive = datetime(*when, tzinfo=UTC)  # type: ignore[misc,arg-type] # year, month, day …
    early = naive - timedelta(hours=2)
    return early if summer[0] <= early < summer[1] else naive - timedelta(hours=1)


class Starts:
    """What was started, for tests."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, datetime]] = []
        self.fails = 0

    async def __call__(self, schedule: Schedule, due: datetime) -> Fired:
        """Note it, or fail as often as was said."""
        if self.fails:
            self.fails -= 1
            raise Unavailable("engine", "It is not up yet.")
        self.seen.append((schedule.name, due))
        return Fired(run="WF-2026-001")


@asynccontextmanager
async def watched(path: Path, clock: FakeClock, starts: Starts) -> AsyncIterator[StoredSchedules]:
    """Open the schedules and watch over them."""
    async with Store(path) as store:
        schedules = StoredSchedules(store, clock)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(schedules.run(starts))
            yield schedules
            watch.cancel()


async def until(clock: FakeClock, *when: int) -> None:
    """Let it become that time in UTC, and the watch look at its clock."""
    clock.jump(datetime(*when, tzinfo=UTC))  # type: ignore[misc,arg-type] # year, month, day …
    for _ in range(8):
        await clock.advance(6)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "due"),
    [
        ("0 2 * * *", "UTC", (2026, 1, 15, 12), datetime(2026, 1, 16, 2, tzinfo=UTC)),
        ("0 3 * * SUN", "UTC", (2026, 1, 15, 12), datetime(2026, 1, 18, 3, tzinfo=UTC)),
        ("0 0 1 * *", "UTC", (2026, 1, 15, 12), datetime(2026, 2, 1, tzinfo=UTC)),
        ("30 9 * * 1-5", "Europe/Berlin", (2026, 7, 3), datetime(2026, 7, 3, 7, 30, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_the_next_time_is_that_of_the_expression(
    cron: str, zone: str, after: tuple[int, ...], due: datetime
) -> None:
    """All three examples of the reference, and a zone."""
    assert next_time(cron, zone, datetime(*after, tzinfo=UTC)) == due  # type: ignore[misc,arg-type]


def test_a_skipped_time_comes_once_and_later() -> None:
    """On 29 March 2026 there is no 02:30 in Berlin."""
    before = berlin(2026, 3, 28, 12)
    first = next_time("30 2 * * *", "Europe/Berlin", before)
    second = next_time("30 2 * * *", "Europe/Berlin", first)

    assert first == berlin(2026, 3, 29, 3, 30)
    assert second == berlin(2026, 3, 30, 2, 30)


def test_a_repeated_time_comes_once() -> None:
    """On 25 October 2026 it is 02:30 twice in Berlin."""
    first = next_time("30 2 * * *", "Europe/Berlin", berlin(2026, 10, 24, 12))

    assert first == berlin(2026, 10, 25, 2, 30)
    assert next_time("30 2 * * *", "Europe/Berlin", first) == berlin(2026, 10, 26, 2, 30)


def test_every_ten_minutes_goes_on_through_both_passes_of_an_hour() -> None:
    """A schedule without fixed hours runs by elapsed time."""
    at, times = berlin(2026, 10, 25, 1, 50), []
    for _ in range(13):
        at = next_time("*/10 * * * *", "Europe/Berlin", at)
        times.append(at)

    assert {timedelta(minutes=10)} == {b - a for a, b in pairwise(times)}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("cron", "every day", "five fields"),
        ("cron", "0 25 * * *", "hour"),
        ("cron", "0 0 31 2 *", "never comes"),
        ("cron", "* * * * * *", "five fields"),
        ("timezone", "Mars/Olympus", "no such time zone"),
        ("timezone", "../../etc/passwd", "no such time zone"),
    ],
)
async def test_what_cannot_be_a_schedule_is_refused(
    tmp_path: Path, field: str, value: str, says: str
) -> None:
    """Nothing is stored, and the message says what to write."""
    async with Store(tmp_path / "s.sqlite") as store:
        schedules = StoredSchedules(store, FakeClock())
        with pytest.raises(InvalidRequest, match=says):
            await schedules.put(nightly(**{field: value}))
        assert await schedules.listed() == ()


async def test_a_schedule_starts_in_time_and_again_the_next_day(tmp_path: Path) -> None:
    """With its own name and the moment it was due."""
    clock, starts = FakeClock(), Starts()
    async with watched(tmp_path / "s.sqlite", clock, starts) as schedules:
        await schedules.put(nightly())
        await until(clock, 2026, 1, 16, 2)
        await until(clock, 2026, 1, 17, 2)

    first = datetime(2026, 1, 16, 2, tzinfo=UTC)
    assert starts.seen == [("nightly", first), ("nightly", first + timedelta(days=1))]


async def test_a_start_that_fails_is_tried_again(tmp_path: Path) -> None:
    """The time stays due until the run is durable."""
    clock, starts = FakeClock(), Starts()
    starts.fails = 2
    async with watched(tmp_path / "s.sqlite", clock, starts) as schedules:
        await schedules.put(nightly())
        await until(clock, 2026, 1, 16, 2)

    assert [due for _, due in starts.seen] == [datetime(2026, 1, 16, 2, tzinfo=UTC)]


@pytest.mark.parametrize(("missed", "days"), [("skip", []), ("once", [18]), ("all", [16, 17, 18])])
async def test_missed_times_are_made_up_for_as_the_owner_said(
    tmp_path: Path, missed: str, days: list[int]
) -> None:
    """The process was away from the 15th to the 18th."""
    clock, starts = FakeClock(), Starts()
    async with Store(tmp_path / "s.sqlite") as store:
        await StoredSchedules(store, clock).put(nightly(missed=missed))
    late = FakeClock(datetime(2026, 1, 18, 12, tzinfo=UTC))
    async with watched(tmp_path / "s.sqlite", late, starts) as schedules:
        await until(late, 2026, 1, 18, 12)
        after = await schedules.get("nightly")

    assert [due.day for _, due in starts.seen] == days
    assert after.next == datetime(2026, 1, 19, 2, tzinfo=UTC)


async def test_a_disabled_schedule_starts_nothing_and_makes_up_for_nothing(tmp_path: Path) -> None:
    """Also when it is enabled again after its time."""
    clock, starts = FakeClock(), Starts()
    async with watched(tmp_path / "s.sqlite", clock, starts) as schedules:
        await schedules.put(nightly(missed="all"))
        off = await schedules.switch("nightly", enabled=False)
        await until(clock, 2026, 1, 17, 12)
        on = await schedules.switch("nightly", enabled=True)

    assert off.next is None
    assert on.next == datetime(2026, 1, 18, 2, tzinfo=UTC)
    assert starts.seen == []


async def test_an_unknown_schedule_is_named_with_one_that_looks_alike(tmp_path: Path) -> None:
    """The same for looking, switching and deleting."""
    async with Store(tmp_path / "s.sqlite") as store:
        schedules = StoredSchedules(store, FakeClock())
        await schedules.put(nightly())
        with pytest.raises(Missing, match="nightly"):
            await schedules.get("nigthly")
        await schedules.delete("nightly")
        with pytest.raises(Missing):
            await schedules.delete("nightly")
