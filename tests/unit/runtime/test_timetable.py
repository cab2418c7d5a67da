"""Playbooks of the process: where they lie, and the clock that starts the scheduled ones."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.runtime.playbooks import StandingSchedules, folders, shelf_of
from bot.runtime.timetable import Timetable
from orchestration.runs.shelf import FolderPlaybooks
from orchestration.schedules import StoredSchedules
from orchestration.store import Store
from tests.conftest import ROOT
from tgk.errors import Missing, Unavailable
from tgk.ports.schedules import Schedule
from tgk.renewal import Renewal
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.conftest import World
    from tgk.ports.runs import RunRequest, RunView

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
NIGHTLY = """
name: tidy
parameters: [{name: what, default: all}, {name: environment, type: environment, default: staging}]
steps: [{command: /status}]
"""


def nightly(world: World, owner: str = "dana", **more: Any) -> Schedule:
    """Return a schedule for two at night."""
    given = {
        "name": "nightly", "playbook": "tidy", "cron": "0 2 * * *", "enabled": True,
        "owner": world.caller(owner), **more,
    }  # fmt: skip
    return Schedule.model_validate(given)


@asynccontextmanager
async def life(
    world: World, path: Path, clock: FakeClock, *, patience: float = 10.0
) -> AsyncIterator[StoredSchedules]:
    """Live once: the schedules of a store, and the timetable that starts them."""
    async with Store(path / "tgk.sqlite") as store:
        schedules = StoredSchedules(store, clock)
        timetable = Timetable(
            schedules,
            world.dispatcher,
            world.operations,
            renew=Renewal(world.policy.directory, {"discord": world.groups}),
            patience=patience,
        )
        async with asyncio.TaskGroup() as group:
            duty = group.create_task(timetable.run())
            yield schedules
            duty.cancel()


async def reached(clock: FakeClock, holds: Callable[[], bool]) -> None:
    """Let the watch look at its clock until something is so."""
    async with asyncio.timeout(10):
        while not holds():
            await clock.advance(6)
            await asyncio.sleep(0.005)


async def passed(schedules: StoredSchedules, clock: FakeClock, *when: int) -> None:
    """Let it become that time, and wait until nothing is due any more."""
    clock.jump(datetime(*when, tzinfo=UTC))  # type: ignore[misc,arg-type] # year, month, day …
    async with asyncio.timeout(10):
        while True:
            await clock.advance(6)
            await asyncio.sleep(0.005)
            due = [each.next for each in await schedules.listed() if each.next]
            if all(moment > clock.now() for moment in due):
                return


@pytest.fixture
def shelf(world: World, tmp_path: Path) -> Path:
    """The folder of the operator's own playbooks, with one in it."""
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / "tidy.yml").write_text(NIGHTLY)
    return folder


def views(world: World) -> list[RunView]:
    """Return every run, the oldest first."""
    return list(world.runs._views.values())


async def test_what_is_due_is_started_as_its_owner(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """With the rights and the parameters of the schedule, whatever stands in them."""
    clock = FakeClock(NOON)
    values = {"what": 'a "b", c=d \\ \' ;'}
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world, parameters=values, environment="development"))
        await passed(schedules, clock, 2026, 1, 16, 2)

    [view] = views(world)
    assert (view.cause, view.starter.person) == ("schedule:nightly", "dana")
    assert view.starter.channel == "schedule"
    assert (view.request.parameters, view.request.environment) == (values, "development")


