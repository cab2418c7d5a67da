"""What the store promises wherever it is kept, and what it promises beside where it is shared."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from orchestration.schema import MIGRATIONS
from orchestration.store import Store
from orchestration.store_postgres import Fenced, Life, PostgresDatabase
from tests.stores import KINDS, place
from tgk.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.postgres_server import Server


def note(key: str, value: str = "x") -> Callable[[Any], int]:
    """Return a write of one note."""
    question = "INSERT INTO notes (key, value) VALUES (?, ?)"
    return lambda connection: int(connection.execute(question, (key, value)).rowcount)


def notes(connection: Any) -> list[str]:
    """Return the keys of all notes."""
    return [key for (key,) in connection.execute("SELECT key FROM notes ORDER BY key")]


def nonsense(connection: Any) -> None:
    """Ask for what is not there."""
    connection.execute("SELECT nothing FROM nowhere")


def half_done(connection: Any) -> int:
    """Write, and then refuse."""
    note("half")(connection)
    raise Conflict("No.")


def counted(connection: Any) -> None:
    """Read a number, and write the next one."""
    (value,) = connection.execute("SELECT value FROM counters WHERE name = 'n'").fetchone()
    connection.execute("UPDATE counters SET value = ? WHERE name = 'n'", (value + 1,))


@pytest.fixture(params=KINDS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path | PostgresDatabase:
    """Return each place in turn."""
    return place(request.param, request, tmp_path)


def make_newer(home: Path | PostgresDatabase, version: int) -> None:
    """Leave the tables as a later program would."""
    if isinstance(home, PostgresDatabase):
        with home.connect() as connection:
            connection.execute("UPDATE schema_version SET version = %s", (version,))
    else:
        file = sqlite3.connect(home)
        file.execute(f"PRAGMA user_version = {version}")
        file.close()


@asynccontextmanager
async def two(url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Open the stores of two processes."""
    async with Store(PostgresDatabase(url)) as one, Store(PostgresDatabase(url)) as other:
        yield one, other


async def test_a_write_that_returned_is_there_after_opening_again(
    home: Path | PostgresDatabase,
) -> None:
    """Closing and opening loses nothing, and the tables are made once."""
    async with Store(home) as store:
        await store.write(note("a"))

    async with Store(home) as store:
        assert await store.read(notes) == ["a"]


async def test_writes_asked_for_before_closing_are_kept(home: Path | PostgresDatabase) -> None:
    """Closing drains what waits."""
    async with Store(home) as store, asyncio.TaskGroup() as group:
        for number in range(200):
            group.create_task(store.write(note(f"{number:03}")))

    async with Store(home) as store:
        assert len(await store.read(notes)) == 200


async def test_of_many_writes_in_one_commit_the_failing_leave_no_trace(
    home: Path | PostgresDatabase,
) -> None:
    """Refusals, faults of SQL and reads between them touch nobody else."""
    async with Store(home) as store:
        answers = await asyncio.gather(
            *(store.write(act) for act in (note("a"), half_done, note("b"), nonsense, note("c"))),
            store.read(nonsense),
            store.read(notes),
            store.write(half_done),
            return_exceptions=True,
        )
        kinds = [type(answer) for answer in answers]

        assert kinds == [int, Conflict, int, Unavailable, int, Unavailable, list, Conflict]
        assert answers[6] == ["a", "b", "c"] == await store.read(notes)


async def test_a_write_that_fails_alone_leaves_nothing(home: Path | PostgresDatabase) -> None:
    """A single write is its own transaction."""
    async with Store(home) as store:
        for act, kind in ((half_done, Conflict), (nonsense, Unavailable)):
            with pytest.raises(kind):
                await store.write(act)

        assert await store.read(notes) == []


async def test_texts_come_back_as_they_went_in(home: Path | PostgresDatabase) -> None:
    """Marks of parameters inside of values are values; what cannot be a text is shown instead."""
    odd = ["100 % of ?", ":key", "'; DROP TABLE notes; --", "\\n \\x41", "naïve ☃ 𝄞"]

    async with Store(home) as store:
        for text in odd:
            await store.write(note(text))

        assert set(await store.read(notes)) == set(odd)


async def test_names_are_sorted_by_their_letters_codes(home: Path | PostgresDatabase) -> None:
    """No locale of a server changes an order that people see."""
    async with Store(home) as store:
        for key in ("b", "A", "a", "Z", "_"):
            await store.write(note(key))

        assert await store.read(notes) == ["A", "Z", "_", "a", "b"]


async def test_a_place_of_a_newer_program_is_refused(home: Path | PostgresDatabase) -> None:
    """An old program does not write into tables it does not know."""
    async with Store(home):
        pass
    version = len(MIGRATIONS) + 1
    make_newer(home, version)

    with pytest.raises(Unavailable, match="newer than this program"):
        async with Store(home):
            pass


