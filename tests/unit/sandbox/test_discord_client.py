"""Commands, buttons and forms through discord.py, unchanged but for its addresses."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, TypeAlias

import discord
import pytest
from discord import app_commands, ui

from sandbox.discord import ClientRefused, DiscordEmulator
from tests.unit.sandbox.clients import running, texts, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.cast import Cast
    from sandbox.clock import WallClock

Inter: TypeAlias = discord.Interaction[discord.Client]
DEPLOYMENTS = 400000000000000002


class Panel(ui.LayoutView):
    """A card of Components V2 with two buttons and a menu."""

    def __init__(self, text: str, picture: str = "") -> None:
        super().__init__(timeout=None)
        inside: list[ui.Item[Any]] = [ui.TextDisplay(text)]
        if picture:
            inside.append(ui.MediaGallery(discord.MediaGalleryItem(picture, description="CPU")))
        inside.append(
            ui.ActionRow(
                ui.Button(label="Approve", custom_id="tgk:a:0123456789"),
                ui.Button(label="Why", custom_id="tgk:a:why0000000"),
            )
        )
        options = [discord.SelectOption(label="Info", value="info")]
        inside.append(ui.ActionRow(ui.Select(custom_id="level", options=options)))
        self.add_item(ui.Container(*inside, accent_colour=0x3BA55D))


class Reason(ui.Modal, title="Why?"):
    """A form with one text."""

    reason: ui.TextInput[Any] = ui.TextInput(label="Reason", custom_id="reason", max_length=20)

    async def on_submit(self, interaction: Inter) -> None:
        """Repeat what was written."""
        await interaction.response.send_message(f"because {self.reason.value}")


class Bot(discord.Client):
    """A small bot with a command of each kind."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        super().__init__(
            intents=intents or discord.Intents(guilds=True, guild_messages=True),
            guild_ready_timeout=0.0,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.tree = app_commands.CommandTree(self)
        self.resumed = asyncio.Event()
        self.invented = 0

    async def setup_hook(self) -> None:
        """Register everything in the guild."""
        guild = discord.Object(100000000000000001)
        for command in (status, deploy, slow, silent, secret, ask, explain, rights):
            self.tree.add_command(command, guild=guild)
        await self.tree.sync(guild=guild)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: nobody counts here."""

    async def on_resumed(self) -> None:
        """Note a resume."""
        self.resumed.set()

    async def on_interaction(self, interaction: Inter) -> None:
        """Answer what is pressed and count what arrives."""
        self.invented += 1
        if interaction.type is not discord.InteractionType.component:
            return
        custom_id = (interaction.data or {}).get("custom_id")
        if custom_id == "tgk:a:why0000000":
            await interaction.response.send_modal(Reason())
        elif custom_id == "level":
            values: Any = (interaction.data or {}).get("values")
            await interaction.response.send_message(f"chose {values}", ephemeral=True)
        else:
            await interaction.response.edit_message(view=Panel("approved"))


@app_commands.command(description="Show how a service is")
async def status(interaction: Inter, service: str, brief: bool = False) -> None:
    """Answer with a panel."""
    await interaction.response.send_message(view=Panel(f"{service} {brief}"))


@app_commands.command(description="Deploy")
@app_commands.choices(env=[app_commands.Choice(name="Production", value="production")])
async def deploy(interaction: Inter, env: str, tag: app_commands.Range[str, 2, 20]) -> None:
    """Think, answer, follow up."""
    await interaction.response.defer(thinking=True)
    await interaction.followup.send(f"{env} {tag}")
    await interaction.edit_original_response(content=f"{env} {tag} done")
    await interaction.followup.send("log", file=discord.File(io.BytesIO(b"lines"), "run.log"))


@deploy.autocomplete("tag")
async def tags(interaction: Inter, current: str) -> list[app_commands.Choice[str]]:
    """Offer tags of the environment chosen so far."""
    name = f"{interaction.namespace.env}-{current}"
    return [app_commands.Choice(name=name, value=name)]


@app_commands.command(description="Answer too late")
async def slow(interaction: Inter) -> None:
    """Wait for the test, then answer."""
    client: Any = interaction.client
    await client.late.wait()
    try:
        await interaction.response.send_message("late")
    except discord.NotFound as error:
        client.refusal = error.code


@app_commands.command(description="Never answer")
async def silent(_interaction: Inter) -> None:
    """Say nothing."""


@app_commands.command(description="Answer one person, twice")
async def secret(interaction: Inter) -> None:
    """Answer in private; the second acknowledgement is refused."""
    await interaction.response.send_message("psst", ephemeral=True)
    interaction.response._response_type = None
    client: Any = interaction.client
    try:
        await interaction.response.send_message("again")
    except discord.HTTPException as error:
        client.refusal = error.code


@app_commands.command(description="Ask for a reason")
async def ask(interaction: Inter) -> None:
    """Show a form."""
    await interaction.response.send_modal(Reason())


@app_commands.context_menu(name="Explain")
async def explain(interaction: Inter, message: discord.Message) -> None:
    """Say something about a message."""
    await interaction.response.send_message(f"explained {message.content}")


@app_commands.context_menu(name="Rights")
async def rights(interaction: Inter, member: discord.Member) -> None:
    """Say something about a member."""
    await interaction.response.send_message(f"{member.name}: {member.top_role.name}")


@pytest.fixture
async def bot(moved: str, cast: Cast) -> AsyncIterator[Bot]:
    """A bot that is ready."""
    async with running(Bot(), cast.discord_token) as started:
        yield started


async def test_a_typed_command_is_answered_with_a_panel(bot: Bot, discord: DiscordEmulator) -> None:
    """Options arrive typed, the answer is Components V2."""
    record = await discord.slash("dana", "#prs", "status", {"service": "api", "brief": True})

    answer = discord.answer(record)
    assert answer is not None
    assert answer.is_layout
    assert answer.components[0]["components"][0]["content"] == "api True"
    assert {"status", "deploy", "slow", "silent", "secret", "ask", "Explain", "Rights"} == {
        command["name"] for command in discord.commands()
    }


async def test_a_deferred_answer_is_filled_edited_and_followed(
    bot: Bot, discord: DiscordEmulator
) -> None:
    """The first follow-up takes the place of "thinking"; a file arrives whole."""
    record = await discord.slash("dana", "#prs", "deploy", {"env": "production", "tag": "v1.2"})

    await until(lambda: len(record.followups) == 1)
    assert texts(discord, "#prs") == ["production v1.2 done", "log"]
    attachment = discord.messages("#prs")[-1].attachments[0]
    assert (
        discord.file(attachment["id"]).name,
        discord.file(attachment["id"]).content,
    ) == ("run.log", b"lines")


async def test_choices_are_completed_and_checked_before_sending(
    bot: Bot, discord: DiscordEmulator
) -> None:
    """The client offers what the bot says and refuses what the registration forbids."""
    offered = await discord.autocomplete("dana", "deploy", "tag", "v1", given={"env": "production"})

    assert [choice["value"] for choice in offered] == ["production-v1"]
    for options in (
        {"env": "moon", "tag": "v1.2"},
        {"env": "production", "tag": "x"},
        {"env": "production"},
        {"env": "production", "tag": "v1.2", "more": 1},
    ):
        with pytest.raises(ClientRefused):
            await discord.slash("dana", "#prs", "deploy", options)
    with pytest.raises(LookupError):
        await discord.slash("dana", "#prs", "nothing")


async def test_buttons_menus_and_forms_work(bot: Bot, discord: DiscordEmulator) -> None:
    """Press, choose, fill in: each is a new interaction with its own answer."""
    card = discord.answer(await discord.slash("dana", "#prs", "status", {"service": "api"}))
    assert card is not None

    chosen = await discord.press("vik", card.id, "level", ["info"])
    form = await discord.press("vik", card.id, "tgk:a:why0000000")
    sent = await discord.submit_modal("vik", form.id, {"reason": "it is time"})
    await discord.press("vik", card.id, "tgk:a:0123456789")

    private = discord.answer(chosen)
    assert private is not None
    assert (private.content, private.viewer) == ("chose ['info']", "300000000000000004")
    answer = discord.answer(sent)
    assert answer is not None
    assert answer.content == "because it is time"
    assert card.components[0]["components"][0]["content"] == "approved"
    with pytest.raises(ClientRefused):
        await discord.submit_modal("vik", form.id, {"reason": "x" * 21})
    with pytest.raises(LookupError):
        await discord.press("vik", card.id, "tgk:a:other")


async def test_private_answers_are_seen_by_one_person(bot: Bot, discord: DiscordEmulator) -> None:
    """Nobody else sees it, and a second acknowledgement gets 40060."""
    await discord.slash("dana", "#prs", "secret")

    await until(lambda: hasattr(bot, "refusal"))
    assert texts(discord, "#prs", "dana") == ["psst"]
    assert texts(discord, "#prs", "vik") == []
    assert bot.refusal == 40060  # type: ignore[attr-defined]  # set by the command


async def test_a_late_answer_is_an_unknown_interaction(
    moved: str, cast: Cast, discord: DiscordEmulator
) -> None:
    """After three seconds people read that nothing came, and the bot gets 10062."""
    bot: Any = Bot()
    bot.late = asyncio.Event()
    discord.patience = 0.05
    async with running(bot, cast.discord_token):
        record = await discord.slash("dana", "#prs", "slow")
        assert record.refused == ["The application did not respond"]
        record.at -= 3.1
        bot.late.set()
        await until(lambda: hasattr(bot, "refusal"))

    assert bot.refusal == 10062


async def test_menus_on_messages_and_people_work(bot: Bot, discord: DiscordEmulator) -> None:
    """The target arrives resolved."""
    said = await discord.say("dana", "#prs", "@tgk broken")

    about_message = discord.answer(await discord.choose("vik", "#prs", "Explain", said.id))
    about_person = discord.answer(await discord.choose("vik", "#prs", "Rights", "dana"))

    assert about_message is not None
    assert about_person is not None
    assert "explained <@500000000000000001> broken" == about_message.content
    assert "dana: ReleaseMgr" == about_person.content
    with pytest.raises(LookupError):
        await discord.choose("vik", "#prs", "Nothing", said.id)


async def test_reconnect_is_followed(bot: Bot, discord: DiscordEmulator) -> None:
    """Op 7 makes the client resume."""
    await discord.faults.reconnect()

    await asyncio.wait_for(bot.resumed.wait(), 10)
    record = await discord.slash("dana", "#prs", "status", {"service": "api"})
    assert (record.answer, bot.invented) == (4, 1)


async def test_an_invalid_session_makes_the_client_identify_again(
    bot: Bot, discord: DiscordEmulator, clock: WallClock
) -> None:
    """Op 9 ends the session; the next one is new and works."""
    before = discord.gateway.sessions[0].id

    await discord.faults.invalidate()

    await until(lambda: discord.gateway.connections == 1)
    assert before != discord.gateway.sessions[0].id
    record = await discord.slash("dana", "#prs", "status", {"service": "api"})
    assert 4 == record.answer
