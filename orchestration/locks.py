"""Locks that people and changes hold, over restarts, until somebody gives them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tgk.errors import Locked
from tgk.ports.council import Lock

if TYPE_CHECKING:
    import sqlite3

    from orchestration.store import Store
    from tgk.ports.time import Clock


class StoredLocks:
    """Implements Locks in the store: of two that ask at once, one gets it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def acquire(self, key: str, holder: str, reason: str) -> Lock:
        """Take the lock or keep one's own; raises Locked when another has it."""
        asked = (key, holder, reason, self._clock.now().timestamp())

        def take(connection: sqlite3.Connection) -> Lock:
            connection.execute(
                """INSERT INTO locks (key, holder, reason, since) VALUES (?, ?, ?, ?)
                ON CONFLICT DO NOTHING""",
                asked,
            )
            lock = _one(connection, key)
            if lock is None or lock.holder != holder:
                stands = lock or _lock(asked)
                raise Locked(key, stands.holder, stands.reason, stands.since)
            return lock

        return await self._store.write(take)

    async def release(self, key: str, holder: str | None = None) -> Lock | None:
        """Give it back, if ``holder`` has it or none is named; None when nothing was held."""
        question = """DELETE FROM locks WHERE key = ? AND holder = coalesce(?, holder)
            RETURNING key, holder, reason, since"""
        row = await self._store.write(
            lambda connection: connection.execute(question, (key, holder)).fetchone()
        )
        return _lock(row) if row else None

    async def holder(self, key: str) -> Lock | None:
        """Return who has it."""
        return await self._store.read(lambda connection: _one(connection, key))

    async def held(self) -> tuple[Lock, ...]:
        """Return every lock, oldest first."""
        question = "SELECT key, holder, reason, since FROM locks ORDER BY since, key"
        rows = await self._store.read(lambda connection: connection.execute(question).fetchall())
        return tuple(_lock(row) for row in rows)


def _one(connection: sqlite3.Connection, key: str) -> Lock | None:
    question = "SELECT key, holder, reason, since FROM locks WHERE key = ?"
    row = connection.execute(question, (key,)).fetchone()
    return _lock(row) if row else None


def _lock(row: tuple[str, str, str, float]) -> Lock:
    key, holder, reason, since = row
    return Lock(key=key, holder=holder, reason=reason, since=datetime.fromtimestamp(since, UTC))
