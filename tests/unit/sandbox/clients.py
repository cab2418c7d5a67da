"""Clients of the simulated platforms that several tests use: raw calls, and both libraries."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import aiohttp
    import discord

    from sandbox.discord import DiscordEmulator

    Client = TypeVar("Client", bound=discord.Client)

DEPLOYMENTS = "/channels/400000000000000002/messages"
LAYOUT = 1 << 15
CARD = {"type": 10, "content": "card"}
KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("Approve", callback_data="tgk:a:0123456789")]])


class Wire:
    """Raw calls of Discord's API with the right token."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session = session
        self.address = address

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of one call."""
        url = f"{self.address}/api/v10{path}"
        async with self.session.request(method, url, json=body) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if raw else None


@asynccontextmanager
async def running(bot: Client, token: str) -> AsyncIterator[Client]:
    """Run a bot of Discord's library until the block ends."""
    async with asyncio.TaskGroup() as group:
        group.create_task(bot.start(token))
        await asyncio.wait_for(bot.wait_until_ready(), 5)
        try:
            yield bot
        finally:
            await bot.close()


async def connected(address: str, token: str) -> Bot:
    """Return a started client of the served Telegram."""
    bot = Bot(token, base_url=f"{address}/bot", base_file_url=f"{address}/file/bot")
    await bot.initialize()
    return bot


async def until(condition: Callable[[], object]) -> None:
    """Give the loop turns until something holds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def texts(emulator: DiscordEmulator, channel: str, viewer: str = "") -> list[str]:
    """Return the plain texts that somebody sees."""
    return [message.content for message in emulator.messages(channel, viewer)]
