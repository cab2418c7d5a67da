"""The library under the engine: imported, set up, and asked for the one thing it has no word for.

It is imported without what it imports for others, and logs where everything else is logged.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from orchestration.wal import sqlite as sqlite_engine
from tgk.errors import Unavailable
from tgk.imports import named_only, postponed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path
    from types import ModuleType

_ALIKE, _MOST_KINDS, _MINUTE = 32, 256, 60.0
_IDLE_SECONDS: Final = 3.0
"""PostgreSQL ends a transaction that nobody goes on with, as it does in our own tables.

So a process that is suspended in the middle of one holds nobody up for longer than its lease.
"""
_RECOVER: Final = "_recover_pending_workflows"
_LISTEN_SECONDS: Final = 0.1
"""Nothing is ever sent to a workflow here, but the end of a process waits for one look for it."""


class Seldom(logging.Filter):
    """Lets what begins alike pass once a minute.

    While its database is away the library says so several times a second; the store says it once.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether nothing of the kind was said for a minute; no fault, no count."""
        if record.levelno <= logging.DEBUG:
            return True
        kind = record.getMessage()[:_ALIKE]
        now = self._now()
        if now - self._said.get(kind, float("-inf")) < _MINUTE:
            return False
        if len(self._said) >= _MOST_KINDS:
            self._said.clear()
        self._said[kind] = now
        return True


_STOPPED: Final = ("DBOSAwaitedWorkflowCancelledError", "DBOSWorkflowCancelledError", "Parked")
_USUAL: Final = (
    "Workflow already exists in queue",
    "Asyncio task cancelled for workflow or step",
    "outcome was not recorded: the workflow is no longer owned",
)
"""Said of changes that people stopped, and of those that were recovered after a kill."""


def dbos(*, sqlite: bool) -> ModuleType:
    """Import DBOS; takes a moment, and no other thread may import SQLAlchemy meanwhile.

    It takes PostgreSQL's driver even where nothing but SQLite is used, and names the sessions of
    SQLAlchemy's object mapper for programs that bring some. Raises Unavailable for a version that
    lacks what ``recover`` needs: at the start, not on the day when a process is lost.
    """
    driver = postponed("psycopg", "errors") if sqlite else contextlib.nullcontext()
    with driver, named_only("sqlalchemy.orm", "sqlalchemy.ext.asyncio"):
        module = importlib.import_module("dbos")
    if not callable(getattr(module.DBOS, _RECOVER, None)):
        raise Unavailable(
            "the engine",
            f"This DBOS has no {_RECOVER}.",
            remedy="Install the version that constraints.txt names.",
        )
    log = logging.getLogger("dbos")
    log.addFilter(_expected)  # the same one again is not added
    if not log.handlers:  # else it writes to standard error itself, unmasked
        log.addHandler(logging.NullHandler())
        log.addFilter(Seldom())
    return module


def _expected(record: logging.LogRecord) -> bool:
    """Let what a stop, a withdrawal or a recovery brings with it be no fault in the log."""
    failure = record.exc_info[1] if record.exc_info else None
    stopped = failure is not None and type(failure).__name__ in _STOPPED
    if stopped or any(words in record.getMessage() for words in _USUAL):
        record.levelno, record.levelname, record.exc_info = logging.DEBUG, "DEBUG", None
    return True


def configuration(
    dbos: ModuleType, *, url: str, file: Path, version: str, executor: str, threads: int
) -> dict[str, Any]:
    """Return its settings: a database where ``url`` names one, else the file."""
    own = {} if url else {"system_database_engine": sqlite_engine(file)}
    return {
        "name": "tgk",
        "system_database_url": url or f"sqlite:///{file}",
        "application_version": version,
        "executor_id": executor,
        "serializer": dbos.DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "max_executor_threads": threads,
        "enable_otlp": False,
        "notification_listener_polling_interval_sec": _LISTEN_SECONDS,
        "sys_db_idle_transaction_timeout_sec": _IDLE_SECONDS,
        **own,
    }


def recover(dbos: ModuleType, executors: Collection[str]) -> None:
    """Let somebody go on with what these processes left, and nobody else began since.

    Resuming by id is public, but takes a workflow from whoever runs it by then: of two processes
    that look for lost ones at once, the second would have it run twice.
    """
    getattr(dbos.DBOS, _RECOVER)(sorted(executors))
