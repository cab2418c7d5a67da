"""Moving a store: from a file of SQLite's to a PostgreSQL that is empty, whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from orchestration.store_sqlite import SqliteDatabase
from tgk.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from orchestration.store_postgres import PostgresDatabase, PostgresSession

    Column = Callable[[Any], Any]

TABLES: Final = (
    "buttons", "deliveries", "locks", "notes", "approvals", "messages", "schedules", "runs",
    "run_steps", "run_sources", "checkpoints", "counters", "run_turns",
)  # fmt: skip
"""Everything but who works on a database now; what is referred to stands first."""
_OF_PROCESSES: Final = ("processes", "seats")
_UNENDED: Final = "status IN ('PENDING', 'ENQUEUED', 'DELAYED')"
_AS: Final[Mapping[str, Column]] = {
    "boolean": bool,
    "text": lambda value: value.decode() if isinstance(value, bytes) else value,
    "bytea": lambda value: value.encode() if isinstance(value, str) else value,
}


def under_way(engine: Path) -> tuple[str, ...]:
    """Return the ids of changes that have begun and not ended, by the engine's own file."""
    if not engine.exists():
        return ()
    with closing(sqlite3.connect(f"{engine.absolute().as_uri()}?mode=ro", uri=True)) as file:
        question = f"SELECT workflow_uuid FROM workflow_status WHERE {_UNENDED}"  # noqa: S608 - ours
        return tuple(corr for (corr,) in file.execute(question))


def copied(source: Path, target: PostgresDatabase) -> dict[str, int]:
    """Copy every row in one transaction; return how many each table has, counted there.

    The file is only read, but for bringing its tables to the newest version. Raises Conflict when
    something is in the target already; what the databases raise is of ``sqlite3`` and ``psycopg``.
    """
    opened, session = SqliteDatabase(source).open(_deaf), target.open(_deaf)
    try:
        session.begin()
        _require_empty(session)
        counts = {table: _table(opened.connection, session, table) for table in TABLES}
        _count_on(opened.connection, session)
        session.commit()
    finally:  # what is not committed is gone with the session
        session.close()
        opened.close()
    return counts


def _deaf(tables: frozenset[str] | None) -> None:
    """Hear of nothing: nobody else is there."""


def _require_empty(session: PostgresSession) -> None:
    for table in (*TABLES, *_OF_PROCESSES):
        if _count(session, table):
            raise Conflict(
                "The database is in use already.",
                why=f"Its table {table} has rows.",
                remedy="Name an empty database, or drop the schemas tgk and dbos in this one.",
            )


def _table(source: sqlite3.Connection, session: PostgresSession, table: str) -> int:
    """Copy one table; returns how many rows it has there, which must be those of the file."""
    columns = _columns(session, table)
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - ours
    rows = source.execute(f"SELECT {names} FROM {table}")  # noqa: S608 - ours
    sent = 0
    for row in rows:
        session.execute(insert, _fitting(row, tuple(columns.values())))
        sent += 1
    found = _count(session, table)
    if sent != found:
        raise Conflict("The copy is not whole.", why=f"{table}: {found} rows of {sent} arrived.")
    return found


def _columns(session: PostgresSession, table: str) -> dict[str, str]:
    question = """SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'tgk' AND table_name = ? ORDER BY ordinal_position"""
    return dict(session.execute(question, (table,)).fetchall())


def _fitting(row: Sequence[Any], kinds: Sequence[str]) -> list[Any]:
    """Return values as the columns want them: SQLite keeps what it is given."""
    return [
        value if value is None else _AS.get(kind, _same)(value)
        for value, kind in zip(row, kinds, strict=True)
    ]


def _same(value: Any) -> Any:
    return value


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
