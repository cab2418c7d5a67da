"""A board on its desk, for the stories of this room."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from orchestration.board import DurableBoard
from orchestration.store import Store
from tgk.testing.board import FakeCourier
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Desk:
    """A board with its store, clock and two platforms; ``settle`` lets everything due happen."""

    def __init__(self, path: Path, *, backlog: int = 1000) -> None:
        self.clock = FakeClock()
        self.telegram = FakeCourier("telegram", edit_interval=4.0)
        self.discord = FakeCourier("discord", edit_interval=1.5)
        self.backlog = backlog
        self.path = path
        self.store = Store(path)
        self.board = DurableBoard(self.store, [], self.clock)

    @asynccontextmanager
    async def open(self, *, without: str = "") -> AsyncIterator[DurableBoard]:
        """Start the board as a new process would."""
        couriers = [each for each in (self.telegram, self.discord) if each.platform != without]
        async with Store(self.path) as self.store:
            board = DurableBoard(self.store, couriers, self.clock, backlog=self.backlog, grace=0.2)
            async with board as self.board:
                yield self.board

    async def settle(self) -> None:
        """Let workers and store act until nothing happens without the clock."""
        for _ in range(30):
            await self.store.read(lambda connection: connection.total_changes)
            for _ in range(10):
                await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass with everything that it brings."""
        await self.settle()
        await self.clock.advance(seconds)
        await self.settle()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk whose clock stands still."""
    return Desk(tmp_path / "tgk.sqlite")
