"""The library's client with our answers in it; one per connection, a closed one is spent."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from loguru import logger

from bot.discord import mention, press, slash
from bot.discord.exchange import Exchange, tell
from tgk.refusal import crashed
from tgk.reply import Reply, Text

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.discord.desk import Desk

_RATE_LIMIT_SECONDS = 30.0
_GUILD_SECONDS = 0.2
_LAST_ANSWERS_SECONDS = 3.0
_LEAVING = Reply(
    topic="unavailable",
    title="The bot is restarting.",
    tone="warning",
    blocks=(Text(text="Nothing was done. Try again in a moment."),),
    private=True,
)


class Tree(app_commands.CommandTree["OpsClient"]):
    """Slash commands; what goes wrong before ours is called is answered as well."""

    async def on_error(
        self, interaction: discord.Interaction[OpsClient], error: app_commands.AppCommandError, /
    ) -> None:
        """Tell the asker, and log it under an id."""
        await self.client.guarded(interaction, _raise(error))


class OpsClient(discord.Client):
    """Needs no privileged intent: slash commands carry their options, mentions their text."""

    def __init__(self, desk: Desk) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        intents.guild_messages = True
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=_GUILD_SECONDS,
            max_ratelimit_timeout=_RATE_LIMIT_SECONDS,
        )
        self.desk = desk
        self.connected = False
        self.leaving = False
        self.tree = Tree(self)
        self._answering = 0
        self._quiet = asyncio.Event()

    async def setup_hook(self) -> None:
        """Register presses and slash commands; the guild hears of them only when they changed."""
        self.add_dynamic_items(press.Press)
        slash.plant(self.tree, self.desk.dispatcher.admission.registry, self.desk, self.invoke)
        try:
            changed = await slash.sync(self.tree, self.desk)
            logger.bind(changed=changed).info("discord commands are in place")
        except discord.Forbidden as error:
            logger.error("discord commands not registered, code {}: invite the bot with the "
                         "applications.commands scope", error.code)  # fmt: skip

    async def invoke(
        self, interaction: discord.Interaction, name: str, raw: dict[str, object]
    ) -> None:
        """Answer a slash command."""
        await self.guarded(interaction, Exchange(self.desk, interaction).run(name, raw))

    async def pressed(self, interaction: discord.Interaction, token: str) -> None:
        """Answer a button or a menu."""
        await self.guarded(interaction, press.press(self.desk, interaction, token))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer forms; the library finds commands and buttons by itself."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.guarded(interaction, press.submit(self.desk, interaction))

    async def on_message(self, message: discord.Message) -> None:
        """Answer a command typed after a mention."""
        if message.author.bot or self.user is None:
            return
        line = mention.line_of(message, self.user)
        if line is not None:
            await self.guarded(None, mention.answer(self.desk, message, line))

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Note that events arrive; the library itself waits for guilds that nobody announced."""
        if guild.id == self.desk.guild:
            self.connected = True

    async def on_ready(self) -> None:
        """Note that events arrive, be it without our guild."""
        self.connected = True

    async def on_resumed(self) -> None:
        """Note that events arrive again."""
        self.connected = True

    async def on_disconnect(self) -> None:
        """Note that no events arrive."""
        self.connected = False

    async def guarded(
        self, interaction: discord.Interaction[Any] | None, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work; a fault is logged under an id that the asker gets to read."""
        self._answering += 1
        try:
            await (self._put_off(interaction, work) if self.leaving else work)
        except Exception as error:  # noqa: BLE001 - the one broad except of this surface
            reference = secrets.token_hex(3)
            logger.bind(reference=reference).opt(exception=error).error("discord surface failed")
            if interaction is not None:
                await self._admit_fault(interaction, reference)
        finally:
            self._answering -= 1
            if self.leaving and self._answering == 0:
                self._quiet.set()

    async def leave(self) -> None:
        """Take no new work, let short answers finish, and disconnect; changes go on elsewhere."""
        self.leaving = True
        if self._answering:
            with contextlib.suppress(TimeoutError):  # whoever still waits is told by the board
                async with asyncio.timeout(_LAST_ANSWERS_SECONDS):
                    await self._quiet.wait()
        await self.close()

    async def _put_off(
        self, interaction: discord.Interaction[Any] | None, work: Coroutine[Any, Any, None]
    ) -> None:
        work.close()
        if interaction is not None:
            await tell(self.desk, interaction, _LEAVING)

    async def _admit_fault(self, interaction: discord.Interaction[Any], reference: str) -> None:
        name = interaction.command.qualified_name if interaction.command else "that"
        reply = crashed(command=name, reference=reference).reply
        try:
            await tell(self.desk, interaction, reply)
        except discord.HTTPException as error:
            logger.bind(reference=reference).warning("asker not told: code {}", error.code)


async def _raise(error: Exception) -> None:
    raise error