async def test_a_disabled_schedule_starts_nothing(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Neither at its time nor, enabled later, for the time that went by."""
    clock = FakeClock(NOON)
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world, enabled=False))
        await passed(schedules, clock, 2026, 1, 16, 3)
        assert [] == views(world)

        await schedules.switch("nightly", enabled=True)
        await passed(schedules, clock, 2026, 1, 16, 4)
        assert [] == views(world)
        await passed(schedules, clock, 2026, 1, 17, 2)

    assert 1 == len(views(world))


@pytest.mark.parametrize(("missed", "count"), [("skip", 0), ("once", 1), ("all", 3)])
async def test_times_that_a_stop_missed_are_made_up_for_as_the_owner_said(
    world: World, shelf: Path, tmp_path: Path, missed: str, count: int
) -> None:
    """At the next start of the process, each at most once."""
    clock = FakeClock(NOON)
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world, missed=missed))
    for _ in range(2):  # a second start finds nothing left to make up for
        async with life(world, tmp_path, clock) as schedules:
            await passed(schedules, clock, 2026, 1, 18, 9)

    assert count == len(views(world))


async def test_a_time_is_started_once_although_a_kill_forgot_that_it_was(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Cut off between the start and its note: the next life asks again, and gets the same run."""
    clock = FakeClock(NOON)
    async with life(world, tmp_path, clock) as schedules:
        before = await schedules.put(nightly(world))
        await passed(schedules, clock, 2026, 1, 16, 2)
        await schedules._keep(before)
    async with life(world, tmp_path, clock) as schedules:
        await passed(schedules, clock, 2026, 1, 16, 2, 1)

    assert 1 == len(views(world))


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ((2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 02:30 does not exist
        ((2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # 02:30 comes twice
    ],
)
async def test_a_change_of_clocks_starts_a_run_once(
    world: World, shelf: Path, tmp_path: Path, day: tuple[int, int, int], due: datetime
) -> None:
    """Half past two in Berlin: an hour later in spring, at its first pass in autumn."""
    year, month, number = day
    clock = FakeClock(datetime(year, month, number - 1, 12, tzinfo=UTC))
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world, cron="30 2 * * *", timezone="Europe/Berlin"))
        await passed(schedules, clock, year, month, number, 4)
        kept = await schedules.get("nightly")

    assert 1 == len(views(world))
    assert due == kept.last


async def test_what_its_owner_may_not_do_any_more_is_refused_and_goes_on_with_the_next(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Each time is judged anew; the refusal stands in the audit log."""
    clock = FakeClock(NOON)
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world, "vik"))
        await passed(schedules, clock, 2026, 1, 16, 2)
        kept = await schedules.get("nightly")

    assert [] == views(world)
    assert ["denied"] == world.journal.results("/orchestrate run")
    assert kept.next == datetime(2026, 1, 17, 2, tzinfo=UTC)


async def test_a_start_that_the_store_refuses_is_tried_again(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Until it is kept; the time is not lost."""
    clock = FakeClock(NOON)
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world))
        world.runs.faults.order(Unavailable("store", "disk full"), times=2)
        clock.jump(datetime(2026, 1, 16, 2, tzinfo=UTC))
        await reached(clock, lambda: 1 == len(views(world)))
        await passed(schedules, clock, 2026, 1, 16, 3)
        kept = await schedules.get("nightly")

    assert 1 == len(views(world))
    assert kept.last == datetime(2026, 1, 16, 2, tzinfo=UTC)


