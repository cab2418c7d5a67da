"""Small facts that commands recall after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.store import Store


class StoredNotes:
    """Implements Notes in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str) -> str | None:
        """Return the value, None when there is none."""
        question = "SELECT value FROM notes WHERE key = ?"
        row = await self._store.read(
            lambda connection: connection.execute(question, (key,)).fetchone()
        )
        return str(row[0]) if row else None

    async def put(self, key: str, value: str) -> None:
        """Set the value; durable on return."""
        question = """INSERT INTO notes (key, value) VALUES (?, ?)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value"""
        await self._store.write(
            lambda connection: connection.execute(question, (key, value)).rowcount
        )

    async def drop(self, key: str) -> None:
        """Forget the value, if there is one."""
        await self._store.write(
            lambda connection: (
                connection.execute("DELETE FROM notes WHERE key = ?", (key,)).rowcount
            )
        )
