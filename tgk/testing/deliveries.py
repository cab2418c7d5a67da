"""An inbox in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class FakeDeliveries:
    """Implements Deliveries."""

    def __init__(self) -> None:
        self._payloads: dict[tuple[str, str], bytes | None] = {}

    async def accept(self, source: str, items: Sequence[tuple[str, bytes]]) -> list[str]:
        """Keep new pairs and return their ids, in order."""
        fresh = []
        for delivery, payload in items:
            if (source, delivery) not in self._payloads:
                self._payloads[source, delivery] = payload
                fresh.append(delivery)
        return fresh

    async def done(self, source: str, delivery_id: str) -> None:
        """Drop the payload and keep the id."""
        if (source, delivery_id) in self._payloads:
            self._payloads[source, delivery_id] = None

    async def waiting(self, source: str) -> list[tuple[str, bytes]]:
        """Return what was accepted and not done, oldest first."""
        return [
            (delivery, payload)
            for (of, delivery), payload in self._payloads.items()
            if of == source and payload is not None
        ]

    async def recall(self, source: str, delivery_id: str) -> bytes | None:
        """Return the payload of a delivery that is not done."""
        return self._payloads.get((source, delivery_id))
