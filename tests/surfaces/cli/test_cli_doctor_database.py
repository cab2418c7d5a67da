"""What `tgk doctor` says of the database, and that it shows no password and changes nothing."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from orchestration.membership import Members
from orchestration.notes import StoredNotes
from orchestration.schema import MIGRATIONS
from orchestration.store import Store
from orchestration.store_postgres import PostgresDatabase
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from orchestration.membership import Kind
    from tests.postgres_server import Server
    from tests.surfaces.cli.conftest import Terminal


@pytest.fixture
def doctor(tgk: Terminal, tmp_path: Path) -> Terminal:
    """The program on a machine without a bot."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    tgk.patch.setenv("TGK_HTTP", f"127.0.0.1:{port}")
    tgk.patch.setenv("TGK_STATE", str(tmp_path / "state"))
    return tgk


def findings(doctor: Terminal) -> dict[str, dict[str, Any]]:
    """Return what was found of the database, by name."""
    found = json.loads(doctor("doctor", "--offline", "--json").out)["findings"]
    return {each["name"]: each for each in found if each["section"] == "database"}


async def _kept(place: Path | PostgresDatabase) -> None:
    async with Store(place):
        pass


def store(tmp_path: Path) -> Path:
    """Leave a store as a bot does that was stopped; return its file."""
    path = tmp_path / "state" / "tgk.sqlite"
    asyncio.run(_kept(path))
    return path


def test_a_sound_file_is_said_to_be_whole_and_left_as_it_was(
    doctor: Terminal, tmp_path: Path
) -> None:
    """Looking makes no file beside it; what is not there yet is no fault."""
    path = store(tmp_path)
    before = sorted(path.parent.iterdir())

    found = findings(doctor)

    assert "ok" == found["tgk.sqlite"]["state"]
    assert "whole" in found["tgk.sqlite"]["told"]
    assert "off" == found["operations.sqlite"]["state"]
    assert before == sorted(path.parent.iterdir())


def test_a_file_that_a_bot_uses_can_be_looked_at(doctor: Terminal, tmp_path: Path) -> None:
    """Beside an open connection, in the mode that it set."""
    path = store(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as bot:
        bot.execute("INSERT INTO notes VALUES ('a', 'b')")

        assert "ok" == findings(doctor)["tgk.sqlite"]["state"]
        assert "wal" in findings(doctor)["tgk.sqlite"]["told"]


def test_a_damaged_file_is_told_with_the_way_out(doctor: Terminal, tmp_path: Path) -> None:
    """A page of noise in the middle, or no database at all."""
    path = store(tmp_path)
    content = bytearray(path.read_bytes())
    content[4096:8192] = os.urandom(4096)
    path.write_bytes(content)
    assert "bad" == findings(doctor)["tgk.sqlite"]["state"]

    path.write_bytes(b"no database, but a text that is long enough to be looked at" * 20)
    told = findings(doctor)["tgk.sqlite"]
    assert ("bad", True) == (told["state"], "restore" in told["do"])


def test_files_of_others_and_newer_ones_are_told(doctor: Terminal, tmp_path: Path) -> None:
    """Readable for everybody is a warning, a newer schema is a fault."""
    path = store(tmp_path)
    path.chmod(0o644)
    assert "warn" == findings(doctor)["tgk.sqlite"]["state"]

    path.chmod(0o600)
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    assert "newer than this program" in findings(doctor)["tgk.sqlite"]["told"]


def test_a_database_that_cannot_be_used_is_told_with_its_cure(
    doctor: Terminal, postgres: str, postgres_server: Server
) -> None:
    """Nobody there, a wrong password, no such database: each has another cure, none a password."""
    password = postgres_server.password
    for address, cure in (
        (postgres.replace(str(postgres_server.port), "1"), "Start PostgreSQL"),
        (postgres.replace(password, "not-the-word"), "Mend user and password"),
        (postgres_server.url("nowhere"), "createdb"),
    ):
        doctor.patch.setenv("DATABASE_URL", address)
        ended = doctor("doctor", "--offline")

        assert (5, True) == (ended.code, cure in ended.out), ended.out
        assert password not in ended.out
        assert "not-the-word" not in ended.out


def test_a_right_that_is_missing_is_told_with_the_line_that_gives_it(
    doctor: Terminal, postgres: str, postgres_server: Server
) -> None:
    """Whoever may connect may not always make schemas."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'of-a-guest'")
    guest = postgres.replace(f"tgk:{postgres_server.password}", "guest:of-a-guest")
    doctor.patch.setenv("DATABASE_URL", guest)

    found = findings(doctor)

    assert "ok" == found["PostgreSQL"]["state"]
    assert found["rights"]["do"].startswith("As its owner: GRANT CREATE ON DATABASE")


async def _joined(url: str, name: str, kind: Kind) -> None:
    database = PostgresDatabase(url)
    async with Store(database) as kept:
        await StoredNotes(kept).put("tgk:estate", "real hmac:0000000000000000")
        members = Members(database, kept, FakeClock(), name=name, kind=kind, lease=10)
        await members.join()


def test_who_works_on_the_database_is_listed(
    doctor: Terminal, postgres: str, tmp_path: Path
) -> None:
    """Another bot holds the place, a worker is dead, and secrets are masked in another way."""
    asyncio.run(_joined(postgres, "elsewhere", "bot"))
    asyncio.run(_joined(postgres, "gone", "worker"))
    with PostgresDatabase(postgres).connect() as connection:
        connection.execute("UPDATE processes SET beat = beat - 99 WHERE name = 'gone'")
    state = tmp_path / "state"
    state.mkdir()
    (state / "redaction.salt").write_bytes(os.urandom(32))
    doctor.patch.setenv("DATABASE_URL", postgres)

    found = findings(doctor)

    assert "ok" == found["PostgreSQL"]["state"]
    assert "elsewhere" in found["bot"]["told"]
    assert "another bot would end with 69" in found["bot"]["told"]
    assert found["worker"]["told"].startswith("dead: gone")
    assert ("bad", True) == (found["redaction"]["state"], "TGK_SALT" in found["redaction"]["do"])

    (state / "process.name").write_text("elsewhere")
    assert "ok" == findings(doctor)["bot"]["state"]
