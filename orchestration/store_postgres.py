"""The store in PostgreSQL, which several processes share."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from loguru import logger

from orchestration import dialect
from orchestration.database import StoreAway
from orchestration.schema import MIGRATIONS
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection, Cursor

    from orchestration.database import Hear

SCHEMA: Final = "tgk"
_WRITING, _BUILDING = 0x74676B_01, 0x74676B_02
"""Advisory locks of this database: who writes, and who makes tables."""
_CONNECT_SECONDS: Final = 5
_PATIENCE_SECONDS: Final = 8.0
"""How long a lost server is waited for before those who ask hear of it; then they do at once."""
_READ_ONLY: Final = "25006"
"""What a server says that is about to become the one that is written to."""
_EVERYTHING_SECONDS: Final = 5.0
_EAR_SECONDS: Final = 0.25
_SETTINGS: Final = f"""SET search_path TO {SCHEMA}; SET statement_timeout = '10s';
    SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '3s';
    SET default_transaction_isolation = 'read committed'"""


class Fenced(Unavailable):
    """Another process has taken over what this one did; it must not act any more."""

    def __init__(self) -> None:
        super().__init__(
            "store",
            "This process was silent for too long, and others have taken over.",
            remedy="Start it again.",
        )


class Unsure(Unavailable):
    """The server was lost at the end of a write: whether it counts is not known."""

    def __init__(self) -> None:
        super().__init__("store", "Whether the last change was kept is not known.")


class Life(NamedTuple):
    """One life of one process, as others know it."""

    name: str
    life: str


class PostgresDatabase:
    """Implements Database. All writes come one after another, whichever process makes them.

    Once ``fence`` is set, a write is refused unless that life is still listed among the processes,
    which is asked inside the transaction: what was taken over cannot be changed by its former
    holder. Errors never show the address.
    """

    shared: Final = True

    def __init__(self, url: str, *, patience: float = _PATIENCE_SECONDS) -> None:
        import psycopg

        self.faults: tuple[type[Exception], ...] = (psycopg.Error,)
        self.fence: Life | None = None
        self.patience = patience
        self.url = url
        """With its password: shown to nobody."""

    def open(self, hear: Hear) -> PostgresSession:
        """Connect, make the tables, and begin to listen to others."""
        return PostgresSession(self, hear)

    def connect(self) -> Connection[Any]:
        """Return a new connection with our schema and bounds."""
        import psycopg

        connection = psycopg.connect(
            self.url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            tcp_user_timeout=10_000,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            application_name="tgk",
        )
        connection.execute(_SETTINGS, prepare=False)
        return connection

    def unavailable(self, error: Exception) -> Unavailable:
        """Return the fault in a line, without what the address says."""
        import psycopg

        told = " ".join(str(error).split()) or type(error).__name__
        for secret in sorted(_secrets(self.url), key=len, reverse=True):
            told = told.replace(secret, "***")
        passes = isinstance(error, psycopg.OperationalError)
        kind = StoreAway if passes or getattr(error, "sqlstate", "") == _READ_ONLY else Unavailable
        return kind(
            "store",
            f"The database cannot be used: {told.rstrip('.')}.",
            remedy="Look at PostgreSQL, and at DATABASE_URL.",
        )


class PostgresSession:
    """Implements Session, and behaves like SQLite's connection; finds a lost server again."""

    def __init__(self, database: PostgresDatabase, hear: Hear) -> None:
        self.connection = self
        self._database = database
        self._raw = database.connect()
        self._touched: set[str] = set()
        self._lost: float | None = None
        _migrate(self._raw)
        self._ears = _Ears(database, hear)
        self._ears.start()

    @property
    def in_transaction(self) -> bool:
        """Whether something was begun that can still be ended."""
        from psycopg.pq import TransactionStatus

        return self._raw.info.transaction_status in (
            TransactionStatus.INTRANS, TransactionStatus.INERROR,
        )  # fmt: skip

    def execute(self, text: str, given: Sequence[Any] | Mapping[str, Any] = ()) -> Cursor[Any]:
        """Run a statement as SQLite reads it."""
        wanted = dialect.statement(text)
        cursor = self._run(wanted.text, _plain(given))
        if wanted.changes and cursor.rowcount > 0:
            self._touched.add(wanted.changes)
        return cursor

    def begin(self) -> None:
        """Begin, alone among all writers of all processes; raises Fenced."""
        self._touched.clear()
        life = self._database.fence
        fence = ""
        if life is not None:
            fence = f"; SELECT FROM processes WHERE name = '{life.name}' AND life = '{life.life}'"
        cursor = self._run(f"BEGIN; SELECT pg_advisory_xact_lock({_WRITING}){fence}".encode(), None)
        while cursor.nextset():
            """Only the last answer counts."""
        if life is not None and cursor.rowcount != 1:
            self.rollback()
            raise Fenced

    def commit(self) -> None:
        """Make it durable, and tell the other processes which tables changed."""
        told = ""
        if self._touched:
            heard = " ".join((self._ears.own, *sorted(self._touched)))
            told = f"SELECT pg_notify('tgk', '{heard}'); "
        try:
            self._raw.execute(f"{told}COMMIT", prepare=False)
        except self._database.faults as error:
            if self._raw.closed:
                raise Unsure from error
            raise

    def rollback(self) -> None:
        """Undo what was begun, if anything was and the server is there."""
        if self.in_transaction:
            try:
                self._raw.execute("ROLLBACK", prepare=False)
            except self._database.faults as error:
                logger.debug("rollback not heard: {}", self._database.unavailable(error).why)

    def repeats(self, error: Exception) -> bool:
        """Say whether the transaction was lost with the connection, before it could count."""
        return isinstance(error, self._database.faults) and self._raw.closed

    def lost(self, error: Exception) -> Exception:
        """Return the fault itself: a lost connection says so."""
        return error

    def scrub(self) -> bool:
        """Do nothing: vacuuming, and keeping the server's log, is whose server it is."""
        return True

    def close(self) -> None:
        """Stop listening and disconnect."""
        self._ears.stop(self._raw)
        self._raw.close()

    def _run(self, text: bytes, given: Any) -> Cursor[Any]:
        """Run it; outside of a transaction a lost server is looked for again."""
        fresh = not self.in_transaction
        if fresh and self._raw.closed:
            self._reconnect()
        prepare = None if given is not None else False
        try:
            return self._raw.execute(text, given, prepare=prepare)
        except self._database.faults:
            if not (fresh and self._raw.closed):
                raise
        self._reconnect()
        return self._raw.execute(text, given, prepare=prepare)

    def _reconnect(self) -> None:
        self._lost = self._lost or time.monotonic()
        while True:
            try:
                self._raw = self._database.connect()
            except self._database.faults:
                if time.monotonic() > self._lost + self._database.patience:
                    raise
                time.sleep(0.1)  # this thread has nothing else to do
            else:
                self._lost = None
                return


