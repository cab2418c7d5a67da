"""Application commands: listed and overwritten in bulk, for everywhere or for the guild."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.discord.errors import Refused, invalid_form, missing_access
from sandbox.discord.state import GLOBAL
from sandbox.discord.validation.commands import check_commands
from sandbox.feed import Change

if TYPE_CHECKING:
    from sandbox.discord.rest.call import Call, Route
    from sandbox.wire import Json


async def get_commands(call: Call) -> list[Json]:
    """List what is registered."""
    return call.state.commands[_scope(call)]


async def put_commands(call: Call) -> list[Json]:
    """Replace everything that is registered; a name that stays keeps its id."""
    scope = _scope(call)
    if not isinstance(call.body, list):
        raise invalid_form([((), "BASE_TYPE_LIST", "Only iterables may be used in a ListType")])
    check_commands(call.body)
    state = call.state
    before = {_key(command): command["id"] for command in state.commands[scope]}
    registered = []
    for command in call.body:
        kept: Json = {**_defaults(command), **command}
        kept["id"] = before.get(_key(kept)) or state.ids.next()
        kept["application_id"] = state.cast.application
        kept["version"] = state.ids.next()
        if scope != GLOBAL:
            kept["guild_id"] = scope
        registered.append(kept)
    state.commands[scope] = registered
    names = [command["name"] for command in registered]
    state.feed.publish(Change("commands", scope, {"names": names}))
    return registered


def _key(command: Json) -> tuple[int, str]:
    return command.get("type", 1), command["name"]


def _defaults(command: Json) -> Json:
    return {
        "type": 1,
        "description": "",
        "options": [],
        "default_member_permissions": None,
        "nsfw": False,
        "contexts": None,
        "integration_types": [0],
        "name_localizations": None,
        "description_localizations": None,
        "dm_permission": command.get("dm_permission", True),
    }


def _scope(call: Call) -> str:
    if call.names["application"] != call.state.cast.application:
        message = "You are not authorized to perform this action on this application"
        raise Refused(403, 20012, message)
    scope = call.names.get("guild", GLOBAL)
    if scope not in call.state.commands:
        raise missing_access()
    return scope


COMMANDS: Final[tuple[Route, ...]] = (
    ("GET", "/applications/{application}/commands", get_commands),
    ("PUT", "/applications/{application}/commands", put_commands),
    ("GET", "/applications/{application}/guilds/{guild}/commands", get_commands),
    ("PUT", "/applications/{application}/guilds/{guild}/commands", put_commands),
)
