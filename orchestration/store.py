"""The process's own durable memory: one SQLite file, one thread, many writes in one commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from orchestration.schema import MIGRATIONS
from tgk.errors import TgkError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

T = TypeVar("T")
_MOST_IN_ONE_COMMIT = 256
_BUSY_SECONDS = 5.0


@dataclass(slots=True)
class _Job(Generic[T]):
    act: Callable[[sqlite3.Connection], T]
    changes: bool
    promise: asyncio.Future[T]
    value: T | None = None
    error: Exception | None = None


class Store:
    """Runs functions on one connection, in the order asked; a write that returned is durable.

    Durable means over a kill of the process; a power cut may take the last moments (WAL, NORMAL).
    Writes that wait together share one commit, and one that fails undoes only itself.
    """

    def __init__(self, path: Path, *, capacity: int = 4096) -> None:
        self._path = path
        self._room = asyncio.Semaphore(capacity)
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(
            target=self._work, args=(self._loop, opened), name="tgk-store", daemon=True
        )
        self._thread.start()
        await opened
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        thread, self._thread = self._thread, None
        self._jobs.put(None)
        if thread is not None:
            await asyncio.to_thread(thread.join)

    async def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act`` in a transaction; returns once it is durable, raises what it raised.

        ``act`` runs on another thread and must not keep the connection. Raises Unavailable when
        the file cannot be written.
        """
        return await self._submit(act, changes=True)

    async def read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act`` after every write asked for before."""
        return await self._submit(act, changes=False)

    async def _submit(self, act: Callable[[sqlite3.Connection], T], *, changes: bool) -> T:
        if self._thread is None or self._loop is None:
            raise Unavailable("store", "It is not open.")
        async with self._room:
            promise: asyncio.Future[T] = self._loop.create_future()
            self._jobs.put(_Job(act, changes, promise))
            return await promise

    def _work(self, loop: asyncio.AbstractEventLoop, opened: asyncio.Future[None]) -> None:
        """Own the connection from opening to closing."""
        try:
            connection = _open(self._path)
        except (sqlite3.Error, OSError) as error:
            loop.call_soon_threadsafe(opened.set_exception, _unavailable(error))
            return
        loop.call_soon_threadsafe(opened.set_result, None)
        going = True
        while going:
            batch, going = self._waiting()
            if batch:
                _commit(connection, batch)
                loop.call_soon_threadsafe(_settle, batch)
        connection.close()

    def _waiting(self) -> tuple[list[_Job[Any]], bool]:
        """Wait for work; return all there is, and whether more may come."""
        batch: list[_Job[Any]] = []
        job = self._jobs.get()
        try:
            while job is not None:
                batch.append(job)
                if len(batch) >= _MOST_IN_ONE_COMMIT:
                    return batch, True
                job = self._jobs.get_nowait()
        except Empty:
            return batch, True
        return batch, False


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


def _commit(connection: sqlite3.Connection, batch: list[_Job[Any]]) -> None:
    """Run every job and make the writes durable together."""
    alone = len(batch) == 1
    try:
        if any(job.changes for job in batch):
            connection.execute("BEGIN IMMEDIATE")
        for job in batch:
            _attempt(connection, job, guarded=job.changes and not alone)
        if connection.in_transaction:
            connection.execute("ROLLBACK" if alone and batch[0].error else "COMMIT")
    except sqlite3.Error as error:
        _spoil(connection, batch, error)


def _attempt(connection: sqlite3.Connection, job: _Job[Any], *, guarded: bool) -> None:
    """Run one job; its own failure is kept for the one who asked, a lost transaction is raised."""
    if guarded:
        connection.execute("SAVEPOINT one")
    try:
        job.value = job.act(connection)
    except Exception as error:
        job.error = error
        if job.changes and not connection.in_transaction:
            raise sqlite3.OperationalError(str(error)) from error
        if guarded:
            connection.execute("ROLLBACK TO one")
    if guarded:
        connection.execute("RELEASE one")


def _spoil(connection: sqlite3.Connection, batch: list[_Job[Any]], error: Exception) -> None:
    """Undo a whole batch that the disk refused; who only reads gets what still stands."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    for job in batch:
        job.error = error if job.changes else None
        if not job.changes:
            _attempt(connection, job, guarded=False)


def _settle(batch: list[_Job[Any]]) -> None:
    """Hand out the results, on the loop."""
    for job in batch:
        if job.promise.done():
            continue  # the one who asked was cancelled; the write stands
        if job.error is None:
            job.promise.set_result(job.value)
        else:
            job.promise.set_exception(_unavailable(job.error))


def _unavailable(error: Exception) -> Exception:
    """Return what the asker may see of a fault of the database; other errors are theirs."""
    if isinstance(error, TgkError) or not isinstance(error, sqlite3.Error | OSError):
        return error
    shown = Unavailable(
        "store", f"The state file cannot be used: {error}.", remedy="Look at the disk."
    )
    shown.__cause__ = error
    return shown
