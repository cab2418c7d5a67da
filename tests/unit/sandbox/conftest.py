"""A served emulator for each test, on loopback, and the real clients moved to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import discord as library
import pytest
import yarl

from sandbox.cast import Cast, default_cast
from sandbox.clock import WallClock
from sandbox.discord import DiscordEmulator
from sandbox.serving import served
from sandbox.telegram import TelegramEmulator
from tests.unit.sandbox.clients import Wire
from tgk.testing.clock import FakeClock

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


@pytest.fixture
def moved(discord_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Move the library to the served Discord."""
    monkeypatch.setattr(library.http.Route, "BASE", f"{discord_address}/api/v10")
    gateway = yarl.URL(discord_address.replace("http", "ws", 1) + "/gateway")
    monkeypatch.setattr(library.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    return discord_address


@pytest.fixture
def council(cast: Cast) -> dict[str, Any]:
    """Where the council meets."""
    return {"chat_id": cast.council_chat, "message_thread_id": cast.council_thread}


@pytest.fixture
def frozen() -> FakeClock:
    """Time that the test moves."""
    return FakeClock()


@pytest.fixture
async def still(cast: Cast, frozen: FakeClock) -> DiscordEmulator:
    """A Discord on the test's time, with limits, whose people do not wait."""
    emulator = DiscordEmulator(cast, frozen, rate_limits=True)
    emulator.patience = 0.0
    return emulator


@pytest.fixture
async def wire(still: DiscordEmulator, cast: Cast) -> AsyncIterator[Wire]:
    """Raw calls to it."""
    headers = {"Authorization": f"Bot {cast.discord_token}"}
    async with (
        served({"/discord": still.app()}) as address,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        yield Wire(session, f"{address}/discord")