async def test_the_tables_are_the_same_in_both_places(tmp_path: Path, postgres: str) -> None:
    """What one has the other has: columns in the same order, and indexes of the same names."""
    database = PostgresDatabase(postgres)
    async with Store(tmp_path / "tgk.sqlite"), Store(database):
        pass
    file = sqlite3.connect(tmp_path / "tgk.sqlite")
    ours = {
        (table, column)
        for (table,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for _, column, *_ in file.execute(f"PRAGMA table_info({table})")
        if not table.startswith("sqlite_")
    }
    indexes = {
        name
        for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")
        if not name.startswith("sqlite_")
    }
    file.close()
    with database.connect() as connection:
        columns = connection.execute(
            """SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema = 'tgk' AND table_name <> 'schema_version'"""
        ).fetchall()
        named = connection.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'tgk'")
        made = {name for (name,) in named}

    assert set(columns) == ours
    assert indexes <= made


async def test_several_processes_may_make_the_tables_at_once(postgres: str) -> None:
    """Of those that start together one makes them, and nobody fails."""
    stores = [Store(PostgresDatabase(postgres)) for _ in range(5)]
    await asyncio.gather(*(store.__aenter__() for store in stores))
    await asyncio.gather(*(store.__aexit__(None, None, None) for store in stores))

    async with Store(PostgresDatabase(postgres)) as store:
        assert await store.read(notes) == []


async def test_no_change_of_two_processes_is_lost(postgres: str) -> None:
    """Who reads in order to write sees what the other wrote before, as in one process."""
    async with two(postgres) as stores:
        await stores[0].write(
            lambda connection: connection.execute("INSERT INTO counters VALUES ('n', 0)").rowcount
        )
        await asyncio.gather(*(store.write(counted) for _ in range(50) for store in stores))
        question = "SELECT value FROM counters"

        found = await stores[1].read(lambda connection: connection.execute(question).fetchone())
        assert found == (100,)


async def test_a_process_hears_what_another_wrote(postgres: str) -> None:
    """Soon after the commit, and only those who listen to that table."""
    heard = Counter[str]()
    async with two(postgres) as (one, other):
        other.listen(["notes"], lambda: heard.update(["notes"]))
        other.listen(["locks"], lambda: heard.update(["locks"]))
        await asyncio.sleep(0.3)  # the first look at everything
        before = Counter(heard)
        for number in range(3):
            await one.write(note(str(number)))
            await asyncio.sleep(0.1)

        assert heard["notes"] >= before["notes"] + 3
        assert heard["locks"] <= before["locks"] + 1


async def test_a_lost_server_is_found_again(postgres: str, postgres_server: Server) -> None:
    """A cut connection costs nobody an error, between writes or inside of one."""
    cuts = 0

    def cut_once(connection: Any) -> None:
        nonlocal cuts
        cuts += 1
        note(f"inside {cuts}")(connection)
        if cuts == 1:
            cut(postgres_server)
            note("never")(connection)

    async with Store(PostgresDatabase(postgres)) as store:
        await store.write(note("before"))
        cut(postgres_server)
        await store.write(note("between"))
        cut(postgres_server)
        assert await store.read(notes) == ["before", "between"]
        await store.write(cut_once)

        assert await store.read(notes) == ["before", "between", "inside 2"]


def cut(server: Server) -> None:
    """End every other connection to the server."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'tgk'"""
        )


async def test_a_server_that_stays_away_is_said_without_the_password(
    postgres: str, postgres_server: Server
) -> None:
    """Nobody waits forever, and what is said can be shown to anybody."""
    gone = PostgresDatabase(postgres.replace(str(postgres_server.port), "1"), patience=0.1)
    wrong = PostgresDatabase(postgres.replace("tgk:", "tgk:not%40"), patience=0.1)
    for database in (gone, wrong):
        with pytest.raises(Unavailable) as refusal:
            async with Store(database):
                pass

        said = f"{refusal.value} {refusal.value.remedy}"
        assert "DATABASE_URL" in said
        assert postgres_server.password not in said
        assert "not%40" not in said
        assert "not@" not in said


async def test_a_life_that_is_over_writes_nothing(postgres: str) -> None:
    """Once others have taken over, every write is refused, alone or among others; reads are not."""
    database = PostgresDatabase(postgres)
    listed = """INSERT INTO processes (name, life, kind, host, pid, since, beat, lease)
        VALUES ('here', 'first', 'bot', 'h', 1, 0, 0, 10)"""
    async with Store(database) as store, Store(PostgresDatabase(postgres)) as other:
        await store.write(lambda connection: connection.execute(listed).rowcount)
        database.fence = Life("here", "first")
        await store.write(note("while alive"))
        await other.write(
            lambda connection: connection.execute("UPDATE processes SET life = 'second'").rowcount
        )

        answers = await asyncio.gather(
            store.write(note("late")), store.read(notes), store.write(note("later")),
            return_exceptions=True,
        )  # fmt: skip
        assert [type(answer) for answer in answers] == [Fenced, list, Fenced]
        with pytest.raises(Fenced):
            await store.write(note("latest"))
        assert await other.read(notes) == ["while alive"]
