"""Moving changes that are under way: what the engine keeps of each, from its file to PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from orchestration.dbos_import import dbos
from orchestration.fitting import columns, fitting
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from orchestration.store_postgres import PostgresSession

_SCHEMA: Final = "dbos"
_TABLES: Final = ("workflow_status", "workflow_input", "operation_outputs")
"""What was asked, and what each step came to; what is referred to stands first."""
_UNENDED: Final = """workflow_uuid IN (SELECT workflow_uuid FROM workflow_status
    WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED'))"""


def prepare(url: str) -> None:
    """Make the engine's tables in a database that lacks them; raises Unavailable."""
    library = dbos(sqlite=False)
    from sqlalchemy.exc import SQLAlchemyError

    try:
        library.run_dbos_database_migrations(url)
    except (SQLAlchemyError, library.error.DBOSException) as error:
        raise Unavailable(
            "the engine", "Its tables cannot be made in this database.",
            remedy="Let the account of DATABASE_URL make schemas there.",
        ) from error  # fmt: skip


def moved(engine: Path, session: PostgresSession, executor: str) -> int:
    """Copy what the engine keeps of changes that have begun and not ended; return how many.

    The process that is called ``executor`` goes on with them at its next start, each from the step
    that it had come to.
    """
    if not engine.exists():
        return 0
    with closing(sqlite3.connect(f"{engine.absolute().as_uri()}?mode=ro", uri=True)) as file:
        count, *_ = [_table(file, session, table) for table in _TABLES]
    session.execute(
        f"UPDATE {_SCHEMA}.workflow_status SET executor_id = ?",  # noqa: S608 - ours
        (executor,),
    )
    return count


def _table(file: sqlite3.Connection, session: PostgresSession, table: str) -> int:
    """Copy the rows of changes under way; former versions of the file lack some columns."""
    here = {row[1] for row in file.execute(f"PRAGMA table_info({table})")}
    there = {name: kind for name, kind in columns(session, _SCHEMA, table).items() if name in here}
    names, marks = ", ".join(there), ", ".join("?" * len(there))
    insert = f"INSERT INTO {_SCHEMA}.{table} ({names}) VALUES ({marks})"  # noqa: S608 - ours
    rows = file.execute(f"SELECT {names} FROM {table} WHERE {_UNENDED}").fetchall()  # noqa: S608 - ours
    for row in rows:
        session.execute(insert, fitting(row, tuple(there.values())))
    return len(rows)
