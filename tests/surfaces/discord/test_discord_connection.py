"""How the surface starts and fails: what a supervisor may try again and what it must not."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import discord
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.discord.client import OpsClient
from bot.discord.surface import DiscordSurface
from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def platform() -> AsyncIterator[dict[str, Any]]:
    """Return a loopback Discord that only knows who logs in."""
    told: dict[str, Any] = {"status": 200}

    async def me(request: web.Request) -> web.Response:
        body = {"id": "5", "username": "tgk", "discriminator": "0", "avatar": None, "bot": True}
        return web.Response(
            status=told["status"],
            body=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )

    app = web.Application()
    app.router.add_get("/api/v10/users/@me", me)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    told["url"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield told
    discord.http.Route.BASE = base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = gateway
    await runner.cleanup()


def surface(api: str) -> DiscordSurface:
    """Return a surface that never gets as far as a command."""
    unused: Any = None
    return DiscordSurface(
        token=SecretStr("t"), discovery=unused, dispatcher=unused, directory=unused,
        buttons=unused, board=unused, presenter=unused, notes=unused, clock=unused,
        api_url=api, gateway_url="ws://127.0.0.1:9/gateway",
    )  # fmt: skip


async def test_a_rejected_token_is_not_tried_again(platform: dict[str, Any]) -> None:
    """The operator must act: it is an error and never a reason to simulate."""
    platform["status"] = 401
    door = surface(platform["url"])

    with pytest.raises(Rejected, match="DISCORD_TOKEN"):
        await door.run()

    assert not door.ready


async def test_an_unreachable_platform_may_be_tried_again() -> None:
    """A refused connection is an outage."""
    door = surface("http://127.0.0.1:9/api/v10")

    with pytest.raises(Unavailable, match="connection was lost"):
        await door.run()


async def test_an_answer_of_5xx_may_be_tried_again(platform: dict[str, Any]) -> None:
    """So is a platform that is down behind its front."""
    platform["status"] = 503
    door = surface(platform["url"])

    with pytest.raises(Unavailable):
        await door.run()


async def test_a_gateway_that_cannot_be_reached_at_first_may_be_tried_again(
    deaf: DiscordSurface,
) -> None:
    """The library gives up after its first failure; a fresh client may go on."""
    with pytest.raises(Unavailable, match="gateway did not let us in"):
        await deaf.run()


async def test_closing_what_never_ran_is_no_fault() -> None:
    """A stop before the start is a stop."""
    door = surface("")

    await door.close()

    assert not door.ready


async def test_it_is_ready_once_its_own_guild_is_there_and_waits_for_no_other() -> None:
    """The library would wait for guilds that may still come; events of ours arrive already."""
    desk: Any = SimpleNamespace(guild=100000000000000001)
    client = OpsClient(desk)
    foreign: Any = SimpleNamespace(id=100000000000000009)
    ours: Any = SimpleNamespace(id=100000000000000001)

    await client.on_guild_available(foreign)
    before = client.connected
    await client.on_guild_available(ours)

    assert (before, client.connected) == (False, True)