async def test_a_start_that_the_engine_refused_is_no_answer_for_ever(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Refused after it was taken on: the same time is asked for anew, and is one run."""
    clock, refuse, start = FakeClock(NOON), [1, 2], world.runs.start

    async def refusing(*given: Any, **more: Any) -> RunView:
        if refuse:
            refuse.pop()
            raise Unavailable("store", "disk full")
        return await start(*given, **more)

    world.runs.start = refusing  # type: ignore[method-assign] # the engine's own refusal
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world))
        await passed(schedules, clock, 2026, 1, 16, 2)

    assert 1 == len(views(world))
    assert ["unavailable"] * 2 == world.journal.results("/orchestrate run")


async def test_a_run_that_does_not_begin_in_time_ends_no_timetable(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Something hangs: it is asked for again later, and others are started meanwhile."""
    clock, held = FakeClock(NOON), asyncio.Event()
    start = world.runs.start

    async def slow(request: RunRequest, *given: Any, **more: Any) -> RunView:
        if request.playbook == "tidy":
            await held.wait()
        return await start(request, *given, **more)

    world.runs.start = slow  # type: ignore[method-assign] # a store that hangs
    (shelf / "other.yml").write_text(NIGHTLY.replace("name: tidy", "name: other"))
    async with life(world, tmp_path, clock, patience=0.05) as schedules:
        await schedules.put(nightly(world))
        await schedules.put(nightly(world, name="second", playbook="other"))
        clock.jump(datetime(2026, 1, 16, 2, tzinfo=UTC))
        await reached(clock, lambda: "other" in {view.playbook for view in views(world)})
        assert ["other"] == [view.playbook for view in views(world)]

        held.set()
        await passed(schedules, clock, 2026, 1, 16, 3)

    assert ["other", "tidy"] == [view.playbook for view in views(world)]


TIMED = """
name: tidy
parameters: [{name: what, default: all}, {name: environment, type: environment, default: staging}]
triggers:
  - {type: schedule, cron: "0 2 * * *", timezone: Europe/Berlin, parameters: {what: logs}}
  - {type: schedule, cron: "0 4 * * 0", parameters: {environment: development}}
  - {type: event, source: s, event: e}
steps: [{command: /status}]
"""


def standing(
    world: World, schedules: StoredSchedules, shelf: Path, *allowed: str
) -> StandingSchedules:
    """Return what keeps the schedules of playbooks."""
    return StandingSchedules(
        schedules,
        FolderPlaybooks([shelf]),
        world.policy.directory,
        allowed=allowed or ("tidy",),
        clock=world.clock,
    )


@asynccontextmanager
async def stored(tmp_path: Path) -> AsyncIterator[StoredSchedules]:
    """Open the schedules of a store."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        yield StoredSchedules(store, FakeClock(NOON))


async def test_a_playbook_has_a_schedule_for_each_of_its_times(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Owned by its own service; asked again nothing changes, and what it missed stays owed."""
    (shelf / "tidy.yml").write_text(TIMED)
    async with stored(tmp_path) as schedules:
        keeper = standing(world, schedules, shelf)
        await keeper.settle()
        first = await schedules.listed()
        await keeper.settle()
        assert first == await schedules.listed()

    assert [
        ("tidy.trigger-1", "0 2 * * *", "Europe/Berlin", {"what": "logs"}, None),
        ("tidy.trigger-2", "0 4 * * 0", "UTC", {}, "development"),
    ] == [
        (each.name, each.cron, each.timezone, each.parameters, each.environment)
        for each in sorted(first, key=lambda each: each.name)
    ]
    assert {"gateway:trigger:tidy"} == {each.owner.person for each in first}
    assert all(each.enabled and each.next for each in first)


async def test_times_follow_their_playbook_and_leave_what_people_made(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Changed, gone, or not allowed any more; a person's own of the same name is left alone."""
    (shelf / "tidy.yml").write_text(TIMED)
    async with stored(tmp_path) as schedules:
        await schedules.put(nightly(world, name="tidy.trigger-2", cron="9 9 * * *"))
        keeper = standing(world, schedules, shelf)
        await keeper.settle()
        await schedules.switch("tidy.trigger-1", enabled=False)
        (shelf / "tidy.yml").write_text(TIMED.replace("0 2 * * *", "0 3 * * *"))
        await keeper.settle()
        changed = {each.name: each for each in await schedules.listed()}
        (shelf / "tidy.yml").write_text("name: tidy\nsteps: [{comand: broken}]\n")
        await keeper.settle()
        broken = [each.name for each in await schedules.listed()]
        (shelf / "tidy.yml").write_text(NIGHTLY)
        await keeper.settle()
        gone = [each.name for each in await schedules.listed()]

    assert ("0 3 * * *", False) == (
        changed["tidy.trigger-1"].cron, changed["tidy.trigger-1"].enabled,
    )  # fmt: skip
    assert ("9 9 * * *", "dana") == (
        changed["tidy.trigger-2"].cron, changed["tidy.trigger-2"].owner.person,
    )  # fmt: skip
    assert {"tidy.trigger-1", "tidy.trigger-2"} == set(broken)
    assert ["tidy.trigger-2"] == gone


async def test_times_of_a_playbook_that_is_not_switched_on_start_nothing(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Having a trigger is not enough; one that is switched off again goes."""
    (shelf / "tidy.yml").write_text(TIMED)
    async with stored(tmp_path) as schedules:
        await standing(world, schedules, shelf).settle()
        await standing(world, schedules, shelf, "other").settle()

        assert () == await schedules.listed()


async def test_a_time_of_a_playbook_is_started_by_the_rights_of_its_service(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """None until the policy gives some: the refusal is audited under the service's name."""
    (shelf / "tidy.yml").write_text(TIMED)
    clock = FakeClock(NOON)
    async with life(world, tmp_path, clock) as schedules:
        await standing(world, schedules, shelf).settle()
        await passed(schedules, clock, 2026, 1, 16, 2)

    assert [] == views(world)
    assert ["denied"] == world.journal.results("/orchestrate run")
    assert "gateway:trigger:tidy" == world.journal.conclusions[-1][0].caller.person


async def test_the_first_folder_that_has_a_name_wins(world: World, tmp_path: Path) -> None:
    """What was published here, then what lies beside discovery.yml, then what was shipped."""
    root, state = tmp_path / "root", tmp_path / "state"
    places = {"state": state / "playbooks", "own": root / "playbooks"}
    places["library"] = root / "playbooks" / "library"
    text = "name: same\ndescription: {}\nsteps: [{{command: /status}}]\n"
    found = []
    for name in ("library", "own", "state"):
        places[name].mkdir(parents=True, exist_ok=True)
        (places[name] / "same.yml").write_text(text.format(name))
        [entry] = await shelf_of(root, state, world.dispatcher.admission).entries()
        runs = FolderPlaybooks([folder.path for folder in folders(root, state)])
        found.append((entry.description, entry.origin, runs.get("same").description))

    assert found == [
        ("library", "library", "library"), ("own", "own", "own"), ("state", "own", "state"),
    ]  # fmt: skip


async def test_a_draft_lies_apart_from_what_may_run(world: World, tmp_path: Path) -> None:
    """It is on the shelf for people, and nowhere for runs until it is published."""
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "tidy.yml").write_text(NIGHTLY)
    shelf = shelf_of(ROOT, tmp_path, world.dispatcher.admission)
    runs = FolderPlaybooks([folder.path for folder in folders(ROOT, tmp_path)])

    drafts = [entry.name for entry in await shelf.entries() if entry.origin == "draft"]
    assert ["tidy"] == drafts
    with pytest.raises(Missing):
        runs.get("tidy")


async def test_only_the_operators_own_folders_are_written(tmp_path: Path) -> None:
    """What was shipped stays as it was shipped."""
    writable = {folder.origin: folder.writable for folder in folders(ROOT, tmp_path)}

    assert {"own": True, "library": False} == writable
