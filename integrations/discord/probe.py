"""Looks whether Discord takes the token and lets the bot post where discovery.yml says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from integrations.discord.rights import NEEDED, WANTED, lacking, rights_in
from integrations.finding import Finding, Probed, ahead, fields, kept_out, listing, port
from tgk.errors import TgkError

if TYPE_CHECKING:
    from integrations.finding import State
    from integrations.http import HttpPort
    from tgk.discovery import Discord
    from tgk.ports.time import Clock

_API = "https://discord.com/api/v10"
_AGENT = "DiscordBot (https://github.com/strategickhaos, 1)"
_DEVELOPERS = "Copy a new token from the Bot page of discord.com/developers into DISCORD_TOKEN."
_INVITE = "Invite the bot with the scopes bot and applications.commands, or mend discord.guild."


async def probe(token: SecretStr, discord: Discord, clock: Clock, api_url: str = "") -> Probed:
    """Return what was found; never raises for what Discord answers."""
    header = SecretStr(f"Bot {token.get_secret_value()}")
    headers: dict[str, str | SecretStr] = {"Authorization": header, "User-Agent": _AGENT}
    async with port("Discord", _base(api_url), clock, headers) as http:
        try:
            answer = await http.request("GET", "/applications/@me")
        except TgkError as error:
            return Probed((kept_out("token", error, _DEVELOPERS, "DISCORD_API_URL"),))
        application = fields(answer)
        me = str(application.get("id", ""))
        name = application.get("name", "")
        found = [Finding("token", "ok", f"accepted; application {me} ({name})")]
        try:
            found += await _guild(http, discord, me)
        except TgkError as error:
            found.append(kept_out("guild", error, _INVITE, "DISCORD_API_URL"))
        return Probed(tuple(found), ahead(answer.headers, clock))


async def _guild(http: HttpPort, discord: Discord, me: str) -> list[Finding]:
    base = f"/guilds/{discord.guild}"
    guild = fields(await http.request("GET", base))
    member = fields(await http.request("GET", f"{base}/members/{me}"))
    roles = listing(await http.request("GET", f"{base}/roles"))
    channels = listing(await http.request("GET", f"{base}/channels"))
    mine = [str(role) for role in _list(member.get("roles"))]
    place = {"guild": discord.guild, "me": me, "mine": mine, "roles": roles}
    return [
        Finding("guild", "ok", f"{guild.get('name', discord.guild)} is reachable"),
        *_channels(discord, {str(each.get("id")): each for each in channels}, place),
        *_roles(discord, {str(role.get("id")) for role in roles}),
    ]


def _channels(
    discord: Discord, there: dict[str, dict[str, object]], place: dict[str, Any]
) -> list[Finding]:
    """Say where the bot may post, and what it lacks where, the same lack on one line."""
    found: dict[tuple[State, str, str], list[str]] = {}
    for name, number in discord.channels.items():
        found.setdefault(_judged(there.get(number), number, place), []).append(name)
    return [
        Finding(", ".join(names), state, told, do) for (state, told, do), names in found.items()
    ]


def _judged(
    channel: dict[str, object] | None, number: str, place: dict[str, Any]
) -> tuple[State, str, str]:
    if channel is None:
        do = "Mend its id under discord.channels, or let the bot see it."
        return "bad", f"there is no channel {number} that the bot sees", do
    rights = rights_in(channel, **place)
    do = "Give the bot's role these permissions there."
    if missing := lacking(rights, NEEDED):
        return "bad", f"lacks {', '.join(missing)}", do
    if missing := lacking(rights, WANTED):
        return "warn", f"lacks {', '.join(missing)}", do
    return "ok", "may post", ""


def _roles(discord: Discord, there: set[str]) -> list[Finding]:
    return [
        Finding(
            "roles", "warn", f"no role has the id {role} ({meaning})",
            "Mend discord.roles in discovery.yml: right click the role, Copy Role ID.",
        )
        for role, meaning in discord.roles.items()
        if role not in there
    ]  # fmt: skip


def _base(api_url: str) -> str:
    base = (api_url or _API).rstrip("/")
    return base if "/api" in urlsplit(base).path else f"{base}/api/v10"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
