"""The guild and everybody in it, as the platform describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.discord.snowflake import time_of

if TYPE_CHECKING:
    from sandbox.cast import Cast, Person
    from sandbox.wire import Json

TEXT, DIRECT, THREAD = 0, 1, 11
JOINED: Final = "2025-01-01T00:00:00+00:00"
EVERYONE_MAY: Final = (0x0000_0040_6864_4FC1 | 1 << 15 | 1 << 16 | 1 << 35) & ~(1 << 3 | 1 << 5)
ADMINISTRATOR: Final = 1 << 3
EVERYTHING: Final = (1 << 50) - 1


@dataclass(slots=True)
class Place:
    """Somewhere messages go: a channel, a thread or a private chat."""

    id: str
    name: str
    kind: int = TEXT
    parent: str = ""
    owner: str = ""
    recipient: str = ""
    is_forbidden: bool = False
    is_archived: bool = False
    messages: int = 0


class Guild:
    """Describes people, roles and places; keeps nothing but the places."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.places = {channel.id: Place(channel.id, channel.name) for channel in cast.channels}

    def user(self, user: str) -> Json:
        """Return an account."""
        is_bot = user == self.cast.application
        name = self.cast.bot_name if is_bot else self.cast.person(user).name
        shown = name if is_bot else self.cast.person(user).display
        return {
            "id": user,
            "username": name,
            "global_name": shown,
            "discriminator": "0",
            "avatar": None,
            "bot": is_bot,
            "public_flags": 0,
        }

    def member(self, user: str) -> Json:
        """Return an account as a member of the guild, without the account."""
        roles = [] if user == self.cast.application else list(self.cast.person(user).roles)
        return {
            "roles": roles,
            "nick": None,
            "avatar": None,
            "joined_at": JOINED,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": None,
        }

    def full_member(self, user: str) -> Json:
        """Return a member with the account."""
        return {**self.member(user), "user": self.user(user)}

    def permissions(self, user: str) -> int:
        """Return what somebody may do in every channel."""
        if user == self.cast.application or self._is_admin(self.cast.person(user)):
            return EVERYTHING
        return EVERYONE_MAY

    def roles(self) -> list[Json]:
        """Return every role, the one that all have first."""
        everyone = _role(self.cast.guild, "@everyone", 0, EVERYONE_MAY, 0)
        named = [
            _role(
                role.id,
                role.name,
                role.colour,
                ADMINISTRATOR if role.policy == "admin" else EVERYONE_MAY,
                position,
            )
            for position, role in enumerate(reversed(self.cast.roles), start=1)
        ]
        return [everyone, *named]

    def channel(self, place: Place) -> Json:
        """Return a channel, thread or private chat."""
        if place.kind == DIRECT:
            recipients = [self.user(place.recipient)]
            return {"id": place.id, "type": DIRECT, "recipients": recipients, "flags": 0}
        common: Json = {
            "id": place.id,
            "type": place.kind,
            "name": place.name,
            "guild_id": self.cast.guild,
            "parent_id": place.parent or None,
            "last_message_id": None,
            "rate_limit_per_user": 0,
            "flags": 0,
        }
        if place.kind == THREAD:
            return {**common, **_thread_parts(place)}
        position = [channel.id for channel in self.cast.channels].index(place.id)
        return {
            **common,
            "position": position,
            "topic": None,
            "nsfw": False,
            "permission_overwrites": [],
        }

    def describe(self) -> Json:
        """Return the guild as REST does."""
        return {
            "id": self.cast.guild,
            "name": self.cast.guild_name,
            "icon": None,
            "owner_id": self.cast.people[0].discord,
            "roles": self.roles(),
            "emojis": [],
            "stickers": [],
            "features": [],
            "afk_timeout": 300,
            "verification_level": 1,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "preferred_locale": "en-US",
            "system_channel_flags": 0,
        }

    def announce(self, *, with_members: bool) -> Json:
        """Return the guild as the gateway does."""
        people = [person.discord for person in self.cast.people] if with_members else []
        inside = [place for place in self.places.values() if place.kind != DIRECT]
        return {
            **self.describe(),
            "joined_at": JOINED,
            "large": False,
            "unavailable": False,
            "member_count": len(self.cast.people) + 1,
            "members": [self.full_member(user) for user in (self.cast.application, *people)],
            "channels": [self.channel(place) for place in inside if place.kind == TEXT],
            "threads": [self.channel(place) for place in inside if place.kind == THREAD],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _is_admin(self, person: Person) -> bool:
        admins = {role.id for role in self.cast.roles if role.policy == "admin"}
        return bool(admins.intersection(person.roles))


def _role(role: str, name: str, colour: int, permissions: int, position: int) -> Json:
    return {
        "id": role,
        "name": name,
        "color": colour,
        "colors": {"primary_color": colour, "secondary_color": None, "tertiary_color": None},
        "hoist": position > 0,
        "managed": False,
        "mentionable": False,
        "permissions": str(permissions),
        "position": position,
        "flags": 0,
    }


def _thread_parts(place: Place) -> Json:
    return {
        "owner_id": place.owner,
        "message_count": place.messages,
        "member_count": 1,
        "total_message_sent": place.messages,
        "thread_metadata": {
            "archived": place.is_archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": time_of(place.id),
            "create_timestamp": time_of(place.id),
            "locked": False,
        },
    }
