"""Playbooks in Discord: a slash command, a typed line, and a form for what is missing."""

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
BOOK = "deploy-web-app"


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
    surface = DiscordSurface(
        token=SecretStr("t"), discovery=world.discovery, dispatcher=world.dispatcher,
        directory=directory, buttons=buttons, board=world.board, notes=world.notes,
        clock=world.clock,
        presenter=Presenter(buttons=buttons, directory=directory),
    )  # fmt: skip
    await env.restart_bot(surface.client())
    yield Guild(env, channel, dana, runs, world)
    await env.shutdown()


async def test_a_run_is_started_by_a_slash_command(guild: Guild) -> None:
    """Pairs come as one text; the card is kept in the channel."""
    await guild.dana.slash(
        guild.channel, "orchestrate run", playbook=BOOK, parameters="version=v1.4.0, watch=60",
        environment="staging", checkpoint=True,
    )  # fmt: skip

    [asked] = guild.runs.requests
    assert asked.parameters == {"version": "v1.4.0", "watch": "60"}
    assert (asked.environment, asked.checkpoint) == ("staging", True)
    assert "deploy-web-app succeeded" in guild.ends


@pytest.mark.parametrize(
    "line",
    [
        f"orchestrate run --playbook {BOOK} --parameters version=v1.4.0 watch=60",
        f"/orchestrate --playbook {BOOK} --parameters 'version=v1.4.0 watch=60'",
    ],
)
async def test_a_run_is_started_by_a_mention(guild: Guild, line: str) -> None:
    """With its verb, or without: run is what the family alone means."""
    await guild.dana.send(guild.channel, f"<@{guild.env.bot.user.id}> {line}")

    assert guild.runs.requests[0].parameters == {"version": "v1.4.0", "watch": "60"}
    assert "deploy-web-app succeeded" in guild.ends


async def test_what_is_missing_is_asked_for_in_a_form(guild: Guild) -> None:
    """A field for each parameter, with its words; what was given stays."""
    refused = await guild.dana.slash(
        guild.channel, "orchestrate run", playbook=BOOK, parameters="watch=60"
    )
    form = await guild.dana.click(refused.followups[0], label="Fill in version")
    [field] = form.modal["components"]
    await guild.dana.submit_modal(form, {"parameters.version": "v1.4.0"})

    assert refused.followups[0].ephemeral
    assert field["label"] == "Version"
    assert field["description"] == "What to deploy, such as v1.4.0"
    assert guild.runs.requests[0].parameters == {"watch": "60", "version": "v1.4.0"}


async def test_playbooks_are_offered_while_somebody_types(guild: Guild) -> None:
    """By their names."""
    found = await guild.dana.autocomplete(guild.channel, "orchestrate run", "playbook", "daily")

    assert [each["value"] for each in found] == ["daily-backup"]


FILE = b"name: nightly\nsteps:\n  - {name: look, command: /monitor health}\n"


async def test_a_file_is_imported_as_an_attachment(guild: Guild) -> None:
    """Of a slash command, or of a line after a mention."""
    me = guild.env.bot.user.id
    await guild.dana.slash(guild.channel, "orchestrate library", **{"import": ("a.yml", FILE)})
    first = (await guild.world.playbooks.source("nightly")).text
    for line in ("orchestrate library --import", "orchestrate import nightly"):
        changed = FILE.replace(b"look", line.split()[1].encode())
        await guild.dana.send(guild.channel, f"<@{me}> {line}", attachments=[("a.yml", changed)])
        assert (await guild.world.playbooks.source("nightly")).text.encode() == changed

    assert first.encode() == FILE


@pytest.mark.parametrize(
    ("content", "told"), [(b"\xff", "no text in UTF-8"), (b"#" * 262145, "larger than 256 KiB")]
)
async def test_an_attachment_that_is_no_text_is_refused(
    guild: Guild, content: bytes, told: str
) -> None:
    """To the asker alone, and it is recorded."""
    result = await guild.dana.slash(
        guild.channel, "orchestrate library", **{"import": ("a.yml", content)}
    )

    assert result.ephemeral
    assert told in str(result.response.message.components[0].to_dict())
    assert guild.world.journal.results("/orchestrate library") == ["invalid"]
