"""Messages, files, intents and outages of the simulated Discord, seen by discord.py."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, TypeAlias

import discord
import pytest
from discord import ui

from tests.unit.sandbox.clients import running, texts, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.cast import Cast
    from sandbox.discord import DiscordEmulator

Inter: TypeAlias = discord.Interaction[discord.Client]
DEPLOYMENTS = 400000000000000002


class Panel(ui.LayoutView):
    """A card with a picture."""

    def __init__(self, text: str, picture: str) -> None:
        super().__init__(timeout=None)
        gallery = ui.MediaGallery[Any](discord.MediaGalleryItem(picture, description="CPU"))
        self.add_item(ui.Container(ui.TextDisplay(text), gallery))


class Bot(discord.Client):
    """A bot that only listens and posts."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        super().__init__(
            intents=intents or discord.Intents(guilds=True, guild_messages=True),
            guild_ready_timeout=0.0,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.heard: list[str] = []
        self.resumed = asyncio.Event()

    async def on_message(self, message: discord.Message) -> None:
        """Note what can be read."""
        self.heard.append(message.content)

    async def on_resumed(self) -> None:
        """Note a resume."""
        self.resumed.set()


@pytest.fixture
async def bot(moved: str, cast: Cast) -> AsyncIterator[Bot]:
    """A bot that is ready."""
    async with running(Bot(), cast.discord_token) as started:
        yield started


async def test_text_is_read_only_when_mentioned(bot: Bot, discord: DiscordEmulator) -> None:
    """Without the privileged intent other messages arrive empty."""
    await discord.say("dana", "#prs", "hello all")
    await discord.say("dana", "#prs", "@tgk status")

    await until(lambda: len(bot.heard) == 2)
    assert bot.heard == ["", "<@500000000000000001> status"]


async def test_a_nonce_posts_once(bot: Bot, discord: DiscordEmulator) -> None:
    """The same nonce again returns the message that is there."""
    channel = bot.get_partial_messageable(DEPLOYMENTS)

    first = await channel.send("one", nonce="abc")
    second = await channel.send("one", nonce="abc")

    assert first.id == second.id
    assert len(discord.messages("#deployments")) == 1


async def test_messages_threads_reactions_and_pictures_are_kept(
    bot: Bot, discord: DiscordEmulator, moved: str
) -> None:
    """What the couriers use goes through the library and comes back the same."""
    channel = bot.get_channel(DEPLOYMENTS)
    assert isinstance(channel, discord_text())
    file = io.BytesIO(b"\x89PNG")
    sent = await channel.send(view=Panel("cpu", "attachment://cpu.png"), file=picture(file))
    thread = await sent.create_thread(name="log")
    await thread.send("inside")
    await sent.add_reaction("👀")
    loud = await channel.send("done <@300000000000000002>", reference=sent)
    await sent.edit(view=Panel("cpu 2", "attachment://cpu.png"))
    fetched = await channel.fetch_message(sent.id)
    history = [message.id async for message in channel.history(limit=5)]
    await loud.delete()

    kept = discord.message(str(sent.id))
    assert "image/png" == kept.attachments[0]["content_type"]
    picture_url = kept.components[0]["components"][1]["items"][0]["media"]["url"]
    assert picture_url.startswith(f"{moved}/cdn/attachments/")
    assert [loud.id, sent.id] == history
    assert str(fetched.reactions[0].emoji) == "👀"
    assert texts(discord, str(thread.id)) == ["inside"]
    assert loud.mentions == []
    assert [kept] == discord.messages("#deployments")


def discord_text() -> type[discord.TextChannel]:
    """Return the library's class; the fixture hides the module's name in the tests."""
    return discord.TextChannel


def picture(content: io.BytesIO) -> discord.File:
    """Return an upload named as the panel names it."""
    return discord.File(content, "cpu.png")


async def test_a_dropped_gateway_is_resumed_and_nothing_is_missed(
    bot: Bot, discord: DiscordEmulator
) -> None:
    """What happened meanwhile is replayed once, in order."""
    discord.faults.drop_gateway()
    await discord.say("dana", "#prs", "@tgk one")
    await discord.say("dana", "#prs", "@tgk two")
    await asyncio.wait_for(bot.resumed.wait(), 10)
    await discord.say("dana", "#prs", "@tgk three")

    await until(lambda: len(bot.heard) == 3)
    assert [text.split()[-1] for text in bot.heard] == ["one", "two", "three"]
    assert len(discord.gateway.sessions) == 1


async def test_a_storm_is_waited_out(bot: Bot, discord: DiscordEmulator) -> None:
    """The client obeys Retry-After and the message arrives once."""
    discord.faults.storm(0.2)

    await bot.get_partial_messageable(DEPLOYMENTS).send("after the storm")

    assert texts(discord, "#deployments") == ["after the storm"]
    assert discord.requests.of("/messages")[0].status == 429


async def test_a_forbidden_channel_is_missing_access(bot: Bot, discord: DiscordEmulator) -> None:
    """403 and 50001 until it is given back."""
    discord.faults.forbid("#deployments")
    place = bot.get_partial_messageable(DEPLOYMENTS)

    with pytest.raises(forbidden()) as refused:
        await place.send("x")

    discord.faults.clear()
    await place.send("y")
    assert refused.value.code == 50001


def forbidden() -> type[discord.Forbidden]:
    """Return the library's class; the fixture hides the module's name in the tests."""
    return discord.Forbidden


async def test_the_library_knows_guild_channels_and_itself(bot: Bot, cast: Cast) -> None:
    """READY and GUILD_CREATE build the library's cache."""
    guild = bot.get_guild(int(cast.guild))

    assert guild is not None
    assert (len(guild.text_channels), len(guild.roles), len(cast.people)) == (6, 5, 8)
    assert int(cast.application) == bot.application_id


async def test_a_wrong_token_is_refused_at_login(moved: str) -> None:
    """401 before any connection."""
    bot = Bot()

    with pytest.raises(discord.LoginFailure):
        await bot.start("wrong")

    await bot.close()


async def test_privileged_intents_are_refused(moved: str, cast: Cast) -> None:
    """The gateway closes with 4014, as without the switch in the portal."""
    bot = Bot(discord.Intents(guilds=True, message_content=True))

    with pytest.raises(discord.PrivilegedIntentsRequired):
        await bot.start(cast.discord_token)

    await bot.close()
