"""What every implementation of Groups promises."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr

from bot.runtime.clock import SystemClock
from integrations.discord.address import move
from integrations.discord.courier import RestClient
from integrations.discord.members import GuildMembers
from sandbox.cast import default_cast
from sandbox.discord.emulator import DiscordEmulator
from sandbox.serving import served
from tgk.errors import Unavailable, Upstream
from tgk.testing.groups import FakeGroups

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tgk.ports.groups import Groups

DANA, OUTSIDER = "300000000000000002", "999000000000000009"
RELEASE_MGR, VIEWER = "200000000000000002", "200000000000000004"


@dataclass(frozen=True, slots=True)
class Platform:
    """An implementation, and the levers of the world behind it."""

    groups: Groups
    give: Callable[[set[str]], None]
    """Lets dana have exactly these roles from now on."""
    silence: Callable[[], None]


@pytest.fixture(params=["fake", "discord"])
async def platform(request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    """Give each implementation in turn; dana is a release manager."""
    async with fake() if request.param == "fake" else real() as made:
        made.give({RELEASE_MGR})
        yield made


@asynccontextmanager
async def fake() -> AsyncIterator[Platform]:
    """Return the one in memory."""
    groups = FakeGroups({})

    def give(roles: set[str]) -> None:
        groups.table[DANA] = roles

    def silence() -> None:
        groups.broken = "no connection"

    yield Platform(groups, give, silence)


@asynccontextmanager
async def real() -> AsyncIterator[Platform]:
    """Return the one that asks a Discord on this machine."""
    cast = default_cast()
    emulator = DiscordEmulator(cast, SystemClock())
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY

    def give(roles: set[str]) -> None:
        changed = [
            replace(each, roles=tuple(roles)) if each.discord == DANA else each
            for each in cast.people
        ]
        emulator.state.guild.cast = replace(cast, people=tuple(changed))

    async with served({"/discord": emulator.app()}) as address:
        move(f"{address}/discord/api/v10", f"{address}/discord/gateway")
        try:
            async with RestClient(SecretStr(cast.discord_token)) as rest:
                members = GuildMembers(rest, cast.guild)
                yield Platform(members, give, lambda: emulator.faults.fail(f"/members/{DANA}", 503))
        finally:
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


async def test_the_roles_of_a_member_are_those_of_this_moment(platform: Platform) -> None:
    """What was given or taken between two questions shows in the second."""
    before = await platform.groups.held(DANA)
    platform.give({VIEWER})
    after = await platform.groups.held(DANA)

    assert (before, after) == ({RELEASE_MGR}, {VIEWER})


async def test_whoever_is_not_there_has_no_roles(platform: Platform) -> None:
    """An account that left is no error: it has nothing."""
    assert await platform.groups.held(OUTSIDER) == frozenset()


async def test_silence_is_an_error_and_not_an_absence_of_roles(platform: Platform) -> None:
    """Nobody takes a platform that does not answer for one that says no."""
    platform.silence()

    with pytest.raises(Unavailable):
        await platform.groups.held(DANA)


async def test_what_is_no_account_is_never_asked_for() -> None:
    """A strange id does not become part of an address."""
    async with RestClient(SecretStr("t")) as rest:
        with pytest.raises(Upstream, match="not the id"):
            await GuildMembers(rest, "1").held("../../channels/1")
