"""What every answer on Discord needs: the dispatcher, who is asking, and how replies are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import discord

from tgk.context import Invocation
from tgk.ports.board import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.discord.presenter import Presenter
    from tgk.caller import Caller
    from tgk.discovery import Discovery
    from tgk.dispatcher import Dispatcher
    from tgk.guard import Directory
    from tgk.ports.board import Board
    from tgk.ports.buttons import Buttons
    from tgk.ports.notes import Notes
    from tgk.ports.time import Clock

Channel = discord.abc.Snowflake | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Shared by all exchanges of one surface."""

    discovery: Discovery
    dispatcher: Dispatcher
    directory: Directory
    buttons: Buttons
    board: Board
    presenter: Presenter
    notes: Notes
    clock: Clock
    opening: set[str] = field(default_factory=set)
    """Keys of changes whose message is being posted, so that a double click posts no second."""

    @property
    def guild(self) -> int:
        """The one guild whose roles are believed; 0 when none is configured."""
        return int(self.discovery.discord.guild) if self.discovery.discord else 0

    def caller(self, user: discord.abc.User, channel: Channel, guild: int | None) -> Caller:
        """Return who asks; role ids count only when the configured guild vouches for them."""
        member = isinstance(user, discord.Member) and guild == self.guild
        roles = [str(role.id) for role in user.roles if role] if member else []  # type: ignore[attr-defined]
        return self.directory.resolve(
            "discord",
            str(user.id),
            name=user.display_name,
            channel=self.room(channel),
            groups=frozenset(roles),
        )

    def room(self, channel: Channel) -> str:
        """Return a channel as discovery.yml calls it, else its name; threads by their parent."""
        if isinstance(channel, discord.Thread) and channel.parent is not None:
            return self.room(channel.parent)
        if channel is None:
            return "-"
        named = self.discovery.discord.channels if self.discovery.discord else {}
        known = next((name for name, id_ in named.items() if id_ == str(channel.id)), None)
        name = getattr(channel, "name", None)
        return known or (f"#{name}" if name else "-")

    def place(self, channel: Channel, *, reply_to: str = "") -> Place:
        """Return where a durable answer belongs; configured channels by name, others by id."""
        named = self.discovery.discord.channels if self.discovery.discord else {}
        identity = str(channel.id) if channel is not None else "0"
        room = next((name for name, id_ in named.items() if id_ == identity), identity)
        return Place(platform="discord", room=room, reply_to=reply_to)

    def asked(
        self,
        interaction: discord.Interaction,
        name: str,
        raw: Mapping[str, object],
        *,
        delivery: str = "",
        confirmed: bool = False,
    ) -> Invocation:
        """Return an interaction as an invocation, without a place for a durable answer yet."""
        return Invocation(
            name=name,
            raw=raw,
            caller=self.caller(interaction.user, interaction.channel, interaction.guild_id),
            delivery=delivery or f"discord:{interaction.id}",
            door="discord",
            confirmed=confirmed,
        )
