"""The store keeps every write that returned, and lets none spoil another."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest

from orchestration.database import StoreAway
from orchestration.schema import MIGRATIONS
from orchestration.store import Store
from tgk.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def note(key: str, value: str = "x") -> Callable[[sqlite3.Connection], int]:
    """Return a write of one note."""
    return lambda connection: (
        connection.execute("INSERT INTO notes (key, value) VALUES (?, ?)", (key, value)).rowcount
    )


def notes(connection: sqlite3.Connection) -> list[str]:
    """Return the keys of all notes."""
    return [key for (key,) in connection.execute("SELECT key FROM notes ORDER BY key")]


async def test_a_write_that_returned_is_there_after_reopening(tmp_path: Path) -> None:
    """Closing and opening the file loses nothing."""
    async with Store(tmp_path / "state" / "tgk.sqlite") as store:
        await store.write(note("a"))

    async with Store(tmp_path / "state" / "tgk.sqlite") as store:
        assert await store.read(notes) == ["a"]


async def test_writes_asked_for_before_closing_are_done(tmp_path: Path) -> None:
    """Closing drains what waits."""
    async with Store(tmp_path / "tgk.sqlite") as store, asyncio.TaskGroup() as group:
        for number in range(500):
            group.create_task(store.write(note(f"{number:03}")))

    async with Store(tmp_path / "tgk.sqlite") as store:
        assert len(await store.read(notes)) == 500


async def test_a_write_that_fails_undoes_only_itself(tmp_path: Path) -> None:
    """Of many writes in one commit, the failing ones leave no trace and the others stand."""

    def half_done(connection: sqlite3.Connection) -> int:
        note("half")(connection)
        raise Conflict("No.")

    async with Store(tmp_path / "tgk.sqlite") as store:
        answers = await asyncio.gather(
            *(store.write(act) for act in (note("a"), half_done, note("b"))),
            store.read(notes),
            store.write(half_done),
            return_exceptions=True,
        )

        assert [type(answer) for answer in answers] == [int, Conflict, int, list, Conflict]
        assert answers[3] == ["a", "b"] == await store.read(notes)


async def test_a_write_that_fails_alone_is_undone(tmp_path: Path) -> None:
    """A single write is its own transaction."""

    def half_done(connection: sqlite3.Connection) -> int:
        note("half")(connection)
        raise Conflict("No.")

    async with Store(tmp_path / "tgk.sqlite") as store:
        with pytest.raises(Conflict):
            await store.write(half_done)

        assert await store.read(notes) == []


async def test_a_cancelled_asker_does_not_stop_the_others(tmp_path: Path) -> None:
    """Who waits no more simply does not hear of it."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        async with asyncio.TaskGroup() as group:
            hasty = group.create_task(store.write(note("hasty")))
            await asyncio.sleep(0)
            hasty.cancel()
            group.create_task(store.write(note("patient")))

        assert "patient" in await store.read(notes)


async def test_more_askers_than_room_wait_their_turn(tmp_path: Path) -> None:
    """The queue is bounded and nobody is turned away."""
    async with Store(tmp_path / "tgk.sqlite", capacity=2) as store:
        await asyncio.gather(*(store.write(note(str(number))) for number in range(50)))

        assert len(await store.read(notes)) == 50


async def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Every write of the refused commit fails as unavailable; what stood before still stands."""

    def limit(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    async with Store(tmp_path / "tgk.sqlite") as store:
        await store.write(note("before"))
        await store.read(limit)
        answers = await asyncio.gather(
            *(store.write(note(str(number), "x" * 50_000)) for number in range(3)),
            return_exceptions=True,
        )

        assert [type(answer) for answer in answers] == [Unavailable] * 3
        assert await store.read(notes) == ["before"]
        assert await store.write(note("after")) == 1


async def test_a_file_from_a_newer_program_is_refused(tmp_path: Path) -> None:
    """An old program does not write into tables it does not know."""
    with sqlite3.connect(tmp_path / "tgk.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()

    with pytest.raises(Unavailable, match="newer than this program"):
        async with Store(tmp_path / "tgk.sqlite"):
            pass


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """Nobody waits for a store that is not open."""
    store = Store(tmp_path / "tgk.sqlite")

    with pytest.raises(Unavailable, match="not open"):
        await store.read(notes)


async def test_the_state_file_is_private(tmp_path: Path) -> None:
    """Only the owner reads what people asked for."""
    async with Store(tmp_path / "tgk.sqlite"):
        assert (tmp_path / "tgk.sqlite").stat().st_mode & 0o777 == 0o600


async def test_readers_are_served_while_the_disk_refuses_writes(tmp_path: Path) -> None:
    """A read that shares its moment with a refused write sees what still stands."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        await store.write(note("before"))
        await store.read(lambda connection: connection.execute("PRAGMA query_only = 1"))
        answers = await asyncio.gather(
            store.write(note("refused")),
            store.read(notes),
            store.write(note("refused too")),
            return_exceptions=True,
        )

    assert [type(answer) for answer in answers] == [StoreAway, list, StoreAway]
    assert answers[1] == ["before"]
