"""Moving from a file to PostgreSQL: all rows or none, and the bot goes on from there."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.runtime.clock import SystemClock
from orchestration.schedules import StoredSchedules
from orchestration.store import Store
from orchestration.store_copy import TABLES, Copy, copied
from orchestration.store_postgres import PostgresDatabase
from orchestration.store_sqlite import SqliteDatabase
from tests.unit.runs.runs_world import DANA, world
from tgk.errors import Conflict
from tgk.ports.board import Place
from tgk.ports.runs import RunFilter
from tgk.ports.schedules import Schedule
from tgk.reply import Reply

if TYPE_CHECKING:
    from pathlib import Path

STORY = "name: story\nsteps: [/mark a, /mark b]\nfinally: [/mark c]\n"


def rows(connection: Any) -> dict[str, int]:
    """Return how many rows each table has."""
    count = "SELECT count(*) FROM {}"
    return {name: connection.execute(count.format(name)).fetchone()[0] for name in TABLES}


async def lived(tmp_path: Path) -> str:
    """Leave what a bot leaves that was stopped with a paused run; return the run."""
    playing = world(tmp_path, clock=SystemClock())
    async with playing.open():
        await playing.end((await playing.start(STORY)).id)
        playing.effects.held["a"] = asyncio.Event()
        run = await playing.start(STORY)
        await playing.seen(lambda: "a" in playing.effects.running)
        await playing.runs.pause(run.id, who="dana", reason="later", until=None, checkpoint=True)
        playing.effects.held.pop("a").set()
        await playing.state(run.id, "paused")
        await playing.locks.acquire("zone", "dana", "inventory")
        await StoredSchedules(playing.store, playing.clock).put(
            Schedule(name="nightly", playbook="story", cron="0 3 * * *", owner=DANA)
        )
        await playing.store.write(odd_rows)
    return run.id


def odd_rows(connection: Any) -> None:
    """Write what other rooms do: bytes, truths, and a number that is not used again."""
    place = Place(platform="telegram", room="council").model_dump_json()
    reply = Reply(topic="notice", title="x").model_dump_json()
    connection.execute(
        """INSERT INTO messages (key, lane, place, reply, digest, state, loud, progress, created,
        changed) VALUES ('k', 'telegram council', ?, ?, ?, 'sent', 1, 0, 1.5, 2.5)""",
        (place, reply, b"\x00\xff"),
    )
    connection.execute("INSERT INTO deliveries (source, id, payload, at) VALUES ('g', '1', ?, 1)",
                       (b"\x00\x01",))  # fmt: skip
    connection.execute("INSERT INTO notes VALUES ('odd', ?)", ("100 % of ? ☃",))


async def copy(folder: Path, target: PostgresDatabase) -> Copy:
    """Copy what a process left that is called ``tgk``."""
    files = folder / "tgk.sqlite", folder / "operations.sqlite"
    return await asyncio.to_thread(copied, *files, target, "tgk")


async def test_everything_is_there_and_goes_on(tmp_path: Path, postgres: str) -> None:
    """The paused run is resumed on PostgreSQL, keeps its steps and gets on; new ids follow."""
    run = await lived(tmp_path)
    target = PostgresDatabase(postgres)
    with closing(sqlite3.connect(tmp_path / "tgk.sqlite")) as file:
        expected = rows(file)

    counts = (await copy(tmp_path, target)).rows

    assert expected == counts
    assert {"runs", "run_steps", "checkpoints", "schedules", "locks", "messages"} <= {
        name for name, count in counts.items() if count
    }
    (tmp_path / "operations.sqlite").unlink()
    playing = world(tmp_path, url=postgres, clock=SystemClock())
    async with playing.open():
        assert [lock.key for lock in await playing.locks.held()] == ["zone"]
        (nightly,) = await StoredSchedules(playing.store, playing.clock).listed()
        assert nightly.owner == DANA
        await playing.runs.resume(run, who=DANA)
        view = await playing.end(run)
        assert (await playing.start(STORY, delivery="test:1")).id != run  # known as the first
        new = await playing.start(STORY, delivery="new")
        await playing.end(new.id)
        listed = await playing.runs.find(RunFilter(limit=10))
        checkpoint = await playing.store.write(
            lambda connection: connection.execute(
                "INSERT INTO checkpoints (run, upto, body) VALUES (?, 1, '') RETURNING number",
                (new.id,),
            ).fetchone()[0]
        )

    assert "succeeded" == view.state
    assert sorted("abcabcabc") == sorted(playing.effects.names)
    assert 3 == len({each.id for each in listed})
    assert checkpoint > counts["checkpoints"]


async def test_a_database_that_is_used_is_left_alone(tmp_path: Path, postgres: str) -> None:
    """Whatever is in it, nothing of the file gets there, and a second copy is refused."""
    target = PostgresDatabase(postgres)
    async with Store(target) as store:
        await store.write(
            lambda connection: connection.execute("INSERT INTO counters VALUES ('n', 1)").rowcount
        )
    async with Store(tmp_path / "tgk.sqlite") as store:
        await store.write(odd_rows)

    with pytest.raises(Conflict, match="in use already"):
        await copy(tmp_path, target)
    with target.connect() as connection:
        assert {"counters": 1} == {name: n for name, n in rows(connection).items() if n}


async def test_a_copy_that_breaks_off_leaves_nothing(tmp_path: Path, postgres: str) -> None:
    """A row that the target cannot hold undoes all before it."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        await store.write(odd_rows)
        await store.write(
            lambda connection: (
                connection.execute(
                    "INSERT INTO schedules (name, body, next) VALUES ('x', '', 'no number')"
                ).rowcount
            )
        )
    target = PostgresDatabase(postgres)

    with pytest.raises(target.faults):
        await copy(tmp_path, target)
    with target.connect() as connection:
        assert {} == {name: n for name, n in rows(connection).items() if n}


