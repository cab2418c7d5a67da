"""The process's own durable memory: one connection, one thread, many writes in one commit."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from loguru import logger

from orchestration.database import StoreAway
from orchestration.store_sqlite import SqliteDatabase
from tgk.errors import TgkError, Unavailable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from orchestration.database import Database, Session

T = TypeVar("T")
_MOST_IN_ONE_COMMIT = 256
_LONGEST_WAIT: Final = 900.0
_AGAIN_SECONDS: Final = 0.25
_QUIET_SECONDS: Final = 0.25
_MOST_STALE_SECONDS: Final = 2.0
"""How long what was dropped may be found in a log beside the tables: until a quiet moment, or so
long where there is none."""
_waits: ContextVar[bool] = ContextVar("waits for a store that is away", default=False)


def wait_for_stores() -> None:
    """Let this task, and those it begins, wait for a store that is away instead of hearing of it.

    For what is durable itself: it has time, and its failure would be remembered.
    """
    _waits.set(True)


@dataclass(slots=True)
class _Job(Generic[T]):
    act: Callable[[sqlite3.Connection], T]
    changes: bool
    drops: bool
    promise: asyncio.Future[T]
    value: T | None = None
    error: Exception | None = None


class Store:
    """Runs functions on one connection, in the order asked; a write that returned is durable.

    ``place`` is a file of SQLite's, or another database. A function sees SQLite's own connection or
    one that behaves alike. In a file, durable means over a kill of the process; a power cut may
    take the last moments (WAL, NORMAL). Writes that wait together share one commit, and one that
    fails undoes only itself. Who waits for stores does so for ``patience`` seconds at most.
    """

    def __init__(
        self, place: Path | Database, *, capacity: int = 4096, patience: float = _LONGEST_WAIT
    ) -> None:
        self.away = ""
        """Why it could not be used when last asked; empty while it can."""
        self._patience = patience
        self._lost = 0.0
        self._database: Database = SqliteDatabase(place) if isinstance(place, Path) else place
        self._room = asyncio.Semaphore(capacity)
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ears: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)

    @property
    def shared(self) -> bool:
        """Whether other processes may write to it, too."""
        return self._database.shared

    def listen(self, tables: Iterable[str], heard: Callable[[], None]) -> None:
        """Call ``heard`` on the loop, soon after another process wrote to one of the tables.

        It may be called without need, and is from time to time. Nobody else writes to a file.
        """
        for table in tables:
            self._ears[table].append(heard)

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

    async def write(self, act: Callable[[sqlite3.Connection], T], *, drops: bool = False) -> T:
        """Run ``act`` in a transaction; returns once it is durable, raises what it raised.

        ``drops`` says that it drops what must be found nowhere: soon after, no file has it.
        ``act`` runs on another thread, must not keep the connection, and may be run again when
        what it did was lost with the connection. Raises Unavailable when nothing can be written.
        """
        return await self._submit(act, changes=True, drops=drops)

    async def read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``act`` after every write asked for before."""
        return await self._submit(act, changes=False)

    async def _submit(
        self, act: Callable[[sqlite3.Connection], T], *, changes: bool, drops: bool = False
    ) -> T:
        until = time.monotonic() + (self._patience if _waits.get() else 0.0)
        while True:
            try:
                return await self._once(act, changes=changes, drops=drops)
            except StoreAway:
                if time.monotonic() >= until:
                    raise
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _once(
        self, act: Callable[[sqlite3.Connection], T], *, changes: bool, drops: bool
    ) -> T:
        if self._thread is None or self._loop is None:
            raise Unavailable("store", "It is not open.")
        async with self._room:
            promise: asyncio.Future[T] = self._loop.create_future()
            self._jobs.put(_Job(act, changes, drops, promise))
            return await promise

    def _work(self, loop: asyncio.AbstractEventLoop, opened: asyncio.Future[None]) -> None:
        """Own the connection from opening to closing."""

        def hear(tables: frozenset[str] | None) -> None:
            loop.call_soon_threadsafe(self._tell, tables)

        expected: tuple[type[Exception], ...] = (OSError, *_expected(self._database))
        try:
            session = self._database.open(hear)
        except expected as error:
            shown = _shown(self._database, error)
            loop.call_soon_threadsafe(opened.set_exception, shown)
            return
        loop.call_soon_threadsafe(opened.set_result, None)
        self._serve(loop, session)
        session.close()

    def _serve(self, loop: asyncio.AbstractEventLoop, session: Session) -> None:
        """Commit what is asked for, and scrub after what was dropped, until the end."""
        stale: float | None = time.monotonic()  # a former life may have left something
        going = True
        while going:
            batch, going = self._waiting(_QUIET_SECONDS if stale else None)
            if batch:
                _commit(self._database, session, batch)
                loop.call_soon_threadsafe(self._settle, batch)
            now = time.monotonic()
            if stale and (not batch or now - stale > _MOST_STALE_SECONDS):
                stale = None if session.scrub() else now
            if any(job.drops for job in batch):
                stale = stale or now

    def _settle(self, batch: list[_Job[Any]]) -> None:
        """Hand out the results, on the loop."""
        for job in batch:
            shown = _shown(self._database, job.error) if job.error else None
            self._heed(shown, wrote=job.changes)
            if job.promise.done():
                continue  # the one who asked was cancelled; the write stands
            if shown is None:
                job.promise.set_result(job.value)
            else:
                job.promise.set_exception(shown)

    def _heed(self, error: Exception | None, *, wrote: bool) -> None:
        """Note whether the store can be used, and say so when that changes."""
        if isinstance(error, StoreAway):
            if not self.away:
                self._lost = time.monotonic()
                logger.warning("store away, what is under way waits for it: {}", error.why)
            self.away = error.why
        elif self.away and error is None and wrote:  # a full disk can still be read
            spent = time.monotonic() - self._lost
            logger.bind(seconds=round(spent, 1)).warning("store back, what waited goes on")
            self.away = ""

    def _tell(self, tables: frozenset[str] | None) -> None:
        """Call who listens to one of these tables, or everybody."""
        for table in self._ears if tables is None else tables & self._ears.keys():
            for heard in tuple(self._ears[table]):
                heard()

    def _waiting(self, patience: float | None) -> tuple[list[_Job[Any]], bool]:
        """Wait for work, so long at most; return all there is, and whether more may come."""
        batch: list[_Job[Any]] = []
        try:
            job = self._jobs.get(timeout=patience)
            while job is not None:
                batch.append(job)
                if len(batch) >= _MOST_IN_ONE_COMMIT:
                    return batch, True
                job = self._jobs.get_nowait()
        except Empty:
            return batch, True
        return batch, False


