"""A served emulator for each test, on loopback, and the real clients moved to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.cast import Cast, default_cast
from sandbox.clock import WallClock
from sandbox.discord import DiscordEmulator
from sandbox.serving import served
from sandbox.telegram import TelegramEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tgk.ports.time import Clock


@pytest.fixture
def cast() -> Cast:
    """The people and places as shipped."""
    return default_cast()


@pytest.fixture
def clock() -> Clock:
    """Real time; tests that need another bring their own."""
    return WallClock()


@pytest.fixture
async def telegram(cast: Cast, clock: Clock) -> TelegramEmulator:
    """A Telegram without flood limits."""
    return TelegramEmulator(cast, clock, flood_limits=False)


@pytest.fixture
async def telegram_address(telegram: TelegramEmulator) -> AsyncIterator[str]:
    """The served Telegram's address."""
    async with served({"/telegram": telegram.app()}) as address:
        yield f"{address}/telegram"


@pytest.fixture
async def discord(cast: Cast, clock: Clock) -> DiscordEmulator:
    """A Discord whose people are impatient, for tests of silence."""
    return DiscordEmulator(cast, clock)


@pytest.fixture
async def discord_address(discord: DiscordEmulator) -> AsyncIterator[str]:
    """The served Discord's address."""
    async with served({"/discord": discord.app()}) as address:
        yield f"{address}/discord"
