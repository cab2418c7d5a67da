"""Moving a store: from a file of SQLite's to a PostgreSQL that is empty, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestration.engine_copy import moved, prepare
from orchestration.fitting import columns, fitting
from orchestration.store_postgres import SCHEMA
from orchestration.store_sqlite import SqliteDatabase
from tgk.errors import Conflict

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from orchestration.store_postgres import PostgresDatabase, PostgresSession

TABLES: Final = (
    "buttons", "deliveries", "locks", "notes", "approvals", "messages", "schedules", "runs",
    "run_steps", "run_sources", "checkpoints", "counters", "run_turns",
)  # fmt: skip
"""Everything but who works on a database now; what is referred to stands first."""
_OF_PROCESSES: Final = ("processes", "seats")
_CHANGES: Final = "dbos.workflow_status"


@dataclass(frozen=True, slots=True)
class Copy:
    """What arrived."""

    rows: Mapping[str, int]
    """How many each table has, counted there."""
    changes: int
    """Changes that were under way, and go on there."""


def copied(source: Path, engine: Path, target: PostgresDatabase, executor: str) -> Copy:
    """Copy every row in one transaction, with what the engine keeps of changes under way.

    The process called ``executor`` goes on with those. The store's file is only read, but for
    bringing its tables to the newest version. Raises Conflict when something is in the target
    already; what the databases raise is of ``sqlite3`` and ``psycopg``.
    """
    opened, session = SqliteDatabase(source).open(_deaf), target.open(_deaf)
    try:
        prepare(target.url)
        session.begin()
        _require_empty(session)
        counts = {table: _table(opened.connection, session, table) for table in TABLES}
        _count_on(opened.connection, session)
        changes = moved(engine, session, executor)
        session.commit()
    finally:  # what is not committed is gone with the session
        session.close()
        opened.close()
    return Copy(counts, changes)


def _deaf(tables: frozenset[str] | None) -> None:
    """Hear of nothing: nobody else is there."""


def _require_empty(session: PostgresSession) -> None:
    for table in (*TABLES, *_OF_PROCESSES, _CHANGES):
        if _count(session, table):
            raise Conflict(
                "The database is in use already.",
                why=f"Its table {table} has rows.",
                remedy="Name an empty database, or drop the schemas tgk and dbos in this one.",
            )


def _table(source: sqlite3.Connection, session: PostgresSession, table: str) -> int:
    """Copy one table; returns how many rows it has there, which must be those of the file."""
    known = columns(session, SCHEMA, table)
    names, marks = ", ".join(known), ", ".join("?" * len(known))
    insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - ours
    rows = source.execute(f"SELECT {names} FROM {table}")  # noqa: S608 - ours
    sent = 0
    for row in rows:
        session.execute(insert, fitting(row, tuple(known.values())))
        sent += 1
    found = _count(session, table)
    if sent != found:
        raise Conflict("The copy is not whole.", why=f"{table}: {found} rows of {sent} arrived.")
    return found


def _count_on(source: sqlite3.Connection, session: PostgresSession) -> None:
    """Let numbers go on after those that were given, also to rows that are gone."""
    for table, column in _numbered(session):
        last = source.execute(f"SELECT max({column}) FROM {table}").fetchone()[0]  # noqa: S608 - ours
        question = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        given = source.execute(question, (table,)).fetchone()
        newest = max(last or 0, given[0] if given else 0)
        if newest:
            where = "pg_get_serial_sequence(?, ?)"
            session.execute(f"SELECT setval({where}, ?)", (f"tgk.{table}", column, newest))


def _numbered(session: PostgresSession) -> Iterator[tuple[str, str]]:
    question = """SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'tgk' AND is_identity = 'YES'"""
    yield from session.execute(question).fetchall()


def _count(session: PostgresSession, table: str) -> int:
    ((count,),) = session.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - ours
    return int(count)
