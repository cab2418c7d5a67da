"""What runs promise wherever they are kept: ledger, slots, locks, pauses, schedules."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.runtime.clock import SystemClock
from orchestration.locks import StoredLocks
from orchestration.membership import Members, listed
from orchestration.runs.ledger import Ledger
from orchestration.runs.records import RunRecord, StepRecord
from orchestration.runs.slots import Slots, Turns
from orchestration.runs.staging import RunLimits
from orchestration.schedules import Fired, StoredSchedules
from orchestration.store import Store
from orchestration.store_postgres import PostgresDatabase
from tests.stores import KINDS, place
from tests.unit.runs.runs_world import DANA, world
from tgk.errors import Conflict, Missing
from tgk.ports.runs import Checkpoint, RunFilter, RunRequest
from tgk.ports.schedules import Schedule
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.runs.runs_world import World

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
STORY = """
name: story
steps:
  - {name: first, command: /mark a}
  - name: both
    type: parallel
    branches:
      - name: left
        steps: [{name: each, type: foreach, items: [b, c], as: one, steps: ["/mark ${one}"]}]
      - name: right
        steps: [{name: flaky, command: /mark d --fails 1, retry: 1}]
  - {name: last, command: /mark e}
"""


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    """Return an address, empty for a file."""
    return str(request.getfixturevalue("postgres")) if request.param == "postgres" else ""


@pytest.fixture
def made(tmp_path: Path, url: str) -> World:
    """A world whose runs are kept in each place in turn."""
    return world(tmp_path, url=url, limits=RunLimits(at_once=2))


@pytest.fixture(params=KINDS)
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    """A ledger in each place in turn."""
    async with Store(place(request.param, request, tmp_path)) as store:
        yield Ledger(store)


def record(delivery: str, **facts: Any) -> RunRecord:
    """Return a run that was just asked for."""
    given = {
        "id": "", "root": "", "delivery": delivery, "playbook": "story", "digest": "d",
        "pinned": {}, "request": RunRequest(playbook="story"), "starter": DANA, "cause": "asked",
        "priority": 10, "parameters": {}, "environment": "", "stamp": NOW, "asked": NOW, **facts,
    }  # fmt: skip
    return RunRecord.model_validate(given)


async def admitted(ledger: Ledger, *deliveries: str, **facts: Any) -> list[str]:
    """Admit runs; returns their ids."""
    return [
        (await ledger.admit(record(d, **facts), {}, most=50, per_minute=50))[0].id
        for d in deliveries
    ]


async def test_a_nested_run_does_everything_once_and_in_order(made: World) -> None:
    """Branches, loops, another try, a second generation from a step on, and the end."""
    async with made.open():
        view = await made.play(STORY)
        again = await made.runs.resume(view.id, who=DANA, from_step="last")
        second = await made.end(again.id)

    assert (view.state, second.state, second.id) == ("succeeded", "succeeded", f"{view.id}.2")
    names = made.effects.names
    assert (names[0], sorted(names[1:4]), names[4:]) == ("a", ["b", "c", "d"], ["e", "e"])


async def test_a_pause_holds_and_its_checkpoint_is_kept(made: World) -> None:
    """What is under way ends; the next step waits for the word of a person."""
    async with made.open():
        made.effects.held["a"] = asyncio.Event()
        started = await made.start(STORY)
        await made.until(lambda: "a" in made.effects.running)
        await made.runs.pause(started.id, who="dana", reason="look", until=None, checkpoint=True)
        made.effects.held.pop("a").set()
        await made.state(started.id, "paused")
        seen = list(made.effects.names)
        kept = await made.runs.checkpoints(started.id)
        await made.runs.resume(started.id, who=DANA)
        view = await made.end(started.id)

    assert (seen, [each.reason for each in kept]) == (["a"], ["dana: look"])
    assert view.state == "succeeded"


async def test_a_delivery_is_one_run_and_ids_count_up(ledger: Ledger) -> None:
    """The same delivery again returns the first; too many at once are refused."""
    ids = await admitted(ledger, "one", "two", "one")

    assert ids == ["WF-2026-001", "WF-2026-002", "WF-2026-001"]
    with pytest.raises(Conflict, match="2 runs have not ended"):
        await ledger.admit(record("three"), {}, most=2, per_minute=50)


async def test_runs_are_found_by_what_is_asked(ledger: Ledger) -> None:
    """By state, playbook and time, newest first; unknown ids name those that look alike."""
    first, second = await admitted(ledger, "one", "two")
    await ledger.change(first, state="failed", reason="it broke: 100 %")

    async def found(**wanted: Any) -> list[str]:
        return [each.id for each in await ledger.find(RunFilter(**wanted))]

    assert await found() == [second, first]
    assert await found(states=frozenset({"failed"})) == [first]
    assert await found(playbook="other") == []
    assert await found(since=NOW + timedelta(days=1)) == []
    assert [each.id for each in await ledger.alive()] == [second]
    with pytest.raises(Missing, match="WF-2026-003"):
        await ledger.load("WF-2026-003")


async def test_steps_sources_and_checkpoints_come_back_as_kept(ledger: Ledger) -> None:
    """Bytes as bytes, texts as texts, in the order in which they began."""
    run = (await ledger.admit(record("one"), {"d": ("s.yml", b"a\\b\x00")}, most=5, per_minute=50))[
        0
    ].id
    step = StepRecord(path="a", label="1", seq=1, began=NOW, clock=0.5)
    for seq, path in ((2, "z"), (1, "a")):
        await ledger.keep_step(run, step.model_copy(update={"path": path, "seq": seq}))
    await ledger.keep_step(run, step.model_copy(update={"undone": True}))
    made = await ledger.mark(Checkpoint(id="", run=run, at=NOW, step="a", reason="r", done=1), 3)

    assert await ledger.source("d") == ("s.yml", b"a\\b\x00")
    assert [(each.path, each.undone) for each in await ledger.steps(run)] == [
        ("a", True), ("z", False),
    ]  # fmt: skip
    assert (made.id, await ledger.checkpoints(run)) == ("CP-001", ((made, 3),))


async def test_ended_runs_are_forgotten_with_all_that_was_theirs(ledger: Ledger) -> None:
    """Old ones only, and none that goes on."""
    first, second = await admitted(ledger, "one", "two")
    await ledger.keep_step(first, StepRecord(path="a", label="1", seq=1, began=NOW, clock=0))
    await ledger.change(first, state="succeeded")

    assert await ledger.purge(NOW.timestamp()) == 0
    assert await ledger.purge(NOW.timestamp() + 1) == 1
    assert await ledger.steps(first) == ()
    assert [each.id for each in await ledger.find(RunFilter())] == [second]


async def test_slots_are_taken_by_priority_and_then_in_the_row(ledger: Ledger) -> None:
    """Never more than there are; one that was taken stays taken over a kill, not over an end."""
    first, second, third = await admitted(ledger, "one", "two", "three")
    (urgent,) = await admitted(ledger, "four", priority=1)
    tries = [await ledger.take_slot(run, 1) for run in (first, second, third, urgent, first)]

    assert tries == [True, False, False, False, True]
    await ledger.give_slot(first)
    order = [run for run in (second, third, urgent) if await ledger.take_slot(run, 1)]
    assert order == [urgent]
    await ledger.change(urgent, state="succeeded")  # killed before it gave its slot back
    assert await ledger.take_slot(second, 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_schedule_is_kept_changed_and_fired_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """In order of their next time; what is switched off comes last and fires never."""
    clock, fired = FakeClock(), []

    async def start(schedule: Schedule, due: datetime) -> Fired:
        fired.append((schedule.name, due.hour))
        return Fired(refusal="too early")

    async with Store(place(kind, request, tmp_path)) as store, asyncio.TaskGroup() as group:
        schedules = StoredSchedules(store, clock)
        for name, cron in (("late", "0 14 * * *"), ("early", "0 13 * * *"), ("off", "0 13 * * *")):
            await schedules.put(
                Schedule(name=name, playbook="story", cron=cron, owner=DANA, enabled=name != "off")
            )
        assert [each.name for each in await schedules.listed()] == ["early", "late", "off"]
        watch = group.create_task(schedules.run(start))
        for _ in range(200):
            await clock.advance(60)
            await store.read(lambda connection: connection.execute("SELECT 1").fetchone())
        watch.cancel()
        gone = await schedules.delete("late")

        assert (fired, gone.name) == ([("early", 13), ("late", 14)], "late")
        assert (gone.last, gone.refusal) == (clock.now().replace(hour=14, minute=0), "too early")
        with pytest.raises(Missing, match="early"):
            await schedules.get("earl")


@asynccontextmanager
async def processes(url: str, *names: str) -> AsyncIterator[list[tuple[Ledger, Members]]]:
    """Open the ledgers of workers that share a database."""
    made: list[tuple[Ledger, Members]] = []
    async with AsyncExitStack() as stack:
        for name in names:
            database = PostgresDatabase(url)
            store = await stack.enter_async_context(Store(database))
            members = Members(database, store, SystemClock(), name=name, kind="worker", lease=2)
            await members.join()
            made.append((Ledger(store), members))
        yield made


async def test_slots_and_locks_count_over_all_processes(postgres: str) -> None:
    """Five of one and five of another are never more than the bound; locks go by who asked."""
    async with processes(postgres, "one", "two") as made:
        (one, _), (two, _) = made
        runs = await admitted(one, *(f"d{number}" for number in range(10)))
        took = await asyncio.gather(
            *((one, two)[number % 2].take_slot(run, 5) for number, run in enumerate(runs))
        )
        assert sum(took) <= 5
        waiting = Slots(two, 1)
        held = [run for run in runs if await one.take_slot(run, 1)]
        asking = asyncio.ensure_future(waiting.take(next(run for run in runs if run not in held)))
        for run in runs:
            if run in held or await one.take_slot(run, 0):
                await one.give_slot(run)
        async with asyncio.timeout(10):
            await asking  # the other process was heard giving its slots back

        clock = SystemClock()
        turns = [Turns(each, StoredLocks(each._store, clock), clock) for each in (one, two)]
        await turns[0].take(["env:x"], runs[0], runs[0], "first")
        second = asyncio.ensure_future(turns[1].take(["env:x"], runs[1], runs[1], "second"))
        done, _ = await asyncio.wait({second}, timeout=0.3)
        assert not done
        await turns[0].give(runs[0])
        async with asyncio.timeout(10):
            await second


async def test_an_outage_of_the_database_is_nobodys_death(postgres: str) -> None:
    """Who was silent itself does not judge others by what they said before; later it does."""
    clock = FakeClock()
    database = PostgresDatabase(postgres)
    async with Store(database) as store, processes(postgres, "other"):
        members = Members(database, store, clock, name="one", kind="worker", lease=4)
        await members.join()
        await store.write(
            lambda connection: connection.execute("UPDATE processes SET beat = beat - 60").rowcount
        )
        await clock.advance(60)  # the database was away
        assert clock.monotonic() > members._sure_until
        lists = []
        for _ in range(6):
            await members._beat()
            await members.permit()
            lists.append(sorted(await members.living()))
            await clock.advance(1)

    assert lists == [["one", "other"]] * 4 + [["one"]] * 2


async def test_workers_share_runs_and_inherit_them(postgres: str) -> None:
    """Each run has one of them, the idler first; who signs off or falls silent is inherited."""
    async with processes(postgres, "one", "two", "three") as made:
        (ledger, one), (_, two), (_, three) = made
        runs = await admitted(ledger, *(f"d{number}" for number in range(6)))
        for run in runs:
            claims = [await each.claim(run) for each in (one, two, three)]
            assert sum(claims) == 1
        loads = {each.name: each.runs for each in await ledger._store.read(listed)}
        assert loads == {"one": 2, "two": 2, "three": 2}

        assert [await each.sit("timetable") for each in (two, one)] == [True, False]
        await two.leave()
        assert await one.sit("timetable")
        mine = [run for run in runs for each in (one, three) if await each.claim(run)]
        assert sorted(mine) == sorted(runs)
        async with asyncio.timeout(10):
            while "three" in await one.living():  # it says nothing any more
                await asyncio.sleep(0.2)
                await one._beat()
        assert all([await one.claim(run) for run in runs])
