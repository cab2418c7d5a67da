"""Discord as the page and the tests drive it: people type, press, fill in and read."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.buckets import Buckets
from sandbox.discord.faults import DiscordFaults
from sandbox.discord.forms import fill_form
from sandbox.discord.guild import DIRECT, Place
from sandbox.discord.interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from sandbox.discord.options import ClientRefused, build_data, menu_data
from sandbox.discord.rest.places import private_chat
from sandbox.discord.server import Server
from sandbox.discord.state import DiscordState, Message
from sandbox.discord.validation.components import BUTTON, SELECTS, walk
from sandbox.wire import RequestLog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from aiohttp import web

    from sandbox.cast import Cast
    from sandbox.discord.gateway import Gateway
    from sandbox.feed import Change, Feed
    from sandbox.wire import Json, Upload
    from tgk.ports.time import Clock

PATIENCE: Final = 3.0
MOST_INTERACTIONS: Final = 2000
_NAMED: Final = re.compile(r"(?<![\w<@])@([A-Za-z0-9_.-]+)")


class DiscordEmulator:
    """A loopback Discord.

    Mount ``app()`` under a prefix; REST is then at ``<server><prefix>/api/v10`` and the gateway at
    ``ws://<server><prefix>/gateway``. People are named as in the cast (or by id), channels by
    ``#name`` or id. Everything is in memory. ``requests`` holds what the bot sent, ``faults`` what
    can be made to go wrong.

    Typing, pressing and submitting return the interaction once the bot has answered, or after
    ``patience`` seconds of real time: ``interaction.answer == 0`` then means what people read as
    "The application did not respond". ``interaction.refused`` says what the platform objected to.
    """

    def __init__(
        self, cast: Cast, clock: Clock, *, privileged: bool = False, rate_limits: bool = False
    ) -> None:
        self.cast = cast
        self.requests = RequestLog()
        self.state = DiscordState(cast, clock, privileged=privileged)
        self.faults = DiscordFaults(clock, self.state.gateway, self.state.guild)
        self.patience = PATIENCE
        buckets = Buckets(clock, enforced=rate_limits)
        self._server = Server(self.state, self.faults, buckets, self.requests)

    def app(self) -> web.Application:
        """Return a fresh application with REST, gateway and files."""
        return self._server.app()

    @property
    def gateway(self) -> Gateway:
        """The gateway; ``gateway.connections`` says whether a bot is there."""
        return self.state.gateway

    @property
    def feed(self) -> Feed:
        """What changes, for more than one watcher."""
        return self.state.feed

    def subscribe(self, bound: int = 1000) -> AbstractContextManager[asyncio.Queue[Change]]:
        """Return a block that yields a queue of changes; ``place`` is the channel id."""
        return self.state.feed.subscribe(bound)

    def channels(self) -> list[Place]:
        """Return channels, threads and private chats, in the order they came to be."""
        return list(self.state.guild.places.values())

    def messages(self, channel: str, viewer: str = "") -> list[Message]:
        """Return what one person sees in a channel; without a viewer, what everybody sees."""
        person = self.cast.person(viewer).discord if viewer else ""
        kept = self.state.messages[self._place(channel)].values()
        return [message for message in kept if message.viewer in {"", person}]

    def message(self, message: str) -> Message:
        """Return one message wherever it is; KeyError when it is gone."""
        for kept in self.state.messages.values():
            if message in kept:
                return kept[message]
        raise KeyError(message)

    def wire(self, message: Message) -> Json:
        """Return a message as the platform sends it."""
        return self.state.wire(message)

    def file(self, attachment: str) -> Upload:
        """Return a file that was sent, by attachment id."""
        return self.state.files[attachment]

    def commands(self) -> list[Json]:
        """Return the commands as registered, the guild's before the global ones."""
        return [*self.state.commands[self.cast.guild], *self.state.commands[""]]

    def answer(self, interaction: Interaction) -> Message | None:
        """Return the message that answers an interaction, if there is one."""
        return self.state.messages[interaction.channel].get(interaction.original)

    async def slash(
        self, user: str, channel: str, name: str, options: Mapping[str, Any] | None = None
    ) -> Interaction:
        """Type a command such as ``deploy`` or ``orchestrate run`` with its options.

        Raises LookupError for a command that is not registered, and ClientRefused for options
        that a client does not send.
        """
        who = self.cast.person(user).discord
        data = build_data(self.state, who, name, options or {})
        return await self._interact(COMMAND, who, self._place(channel), data)

    async def choose(self, user: str, channel: str, name: str, target: str) -> Interaction:
        """Choose an entry of the menu on a message (by id) or on a person (by name)."""
        who = self.cast.person(user).discord
        data = menu_data(self.state, who, name, target)
        return await self._interact(COMMAND, who, self._place(channel), data)

    async def autocomplete(
        self,
        user: str,
        name: str,
        option: str,
        partial: str = "",
        given: Mapping[str, Any] | None = None,
        *,
        channel: str = "",
    ) -> list[Json]:
        """Return the choices that the bot offers for what is typed so far."""
        who = self.cast.person(user).discord
        values = {**(given or {}), option: partial}
        data = build_data(self.state, who, name, values, focused=option)
        place = self._place(channel or self.cast.channels[0].id)
        return (await self._interact(AUTOCOMPLETE, who, place, data)).choices

    async def press(
        self, user: str, message: str, custom_id: str, values: Sequence[str] | None = None
    ) -> Interaction:
        """Press a button, or choose ``values`` in a menu; LookupError when it is not there."""
        who = self.cast.person(user).discord
        shown = self.message(message)
        if shown.viewer not in {"", who}:
            raise LookupError(f"{user} does not see message {message}")
        for part in walk(shown.components):
            if part.get("custom_id") == custom_id and part["type"] in SELECTS | {BUTTON}:
                if part.get("disabled"):
                    raise ClientRefused(f"{custom_id!r} is disabled")
                data: Json = {"custom_id": custom_id, "component_type": part["type"]}
                data |= {"id": part.get("id", 1)}
                if part["type"] in SELECTS:
                    data["values"] = list(values or ())
                return await self._interact(COMPONENT, who, shown.channel, data, message)
        raise LookupError(f"message {message} has no component {custom_id!r}")

    async def submit_modal(
        self, user: str, interaction: str, values: Mapping[str, Any]
    ) -> Interaction:
        """Fill in the form that an interaction showed, by custom id, and send it."""
        shown = self.state.interactions[interaction]
        who = self.cast.person(user).discord
        if shown.modal is None or shown.user != who:
            raise LookupError(f"{user} has no form to fill in")
        data = fill_form(shown.modal, values)
        return await self._interact(MODAL, who, shown.channel, data, shown.message)

    async def say(self, user: str, channel: str, text: str, reply_to: str = "") -> Message:
        """Write a message; ``@name`` mentions. Without a mention the bot cannot read it."""
        who = self.cast.person(user)
        place = self._place(channel)
        message = Message(self.state.ids.next(), place, who.discord, reply_to=reply_to)
        message.content = _NAMED.sub(self._mention, text)
        message.mentions = [
            account for account in self._accounts() if f"<@{account}>" in message.content
        ]
        await self.state.keep(message)
        return message

    def private_chat(self, user: str) -> Place:
        """Return somebody's private chat with the bot, opened if need be."""
        return private_chat(self.state.guild.places, self.cast.person(user).discord)

    def _accounts(self) -> list[str]:
        return [self.cast.application, *(person.discord for person in self.cast.people)]

    def _mention(self, match: re.Match[str]) -> str:
        name = match.group(1)
        if name == self.cast.bot_name:
            return f"<@{self.cast.application}>"
        known = {person.name: person.discord for person in self.cast.people}
        return f"<@{known[name]}>" if name in known else match.group()

    def _place(self, channel: str) -> str:
        if channel in self.state.guild.places:
            return channel
        return self.cast.channel(channel).id

    async def _interact(
        self, kind: int, user: str, channel: str, data: Json, message: str = ""
    ) -> Interaction:
        interaction = Interaction(
            id=self.state.ids.next(),
            token=secrets.token_urlsafe(48),
            kind=kind,
            user=user,
            channel=channel,
            data=data,
            at=self.state.clock.monotonic(),
            message=message,
        )
        self._remember(interaction)
        await self.state.gateway.dispatch("INTERACTION_CREATE", self._wire(interaction))
        try:
            async with asyncio.timeout(self.patience):
                await interaction.answered.wait()
        except TimeoutError:
            interaction.refused.append("The application did not respond")
        return interaction

    def _remember(self, interaction: Interaction) -> None:
        self.state.interactions[interaction.id] = interaction
        self.state.tokens[interaction.token] = interaction
        if len(self.state.interactions) > MOST_INTERACTIONS:
            oldest = self.state.interactions.pop(next(iter(self.state.interactions)))
            del self.state.tokens[oldest.token]

    def _wire(self, interaction: Interaction) -> Json:
        guild, place = self.state.guild, self.state.guild.places[interaction.channel]
        permissions = str(guild.permissions(interaction.user))
        body: Json = {
            "id": interaction.id,
            "application_id": self.cast.application,
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": interaction.channel,
            "channel": {**guild.channel(place), "permissions": permissions},
            "app_permissions": str(guild.permissions(self.cast.application)),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": self.cast.guild},
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if interaction.message in self.state.messages[interaction.channel]:
            body["message"] = self.wire(self.message(interaction.message))
        if place.kind == DIRECT:
            return {**body, "user": guild.user(interaction.user), "context": 1}
        return {
            **body,
            "context": 0,
            "guild_id": self.cast.guild,
            "guild": {"id": self.cast.guild, "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": {**guild.full_member(interaction.user), "permissions": permissions},
        }
