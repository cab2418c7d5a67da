"""Real time for the simulated world; tests bring their own."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class WallClock:
    """Implements ``tgk.ports.time.Clock`` with the machine's own clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
