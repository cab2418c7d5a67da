"""The store in a file of its own, for one process."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from orchestration.database import StoreAway
from orchestration.schema import MIGRATIONS
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from orchestration.database import Hear

_BUSY_SECONDS = 5.0
_PASSING: Final = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
     sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM}
)  # fmt: skip
"""What may pass: a disk that is full or away, a file that somebody copies."""


class SqliteDatabase:
    """Implements Database; only the owner of the process reads the file."""

    shared: Final = False
    faults: Final = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, hear: Hear) -> SqliteSession:  # noqa: ARG002 - nobody else writes
        """Open the file, or make it."""
        return SqliteSession(_open(self._path))

    def unavailable(self, error: Exception) -> Unavailable:
        """Return the fault, with the disk as the first suspect."""
        passes = getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING
        kind = StoreAway if passes or isinstance(error, OSError) else Unavailable
        return kind("store", f"The state file cannot be used: {error}.", remedy="Look at the disk.")


class SqliteSession:
    """Implements Session."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @property
    def in_transaction(self) -> bool:
        """Whether something was begun and not ended."""
        return self.connection.in_transaction

    def begin(self) -> None:
        """Begin, alone among all writers."""
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make it durable."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """Undo what was begun, if anything was."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def repeats(self, error: Exception) -> bool:  # noqa: ARG002 - whatever it is
        """Say no: a file that refuses once refuses again."""
        return False

    def lost(self, error: Exception) -> Exception:
        """Return the fault of a transaction that SQLite ended by itself."""
        return sqlite3.OperationalError(str(error))

    def scrub(self) -> bool:
        """Empty the log beside the file; not while somebody else reads, or the disk is away."""
        ask = self.connection.execute
        ask("PRAGMA busy_timeout = 0")  # whoever writes does not wait for whoever reads
        try:
            (blocked, *_) = ask("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error:
            return False
        finally:
            ask(f"PRAGMA busy_timeout = {round(_BUSY_SECONDS * 1000)}")
        return not blocked

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)  # from its first moment on
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, cached_statements=256
    )
    path.chmod(0o600)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what was handled leaves no bytes behind
    _migrate(connection)
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to the newest version, each step whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise sqlite3.DatabaseError(f"schema {version} is newer than this program")
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("COMMIT")
