"""Waiting for a signal or a moment, whichever comes first, on an injected clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tgk.ports.time import Clock


async def rest(signal: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Return once ``signal`` is set or the seconds have passed; the signal is left as it is."""
    over = asyncio.Event()

    async def ring() -> None:
        await clock.sleep(max(0.0, seconds))
        over.set()

    async def listen() -> None:
        await signal.wait()
        over.set()

    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(ring()), group.create_task(listen())]
        await over.wait()
        for part in parts:
            part.cancel()
