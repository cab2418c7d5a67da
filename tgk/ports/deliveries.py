"""What the platforms have already handed over, so that a repeated delivery is recognised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Deliveries(Protocol):
    """A durable inbox per source (``telegram``, ``git``, ``alert``)."""

    async def accept(self, source: str, items: Sequence[tuple[str, bytes]]) -> list[str]:
        """Store new (id, payload) pairs durably and return the ids not seen before, in order."""

    async def done(self, source: str, delivery_id: str) -> None:
        """Note that a delivery was handled to the end; its payload is dropped, its id is kept."""

    async def waiting(self, source: str) -> list[tuple[str, bytes]]:
        """Return what was accepted and not done, oldest first; read once at start."""

    async def recall(self, source: str, delivery_id: str) -> bytes | None:
        """Return the stored payload of a delivery that is not done."""
