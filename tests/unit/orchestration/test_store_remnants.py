"""What somebody typed is in no file any more soon after it was dealt with."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from orchestration.deliveries import StoredDeliveries
from orchestration.store import Store
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

SENTINEL = "hunter2-typed-in-a-chat"
UPDATE = orjson.dumps({"message": {"text": f"/notify team {SENTINEL}"}, "pad": "x" * 9000})


def holding(folder: Path) -> list[str]:
    """Return the files that have the words, wherever in them."""
    return [each.name for each in folder.iterdir() if SENTINEL.encode() in each.read_bytes()]


def copied(folder: Path, place: Path) -> Path:
    """Return a folder with copies of the files as they are this moment."""
    return Path(shutil.copytree(folder, place, ignore=shutil.ignore_patterns("after")))


async def until(reached: Callable[[], bool]) -> None:
    """Wait for it, in seconds of the real clock: another thread acts."""
    async with asyncio.timeout(10):
        while not reached():
            await asyncio.sleep(0.02)


async def test_a_delivery_that_was_handled_leaves_no_bytes_behind(tmp_path: Path) -> None:
    """Neither in the file nor in the log beside it, while the process goes on; its id stays."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        inbox = StoredDeliveries(store, FakeClock())
        await inbox.accept("telegram", [("1", UPDATE)])
        kept = holding(tmp_path)

        await inbox.done("telegram", "1")
        await until(lambda: not holding(tmp_path))

        assert kept
        assert await inbox.accept("telegram", [("1", UPDATE)]) == []


async def test_it_leaves_none_under_steady_work_either(tmp_path: Path) -> None:
    """There need not be a quiet moment."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        inbox = StoredDeliveries(store, FakeClock())
        await inbox.accept("telegram", [("1", UPDATE)])
        await inbox.done("telegram", "1")
        async with asyncio.timeout(20):
            number = 1
            while holding(tmp_path):
                number += 1
                await inbox.accept("git", [(str(number), b"{}")])
                await asyncio.sleep(0.01)

    assert not holding(tmp_path)


async def test_what_a_killed_process_left_is_wiped_by_the_next(tmp_path: Path) -> None:
    """The log of a process that could not tidy up is emptied at the next start."""
    async with Store(tmp_path / "tgk.sqlite"):
        pass
    dying = sqlite3.connect(tmp_path / "tgk.sqlite", isolation_level=None)
    dying.execute("INSERT INTO deliveries VALUES (1, 'telegram', '1', ?, 0)", (UPDATE,))
    dying.execute("UPDATE deliveries SET payload = NULL")
    after = copied(tmp_path, tmp_path / "after")  # as a kill leaves it
    dying.close()

    found = holding(after)
    async with Store(after / "tgk.sqlite"):
        await until(lambda: not holding(after))

    assert found


async def test_whoever_reads_the_file_holds_nobody_up(tmp_path: Path) -> None:
    """A reader keeps the log as it is; writes go on, and it is emptied once the reader has gone."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        inbox = StoredDeliveries(store, FakeClock())
        await inbox.accept("telegram", [("1", UPDATE)])
        reader = sqlite3.connect(tmp_path / "tgk.sqlite", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM deliveries").fetchone()

        await inbox.done("telegram", "1")
        await asyncio.sleep(0.6)
        async with asyncio.timeout(2):
            await inbox.accept("telegram", [("2", b"{}")])
        kept = holding(tmp_path)
        reader.close()
        await until(lambda: not holding(tmp_path))

        assert kept
