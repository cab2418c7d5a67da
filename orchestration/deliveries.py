"""The inbox: what the platforms handed over, kept until it was handled, recognised after that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestration.store import Store
    from tgk.ports.time import Clock

REMEMBERED_SECONDS = 14 * 86400.0
"""Longer than any platform repeats a delivery."""


class StoredDeliveries:
    """Implements Deliveries in the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def accept(self, source: str, items: Sequence[tuple[str, bytes]]) -> list[str]:
        """Store new (id, payload) pairs durably and return the ids not seen before, in order."""
        if not items:
            return []
        now = self._clock.now().timestamp()
        question = """INSERT INTO deliveries (source, id, payload, at) VALUES (?, ?, ?, ?)
            ON CONFLICT DO NOTHING"""
        return await self._store.write(
            lambda connection: [
                delivery
                for delivery, payload in items
                if connection.execute(question, (source, delivery, payload, now)).rowcount
            ]
        )

    async def done(self, source: str, delivery_id: str) -> None:
        """Note that a delivery was handled to the end; its payload is dropped, its id is kept."""
        question = "UPDATE deliveries SET payload = NULL WHERE source = ? AND id = ?"
        await self._store.write(
            lambda connection: connection.execute(question, (source, delivery_id)).rowcount,
            drops=True,  # whatever somebody typed, a secret perhaps
        )

    async def waiting(self, source: str) -> list[tuple[str, bytes]]:
        """Return what was accepted and not done, oldest first; read once at start."""
        question = """SELECT id, payload FROM deliveries
            WHERE source = ? AND payload IS NOT NULL ORDER BY seq"""
        return await self._store.read(
            lambda connection: connection.execute(question, (source,)).fetchall()
        )

    async def recall(self, source: str, delivery_id: str) -> bytes | None:
        """Return the stored payload of a delivery that is not done."""
        question = "SELECT payload FROM deliveries WHERE source = ? AND id = ?"
        row = await self._store.read(
            lambda connection: connection.execute(question, (source, delivery_id)).fetchone()
        )
        return bytes(row[0]) if row and row[0] is not None else None

    async def purge(self) -> int:
        """Forget the ids of what was handled long ago; returns how many."""
        before = self._clock.now().timestamp() - REMEMBERED_SECONDS
        question = "DELETE FROM deliveries WHERE at < ? AND payload IS NULL"
        return await self._store.write(
            lambda connection: connection.execute(question, (before,)).rowcount
        )
