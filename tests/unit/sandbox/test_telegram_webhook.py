"""Updates are posted where the bot wants them, with its secret, and repeated until taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from sandbox.serving import served

if TYPE_CHECKING:
    from sandbox.telegram import TelegramEmulator


async def test_updates_are_posted_until_they_are_taken(
    telegram: TelegramEmulator, telegram_address: str
) -> None:
    """A webhook that fails once gets the same update again, with the secret, before the next."""
    got: list[tuple[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        update = await request.json()
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        got.append((secret, update["message"]["text"]))
        return web.Response(status=500 if len(got) == 1 else 200)

    receiver = web.Application()
    receiver.router.add_post("/take", take)
    async with served({"/bot": receiver}) as address, aiohttp.ClientSession() as session:
        call = f"{telegram_address}/bot{telegram.cast.telegram_token}"
        wish = {"url": f"{address}/bot/take", "secret_token": "s3cret"}
        async with session.post(f"{call}/setWebhook", json=wish) as answer:
            assert answer.ok
        await telegram.say("dana", text="/one")
        await telegram.say("dana", text="/two")
        async with session.get(f"{call}/getWebhookInfo") as answer:
            info = (await answer.json())["result"]
        async with session.get(f"{call}/getUpdates") as answer:
            polled = answer.status

    assert got == [("s3cret", "/one"), ("s3cret", "/one"), ("s3cret", "/two")]
    assert (info["pending_update_count"], polled) == (0, 409)
    assert "500" in info["last_error_message"]