class _Ears(threading.Thread):
    """Hears which tables other processes wrote to, and wakes everybody now and then besides."""

    def __init__(self, database: PostgresDatabase, hear: Hear) -> None:
        super().__init__(name="tgk-store-ears", daemon=True)
        self.own = f"{id(self):x}-{time.time_ns():x}"
        self._database = database
        self._hear = hear
        self._stopping = threading.Event()

    def stop(self, connection: Connection[Any]) -> None:
        """Stop, at once where the connection still speaks to the server."""
        self._stopping.set()
        with suppress(*self._database.faults):  # else it looks up by itself
            connection.execute("NOTIFY tgk, 'stop'", prepare=False)
        self.join()

    def run(self) -> None:
        """Listen; when the connection is lost, everything may have changed meanwhile."""
        while not self._stopping.is_set():
            try:
                with self._database.connect() as connection:
                    connection.execute("LISTEN tgk", prepare=False)
                    self._heed(connection)
            except self._database.faults as error:
                logger.debug("not listening: {}", self._database.unavailable(error).why)
                self._stopping.wait(1.0)

    def _heed(self, connection: Connection[Any]) -> None:
        everything = 0.0
        while not self._stopping.is_set():
            tables: set[str] = set()
            for note in connection.notifies(timeout=_EAR_SECONDS, stop_after=1):
                tables |= self._meant(note.payload)
            if time.monotonic() >= everything:
                everything = time.monotonic() + _EVERYTHING_SECONDS
                self._hear(None)
            elif tables:
                self._hear(frozenset(tables))

    def _meant(self, payload: str) -> set[str]:
        whose, *tables = payload.split()
        return set() if whose == self.own else set(tables)


def _migrate(connection: Connection[Any]) -> None:
    """Make the tables, or bring them to the newest version; of several processes only one does."""
    import psycopg

    with connection.transaction():
        connection.execute(f"SELECT pg_advisory_xact_lock({_BUILDING})", prepare=False)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}", prepare=False)
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)", prepare=False
        )
        row = connection.execute("SELECT version FROM schema_version", prepare=False).fetchone()
        version = row[0] if row else 0
        if version > len(MIGRATIONS):
            raise psycopg.DatabaseError(f"schema {version} is newer than this program")
        for each in (each for step in MIGRATIONS[version:] for each in step):
            connection.execute(dialect.table(each).encode(), prepare=False)
        if row is None:
            connection.execute("INSERT INTO schema_version VALUES (0)", prepare=False)
        connection.execute("UPDATE schema_version SET version = %s", (len(MIGRATIONS),))


def _plain(given: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
    """Return parameters without the one character that PostgreSQL's texts cannot hold."""
    if isinstance(given, dict):
        return {name: _shown(value) for name, value in given.items()}
    return [_shown(value) for value in given]


def _shown(value: Any) -> Any:
    return value.replace("\0", "␀") if isinstance(value, str) and "\0" in value else value


def _secrets(url: str) -> set[str]:
    """Return what must never be shown of an address: itself, and its password in any spelling."""
    _, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    spelled = {url, password, unquote(password), quote(unquote(password), safe="")}
    return {each for each in spelled if each}