def _commit(database: Database, session: Session, batch: list[_Job[Any]]) -> None:
    """Run every job and make the writes durable together."""
    expected = _expected(database)
    try:
        _together(database, session, batch)
    except expected as error:
        if not session.repeats(error):
            _spoil(session, batch, error)
            return
        try:
            _together(database, session, batch)
        except expected as again:
            _spoil(session, batch, again)


def _expected(database: Database) -> tuple[type[Exception], ...]:
    """Return what a database may raise when it cannot be used."""
    return (TgkError, *database.faults)


def _together(database: Database, session: Session, batch: list[_Job[Any]]) -> None:
    alone = len(batch) == 1
    if any(job.changes for job in batch):
        session.begin()
    for job in batch:
        careful = (job.changes or database.shared) and session.in_transaction
        _attempt(session, job, guarded=careful and not alone)
    if session.in_transaction:
        (session.rollback if alone and batch[0].error else session.commit)()


def _attempt(session: Session, job: _Job[Any], *, guarded: bool) -> None:
    """Run one job; its own failure is kept for the one who asked, a lost transaction is raised."""
    job.error = None
    if guarded:
        session.connection.execute("SAVEPOINT one")
    try:
        job.value = job.act(session.connection)
    except Exception as error:  # whatever it is, it is the asker's, who raises it
        job.error = error
        if job.changes and not session.in_transaction:
            raise session.lost(error) from error
        if guarded:
            session.connection.execute("ROLLBACK TO one")
    if guarded:
        session.connection.execute("RELEASE one")


def _spoil(session: Session, batch: list[_Job[Any]], error: Exception) -> None:
    """Undo a whole batch that was refused; who only reads gets what still stands."""
    session.rollback()
    for job in batch:
        job.error = error if job.changes else None
        if not job.changes:
            _attempt(session, job, guarded=False)


def _shown(database: Database, error: Exception) -> Exception:
    """Return what the asker may see of a fault of the database; other errors are theirs."""
    if isinstance(error, TgkError) or not isinstance(error, (*database.faults, OSError)):
        return error
    shown = database.unavailable(error)
    shown.__cause__ = error
    return shown


def store_away(error: BaseException) -> Unavailable | None:
    """Return the word of a store that it cannot be used, if that is what went wrong."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(store_away, error.exceptions)), None)
    if isinstance(error, Unavailable) and error.system == "store":
        return error
    return None
