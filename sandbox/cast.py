"""Who plays in the simulated world: people, roles, channels and their ids on both platforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from pathlib import Path

DISCORD_TOKEN: Final = "sandbox.discord.token"  # noqa: S105 - opens nothing but the emulator
TELEGRAM_TOKEN: Final = "7000000:sandbox-telegram-token"  # noqa: S105 - the same
TITLES: Final = {
    "admin": "Admin",
    "release_mgr": "ReleaseMgr",
    "developer": "Developer",
    "viewer": "Viewer",
}
COLOURS: Final = (0xED4245, 0xF0B132, 0x5865F2, 0x57F287, 0xEB459E, 0x9B59B6)
ROLES: Final = {
    "200000000000000001": "admin",
    "200000000000000002": "release_mgr",
    "200000000000000003": "developer",
    "200000000000000004": "viewer",
}
CHANNELS: Final = {
    "#prs": "400000000000000001",
    "#deployments": "400000000000000002",
    "#cluster-status": "400000000000000003",
    "#alerts": "400000000000000004",
    "#agents": "400000000000000005",
    "#dev-feed": "400000000000000006",
}
MEMBERS: Final[dict[str, tuple[tuple[str, ...], str, str]]] = {
    "alex": (("admin",), "300000000000000001", "7000001"),
    "dana": (("release_mgr",), "300000000000000002", "7000002"),
    "devi": (("developer",), "300000000000000003", "7000003"),
    "vik": (("viewer",), "300000000000000004", "7000004"),
    "ana": (("council",), "300000000000000005", "7000005"),
    "ben": (("council", "developer"), "300000000000000006", "7000006"),
    "chi": (("council",), "300000000000000007", "7000007"),
}
COUNCIL: Final = ("ana", "ben", "chi")


@dataclass(frozen=True, slots=True)
class Role:
    """A Discord role and the role of the policy that it stands for."""

    id: str
    name: str
    policy: str
    colour: int


@dataclass(frozen=True, slots=True)
class Channel:
    """A Discord channel; the name carries no ``#``."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """One human with an account on both platforms; ``roles`` are Discord role ids."""

    name: str
    discord: str
    telegram: int
    roles: tuple[str, ...] = ()
    policy_roles: tuple[str, ...] = ()

    @property
    def display(self) -> str:
        """The name that others read."""
        return self.name.replace("_", " ").title()


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody and every place, on both platforms."""

    people: tuple[Person, ...]
    roles: tuple[Role, ...]
    channels: tuple[Channel, ...]
    guild: str = "100000000000000001"
    guild_name: str = "Sovereignty Architecture"
    application: str = "500000000000000001"
    bot_name: str = "tgk"
    telegram_bot: int = 7000000
    telegram_username: str = "tgk_council_bot"
    council_chat: int = -1001234567890
    council_thread: int | None = 25782
    council: tuple[str, ...] = COUNCIL
    discord_token: str = DISCORD_TOKEN
    telegram_token: str = TELEGRAM_TOKEN

    def person(self, name: str) -> Person:
        """Return someone by name, Discord id or Telegram id; KeyError when nobody is called so."""
        for person in self.people:
            if name in {person.name, person.discord, str(person.telegram)}:
                return person
        raise KeyError(name)

    def channel(self, name: str) -> Channel:
        """Return a channel by name (with or without ``#``) or id; KeyError when unknown."""
        for channel in self.channels:
            if name.removeprefix("#") in {channel.name, channel.id}:
                return channel
        raise KeyError(name)


def default_cast() -> Cast:
    """Return the cast that ships with the product."""
    return Cast(people=_people(MEMBERS, ROLES), roles=_roles(ROLES), channels=_channels(CHANNELS))


def load_cast(discovery: Path, policy: Path) -> Cast:
    """Return the cast of an operator's own files; what they leave out stays as shipped."""
    known, shipped = _read(discovery), default_cast()
    discord = known.get("discord") or {}
    council = (known.get("telegram") or {}).get("council") or {}
    roles = {str(key): str(value) for key, value in (discord.get("roles") or ROLES).items()}
    channels = {str(key): str(value) for key, value in (discord.get("channels") or {}).items()}
    return Cast(
        people=_people(_members(_read(policy)) or MEMBERS, roles),
        roles=_roles(roles),
        channels=_channels(channels or CHANNELS),
        guild=str(discord.get("guild", shipped.guild)),
        guild_name=str((known.get("org") or {}).get("name", shipped.guild_name)),
        council_chat=int(council.get("chat", shipped.council_chat)),
        council_thread=council.get("thread", shipped.council_thread),
        council=tuple(council.get("members", COUNCIL)),
    )


def _read(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded if isinstance(loaded, dict) else {}


def _members(policy: dict[str, Any]) -> dict[str, tuple[tuple[str, ...], str, str]]:
    found = {}
    for position, (name, entry) in enumerate((policy.get("members") or {}).items(), start=1):
        accounts = entry.get("accounts") or {}
        found[str(name)] = (
            tuple(entry.get("roles") or ()),
            str(accounts.get("discord", 300000000000000100 + position)),
            str(accounts.get("telegram", 7000100 + position)),
        )
    return found


def _people(
    members: dict[str, tuple[tuple[str, ...], str, str]], roles: dict[str, str]
) -> tuple[Person, ...]:
    people = [
        Person(
            name=name,
            discord=discord,
            telegram=int(telegram),
            roles=tuple(key for key, value in roles.items() if value in held),
            policy_roles=held,
        )
        for name, (held, discord, telegram) in members.items()
    ]
    outsider = Person(name="oli", discord="300000000000000008", telegram=7000008)
    return (*people, *(() if "oli" in members else (outsider,)))


def _roles(roles: dict[str, str]) -> tuple[Role, ...]:
    return tuple(
        Role(key, TITLES.get(name, name.replace("_", " ").title()), name, COLOURS[place % 6])
        for place, (key, name) in enumerate(roles.items())
    )


def _channels(channels: dict[str, str]) -> tuple[Channel, ...]:
    return tuple(Channel(key, name.removeprefix("#")) for name, key in channels.items())