def test_every_table_is_copied_or_known_to_be_of_processes(tmp_path: Path) -> None:
    """A new table is thought of here, too."""
    session = SqliteDatabase(tmp_path / "tgk.sqlite").open(lambda _: None)
    question = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    made = {name for (name,) in session.connection.execute(question)}
    session.close()

    assert {*TABLES, "processes", "seats"} == {n for n in made if not n.startswith("sqlite_")}


async def test_a_change_under_way_goes_on_from_the_step_that_it_had_come_to(
    tmp_path: Path, postgres: str
) -> None:
    """What it was asked and what its steps found go along; what has ended stays behind."""
    playing = world(tmp_path, clock=SystemClock())
    async with playing.open(grace=0.05):
        await playing.end((await playing.start(STORY)).id)
        playing.effects.held["d"] = asyncio.Event()
        run = await playing.start("name: other\nsteps: [/mark c, /mark d, /mark e]\n")
        await playing.seen(lambda: "d" in playing.effects.running)

    made = await copy(tmp_path, PostgresDatabase(postgres))
    (tmp_path / "operations.sqlite").unlink()
    later = world(tmp_path, url=postgres, clock=SystemClock())
    async with later.open():
        begun = await later.engine.pending()
        view = await later.end(run.id)
        left = await later.engine.pending()

    assert (1, 1, 0) == (made.changes, len(begun), len(left))
    assert ("succeeded", list("abccde")) == (view.state, later.effects.names)


async def test_what_a_step_came_to_is_not_done_again_elsewhere(
    tmp_path: Path, postgres: str
) -> None:
    """The memory of a change is copied with it."""
    playing = world(tmp_path, clock=SystemClock())
    async with playing.open(grace=0.05):
        playing.effects.held["a"] = asyncio.Event()
        await playing.start("name: story\nsteps: [/mark a]\n")
        await playing.seen(lambda: "a" in playing.effects.running)
    with closing(sqlite3.connect(tmp_path / "operations.sqlite")) as file:
        (corr,) = file.execute("SELECT workflow_uuid FROM workflow_status").fetchone()
        known = json.dumps({"value": json.dumps({"name": "a"}), "fault": None})
        file.execute(
            """INSERT INTO operation_outputs (workflow_uuid, function_id, function_name, output,
            serialization) VALUES (?, 1, 'mark', ?, 'portable_json')""",
            (corr, json.dumps(known)),
        )
        file.commit()

    await copy(tmp_path, PostgresDatabase(postgres))
    later = world(tmp_path, url=postgres, clock=SystemClock())
    async with later.open():
        (view,) = await later.runs.find(RunFilter())
        view = await later.end(view.id)

    assert ("succeeded", []) == (view.state, later.effects.names)
