"""A PostgreSQL that is away for longer than anybody is told to wait: what is durable waits."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from bot.runtime.clock import SystemClock
from orchestration.database import StoreAway
from orchestration.store import Store, wait_for_stores
from orchestration.store_postgres import PostgresDatabase
from orchestration.store_sqlite import SqliteDatabase
from tests.unit.runs.runs_world import world
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestration.database import Hear
    from orchestration.store_sqlite import SqliteSession
    from tests.postgres_server import Server

IMPATIENT = 0.3
STORY = """name: story
steps:
  - /mark a
  - {name: rest, wait: {for: 0.1s}}
  - {name: alone, command: /mark b, locks: [zone]}
finally: [/mark c]
"""
AWAY = 2.0
"""Much longer than people are kept waiting here, as eleven seconds are where they wait eight."""


def note(key: str) -> Callable[[Any], int]:
    """Return a write of one note."""
    question = "INSERT INTO notes (key, value) VALUES (?, 'x')"
    return lambda connection: int(connection.execute(question, (key,)).rowcount)


def notes(connection: Any) -> list[str]:
    """Return the keys of all notes."""
    return [key for (key,) in connection.execute("SELECT key FROM notes ORDER BY key")]


@pytest.fixture
def home(postgres: str) -> PostgresDatabase:
    """A database whose askers hear soon that it is away."""
    return PostgresDatabase(postgres, patience=IMPATIENT)


@pytest.fixture
def server(postgres_server: Server) -> Server:
    """The server of all tests, up again whatever happens here."""
    return postgres_server


async def away(server: Server, seconds: float = AWAY) -> None:
    """Stop the server in good order, and start it again after a while."""
    server.shut()
    try:
        await asyncio.sleep(seconds)
    finally:
        server.start()  # the server ends with the thread that started it


async def test_people_hear_soon_and_what_is_durable_waits(
    home: PostgresDatabase, server: Server
) -> None:
    """One asks as a person, one as a run; the store says that it is away, and that it is back."""
    async with Store(home) as store:
        await store.write(note("before"))
        assert "" == store.away

        async def durable() -> int:
            wait_for_stores()
            return await store.write(note("waited"))

        outage = asyncio.ensure_future(away(server))
        await asyncio.sleep(0.5)
        waiting = asyncio.ensure_future(durable())
        with pytest.raises(StoreAway, match="cannot be used"):
            await store.write(note("never"))
        assert "cannot be used" in store.away
        assert not waiting.done()

        assert 1 == await waiting
        await outage
        assert "" == store.away
        assert await store.read(notes) == ["before", "waited"]


async def test_nobody_waits_forever(home: PostgresDatabase, server: Server) -> None:
    """Whoever waits hears of it after the time that was set."""
    async with Store(home, patience=0.4) as store:
        outage = asyncio.ensure_future(away(server, 1.5))
        await asyncio.sleep(0.5)

        async def durable() -> int:
            wait_for_stores()
            return await store.write(note("late"))

        with pytest.raises(StoreAway):
            await asyncio.ensure_future(durable())
        await outage


async def test_a_fault_that_does_not_pass_is_not_waited_for(home: PostgresDatabase) -> None:
    """Nonsense is nonsense at once, for runs too."""
    async with Store(home) as store:
        wait_for_stores()
        with pytest.raises(Unavailable) as refusal:
            await store.read(lambda connection: connection.execute("SELECT nothing FROM nowhere"))

        assert not isinstance(refusal.value, StoreAway)
        assert "" == store.away


class Hiccups(SqliteDatabase):
    """A file that cannot be written now and then; ``left`` says how often from now on."""

    left = 0

    def open(self, hear: Hear) -> SqliteSession:
        """Open it, with a session that may refuse to begin."""
        session = super().open(hear)
        begin = session.begin

        def refuse() -> None:
            if self.left > 0:
                self.left -= 1
                error = sqlite3.OperationalError("for a moment")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error
            begin()

        session.begin = refuse  # type: ignore[method-assign] # the moment of the fault is chosen
        return session


@pytest.mark.parametrize("writes", [2, 5, 8])
async def test_no_step_fails_for_a_store_that_was_away_for_a_moment(
    tmp_path: Path, writes: int
) -> None:
    """Nor is the run left for a while: what asked for the store asks again."""
    playing = world(tmp_path, clock=SystemClock())
    database = Hiccups(tmp_path / "tgk.sqlite")
    playing.store, seen = Store(database), 0
    original = playing.store.write

    async def write(act: Callable[[Any], Any]) -> Any:
        nonlocal seen
        seen += "a" in playing.effects.names
        database.left += seen == writes
        return await original(act)

    playing.store.write = write  # type: ignore[method-assign] # every change of the store counts
    async with playing.open():
        run = await playing.start(STORY)
        async with asyncio.timeout(4.5):  # a run that was left is taken up after five seconds
            view = await playing.runs.ended(run.id, _unseen)

    assert ("succeeded", "") == (view.state, view.reason)
    assert ["a", "b", "c"] == playing.effects.names
    assert seen >= writes


@pytest.mark.parametrize("step", ["{name: x, wait: {for: 1s}}", "/look x"])
async def test_a_run_waits_for_its_store_and_goes_on_by_itself(
    tmp_path: Path, postgres: str, server: Server, step: str
) -> None:
    """The server goes away between two steps: none fails, and nothing is done twice."""
    playing = world(tmp_path, url=postgres, clock=SystemClock())
    playing.store = Store(PostgresDatabase(postgres, patience=IMPATIENT))
    async with playing.open():
        run = await playing.start(
            f"name: story\nsteps: [/mark a, {step}, /mark b]\nfinally: [/mark tidied]\n"
        )
        await playing.seen(lambda: "a" in playing.effects.names)
        await away(server)
        async with asyncio.timeout(30):
            view = None
            while view is None:
                with suppress(Unavailable):  # the first who asks again may still hear of it
                    view = await playing.runs.ended(run.id, _unseen)

    assert ("succeeded", "") == (view.state, view.reason)
    assert ["a", "b", "tidied"] == playing.effects.names


async def _unseen(view: object) -> None:
    """Look away."""
