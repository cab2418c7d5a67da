"""`tgk store copy`: when it moves what is kept, and when it refuses."""

from __future__ import annotations

import asyncio
import fcntl
import json
from typing import TYPE_CHECKING

import pytest

from orchestration.notes import StoredNotes
from orchestration.store import Store
from orchestration.store_postgres import PostgresDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from tests.surfaces.cli.conftest import Terminal


@pytest.fixture
def stopped(tgk: Terminal, tmp_path: Path, postgres: str) -> Terminal:
    """The program beside the files of a bot that was stopped, and an empty database."""
    state = tmp_path / "state"
    tgk.patch.setenv("TGK_STATE", str(state))
    tgk.patch.setenv("DATABASE_URL", postgres)
    tgk.state = state

    async def note() -> None:
        async with Store(state / "tgk.sqlite") as store:
            await StoredNotes(store).put("a", "b")

    asyncio.run(note())
    return tgk


def test_what_is_kept_is_copied_once(stopped: Terminal, postgres: str) -> None:
    """It says what was copied, what was not and why, and how to go on; twice is refused."""
    ended = stopped("store", "copy")

    assert 0 == ended.code
    assert "1 rows are in PostgreSQL, as many as in tgk.sqlite." in ended.out
    assert "Not copied: records of ended changes" in ended.out
    with PostgresDatabase(postgres).connect() as connection:
        assert ("a", "b") == connection.execute("SELECT key, value FROM notes").fetchone()

    again = stopped("store", "copy", "--json")
    assert (5, "error") == (again.code, json.loads(again.out)["result"])
    assert "in use already" in again.err


def test_a_bot_that_runs_is_in_the_way(stopped: Terminal) -> None:
    """Its files may change at any moment."""
    with (stopped.state / "audit.jsonl.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        ended = stopped("store", "copy")

    assert 5 == ended.code
    assert "Stop it with SIGTERM first." in ended.err


def test_everything_that_is_missing_is_said_at_once(stopped: Terminal, tmp_path: Path) -> None:
    """No address, no files; and a rehearsal stays one."""
    stopped.patch.delenv("DATABASE_URL")
    stopped.patch.setenv("TGK_STATE", str(tmp_path / "other"))
    ended = stopped("store", "copy")
    assert 78 == ended.code
    assert "DATABASE_URL is not set" in ended.err
    assert "does not exist" in ended.err

    stopped.patch.setenv("TGK_STATE", str(stopped.state))
    (stopped.state / "simulated").touch()
    assert "simulated world" in stopped("store", "copy").err


def test_a_database_that_is_not_there_is_said_without_its_password(
    stopped: Terminal, postgres: str
) -> None:
    """Nothing is copied, and the files are as before."""
    password = postgres.partition("tgk:")[2].partition("@")[0]
    stopped.patch.setenv("DATABASE_URL", f"postgresql://tgk:{password}@127.0.0.1:1/nowhere")

    ended = stopped("store", "copy")

    assert 5 == ended.code
    assert "Connection refused" in ended.err
    assert password not in ended.err
