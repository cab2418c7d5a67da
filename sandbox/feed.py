"""What changed, told to every page that watches; a slow watcher is told to reload."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUND: Final = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened.

    ``kind`` is ``message``, ``edit``, ``delete``, ``reaction``, ``popup``, ``commands``,
    ``interaction``, ``thread``, ``connection`` or ``reload`` (changes were lost: read afresh).
    ``viewer`` names the only account that may see it, if it is private.
    """

    kind: str
    place: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    viewer: str = ""


class Feed:
    """Hands every change to every subscriber, in order, without ever waiting for one."""

    def __init__(self) -> None:
        self._queues: list[asyncio.Queue[Change]] = []

    @contextmanager
    def subscribe(self, bound: int = BOUND) -> Iterator[asyncio.Queue[Change]]:
        """Yield a queue of the changes from now on; it ends with the block."""
        queue: asyncio.Queue[Change] = asyncio.Queue(bound)
        self._queues.append(queue)
        try:
            yield queue
        finally:
            self._queues.remove(queue)

    def publish(self, change: Change) -> None:
        """Tell all; whoever lags behind its bound loses the backlog and gets one ``reload``."""
        for queue in self._queues:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(Change("reload"))
            else:
                queue.put_nowait(change)
