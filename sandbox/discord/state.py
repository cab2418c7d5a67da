"""What the simulated Discord remembers: messages, files, commands, interactions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.errors import missing_access, unknown
from sandbox.discord.gateway import Gateway
from sandbox.discord.guild import DIRECT, Guild, Place
from sandbox.discord.snowflake import Snowflakes, time_of
from sandbox.discord.validation.messages import EPHEMERAL, LAYOUT, LOADING
from sandbox.feed import Change, Feed

if TYPE_CHECKING:
    from sandbox.cast import Cast
    from sandbox.discord.interaction import Interaction
    from sandbox.wire import Json, Upload
    from tgk.ports.time import Clock

MOST_MESSAGES: Final = 2000
GLOBAL: Final = ""


@dataclass(slots=True)
class Message:
    """One message as it stands now; ``viewer`` is the only person who sees an ephemeral one."""

    id: str
    channel: str
    author: str
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    flags: int = 0
    nonce: str = ""
    reply_to: str = ""
    viewer: str = ""
    origin: Interaction | None = None
    edited: str | None = None
    mentions: list[str] = field(default_factory=list)
    allowed_mentions: Json = field(default_factory=dict)
    reactions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def is_loading(self) -> bool:
        """Whether it still says that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def is_layout(self) -> bool:
        """Whether it is made of Components V2."""
        return bool(self.flags & LAYOUT)

    @property
    def is_ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & EPHEMERAL)


class DiscordState:
    """Everything that the routes read and write."""

    def __init__(self, cast: Cast, clock: Clock, *, privileged: bool) -> None:
        self.cast = cast
        self.clock = clock
        self.feed = Feed()
        self.ids = Snowflakes(clock)
        self.guild = Guild(cast)
        self.gateway = Gateway(self.guild, self.feed, privileged=privileged)
        self.messages: dict[str, dict[str, Message]] = defaultdict(dict)
        self.files: dict[str, Upload] = {}
        self.commands: dict[str, list[Json]] = {GLOBAL: [], cast.guild: []}
        self.interactions: dict[str, Interaction] = {}
        self.tokens: dict[str, Interaction] = {}
        self.typing: list[str] = []
        self.origin = ""

    def place(self, channel: str) -> Place:
        """Return a place that the bot may use."""
        place = self.guild.places.get(channel)
        if place is None:
            raise unknown("Channel", 10003)
        parent = self.guild.places.get(place.parent)
        if place.is_forbidden or (parent is not None and parent.is_forbidden):
            raise missing_access()
        return place

    def message(self, channel: str, message: str) -> Message:
        """Return a message that everybody in its channel sees."""
        self.place(channel)
        found = self.messages[channel].get(message)
        if found is None or found.is_ephemeral:
            raise unknown("Message", 10008)
        return found

    async def keep(self, message: Message) -> None:
        """Add a message and tell everybody who may see it."""
        kept = self.messages[message.channel]
        kept[message.id] = message
        if len(kept) > MOST_MESSAGES:
            del kept[next(iter(kept))]
        self.guild.places[message.channel].messages += 1
        await self.tell("message", "MESSAGE_CREATE", message)

    async def tell(self, kind: str, event: str, message: Message) -> None:
        """Announce that a message is new or changed."""
        body = self.wire(message)
        self.feed.publish(Change(kind, message.channel, body, viewer=message.viewer))
        if not message.is_ephemeral:
            bot = self.cast.application
            direct = self.guild.places[message.channel].kind == DIRECT
            ours = direct or message.author == bot or bot in message.mentions
            await self.gateway.dispatch(event, self._heard(message, body), ours=ours)

    async def remove(self, message: Message) -> None:
        """Delete a message and say so."""
        del self.messages[message.channel][message.id]
        body: Json = {"id": message.id, "channel_id": message.channel}
        if self.guild.places[message.channel].kind != DIRECT:
            body["guild_id"] = self.cast.guild
        self.feed.publish(Change("delete", message.channel, body, viewer=message.viewer))
        if not message.is_ephemeral:
            await self.gateway.dispatch("MESSAGE_DELETE", body)

    def wire(self, message: Message, *, nested: bool = False) -> Json:
        """Return a message as REST does."""
        body: Json = {
            "id": message.id,
            "channel_id": message.channel,
            "author": self.guild.user(message.author),
            "content": message.content,
            "timestamp": time_of(message.id),
            "edited_timestamp": message.edited,
            "tts": False,
            "mention_everyone": False,
            "mentions": [self.guild.user(user) for user in message.mentions],
            "mention_roles": [],
            "attachments": message.attachments,
            "embeds": message.embeds,
            "components": message.components,
            "pinned": False,
            "type": self._kind(message),
            "flags": message.flags,
            "reactions": self._reactions(message),
        }
        if message.nonce:
            body["nonce"] = message.nonce
        if message.author == self.cast.application:
            body["application_id"] = self.cast.application
        if message.origin is not None:
            body["interaction_metadata"] = self._metadata(message.origin)
            body["webhook_id"] = self.cast.application
        return body if nested else {**body, **self._reference(message)}

    def _heard(self, message: Message, body: Json) -> Json:
        if self.guild.places[message.channel].kind == DIRECT:
            return body
        member = self.guild.member(message.author)
        return {**body, "guild_id": self.cast.guild, "member": member}

    @staticmethod
    def _kind(message: Message) -> int:
        if message.origin is not None and message.origin.is_command:
            return 20
        return 19 if message.reply_to else 0

    def _reactions(self, message: Message) -> list[Json]:
        return [
            {
                "emoji": {"id": None, "name": emoji},
                "count": len(users),
                "count_details": {"burst": 0, "normal": len(users)},
                "me": self.cast.application in users,
                "me_burst": False,
                "burst_colors": [],
            }
            for emoji, users in message.reactions.items()
            if users
        ]

    def _metadata(self, origin: Interaction) -> Json:
        owners: dict[str, Any] = {"0": self.cast.guild}
        return {
            "id": origin.id,
            "type": origin.kind,
            "user": self.guild.user(origin.user),
            "authorizing_integration_owners": owners,
        }

    def _reference(self, message: Message) -> Json:
        if not message.reply_to:
            return {}
        replied = self.messages[message.channel].get(message.reply_to)
        reference = {"message_id": message.reply_to, "channel_id": message.channel}
        return {
            "message_reference": {"type": 0, **reference, "guild_id": self.cast.guild},
            "referenced_message": self.wire(replied, nested=True) if replied else None,
        }
