"""The bot itself, its application, the guild and the way to the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.discord.errors import missing_access, unknown

if TYPE_CHECKING:
    from sandbox.discord.rest.call import Call, Route
    from sandbox.wire import Json


async def get_me(call: Call) -> Json:
    """Describe the bot's account."""
    user = call.state.guild.user(call.state.cast.application)
    return {**user, "verified": True, "email": None, "flags": 0, "mfa_enabled": False}


async def get_application(call: Call) -> Json:
    """Describe the bot's application."""
    cast = call.state.cast
    return {
        "id": cast.application,
        "name": cast.bot_name,
        "icon": None,
        "description": "",
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "owner": call.state.guild.user(cast.people[0].discord),
        "team": None,
        "summary": "",
        "approximate_guild_count": 1,
        "redirect_uris": [],
        "rpc_origins": [],
    }


async def get_gateway(call: Call) -> Json:
    """Say where the gateway is."""
    return {
        "url": call.state.origin.replace("http", "ws", 1).removesuffix("/cdn") + "/gateway",
        "shards": 1,
        "session_start_limit": {
            "total": 1000,
            "remaining": 1000,
            "reset_after": 0,
            "max_concurrency": 1,
        },
    }


async def get_guild(call: Call) -> Json:
    """Describe the guild."""
    _check_guild(call)
    count = len(call.state.cast.people) + 1
    counts = {"approximate_member_count": count, "approximate_presence_count": count}
    return {**call.state.guild.describe(), **counts}


async def get_channels(call: Call) -> list[Json]:
    """List the guild's channels."""
    _check_guild(call)
    guild = call.state.guild
    return [guild.channel(place) for place in guild.places.values() if place.kind == 0]


async def get_roles(call: Call) -> list[Json]:
    """List the guild's roles."""
    _check_guild(call)
    return call.state.guild.roles()


async def get_members(call: Call) -> list[Json]:
    """List the guild's members."""
    _check_guild(call)
    state = call.state
    users = [state.cast.application, *(person.discord for person in state.cast.people)]
    limit = int(call.query.get("limit", 1))
    after = int(call.query.get("after", 0))
    later = sorted((user for user in users if int(user) > after), key=int)
    return [state.guild.full_member(user) for user in later[:limit]]


async def get_member(call: Call) -> Json:
    """Describe one member."""
    _check_guild(call)
    return call.state.guild.full_member(_known(call, "Member", 10007))


async def get_user(call: Call) -> Json:
    """Describe one account."""
    return call.state.guild.user(_known(call, "User", 10013))


def _check_guild(call: Call) -> None:
    if call.names["guild"] != call.state.cast.guild:
        raise missing_access()


def _known(call: Call, what: str, code: int) -> str:
    user = call.names["user"]
    people = {person.discord for person in call.state.cast.people}
    if user not in people | {call.state.cast.application}:
        raise unknown(what, code)
    return user


ACCOUNTS: Final[tuple[Route, ...]] = (
    ("GET", "/users/@me", get_me),
    ("GET", "/applications/@me", get_application),
    ("GET", "/oauth2/applications/@me", get_application),
    ("GET", "/gateway", get_gateway),
    ("GET", "/gateway/bot", get_gateway),
    ("GET", "/users/{user}", get_user),
    ("GET", "/guilds/{guild}", get_guild),
    ("GET", "/guilds/{guild}/channels", get_channels),
    ("GET", "/guilds/{guild}/roles", get_roles),
    ("GET", "/guilds/{guild}/members", get_members),
    ("GET", "/guilds/{guild}/members/{user}", get_member),
)
