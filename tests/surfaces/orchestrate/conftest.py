"""A guild of a simulated platform, in front of the shipped commands and policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import discord
import pytest
import simcord
from pydantic import SecretStr

from bot.discord.surface import DiscordSurface
from integrations.discord.presenter import Presenter
from tgk.testing.buttons import FakeButtons
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import World

DANA = "300000000000000002"


@dataclass
class AsDana:
    """Knows the one account of the guild, whose number the platform chooses, as dana's."""

    directory: Any

    def resolve(self, platform: Any, user_id: str, **more: Any) -> Any:
        """Return dana."""
        return self.directory.resolve(platform, DANA if user_id else "", **more)

    def account(self, person: str, platform: Any) -> str | None:
        """Nobody is to be notified."""
        return None


@dataclass
class Guild:
    """A simulated guild of the estate, with dana in #deployments."""

    env: Any
    channel: Any
    dana: Any
    runs: FakeRuns
    world: World
    presenter: Presenter

    @property
    def client_channel(self) -> Any:
        """The channel as the bot has it."""
        return self.env.bot.get_channel(self.channel.id)

    @property
    def ends(self) -> list[str]:
        """The titles of what was kept anywhere."""
        return [shown.reply.title for shown in self.world.board.shows]


@pytest.fixture
async def guild(world: World) -> AsyncIterator[Guild]:
    """The shipped commands and policy behind a real client of a simulated platform."""
    env = simcord.Env(discord.Client(intents=discord.Intents.none()))
    await env.start()
    estate = world.discovery.discord
    assert estate is not None
    made = env.create_guild(id=int(estate.guild))
    channel = made.create_text_channel("deployments")
    dana = made.add_member(env.create_user("dana"))
    buttons, directory = FakeButtons(world.clock), AsDana(world.policy.directory)
    runs = FakeRuns(world.clock, ends_as="succeeded")
    world.dispatcher.backends = replace(world.dispatcher.backends, runs=runs)
    presenter = Presenter(buttons=buttons, directory=directory)
    surface = DiscordSurface(
        token=SecretStr("t"), discovery=world.discovery, dispatcher=world.dispatcher,
        directory=directory, buttons=buttons, board=world.board, notes=world.notes,
        clock=world.clock,
        presenter=presenter,
    )  # fmt: skip
    await env.restart_bot(surface.client())
    yield Guild(env, channel, dana, runs, world, presenter)
    await env.shutdown()
