"""What a Discord client does with a typed command before it sends anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.state import GLOBAL
from sandbox.discord.validation.commands import SUB_COMMAND, SUB_GROUP
from sandbox.wire import Upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.discord.state import DiscordState
    from sandbox.wire import Json

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, NUMBER, FILE = 3, 4, 5, 6, 7, 8, 10, 11
USER_MENU, MESSAGE_MENU = 2, 3


class ClientRefused(ValueError):
    """The client would not have sent this; the text says why."""


def find_command(state: DiscordState, user: str, name: str) -> tuple[Json, list[Json]]:
    """Return a registered command and the sub-commands below it, by its spoken name.

    Raises LookupError when nothing is registered under that name for this person.
    """
    root, *below = name.removeprefix("/").split()
    registered = [*state.commands[state.cast.guild], *state.commands[GLOBAL]]
    for command in registered:
        if (command["name"], command["type"]) == (root, 1) and _may_use(state, user, command):
            return command, _descend(command, below, name)
    raise LookupError(f"no command /{name} is registered")


def leaf_options(command: Json, path: list[Json]) -> list[Json]:
    """Return the options of the innermost sub-command."""
    return list((path[-1] if path else command).get("options") or ())


def build_data(
    state: DiscordState,
    user: str,
    name: str,
    values: Mapping[str, Any],
    *,
    focused: str = "",
) -> Json:
    """Return the interaction data of a typed command, or refuse as the client would.

    With ``focused`` it is the data of an autocomplete: incomplete and unchecked.
    """
    command, path = find_command(state, user, name)
    resolved: Json = {}
    options: list[Json] = []
    known = {option["name"]: option for option in leaf_options(command, path)}
    for given in values:
        if given not in known:
            raise ClientRefused(f"/{name} has no option {given!r}")
    for option in known.values():
        value = values.get(option["name"])
        if value is None:
            if option.get("required") and not focused:
                raise ClientRefused(f"option {option['name']!r} is required")
            continue
        kept = str(value) if focused else _checked(state, option, value, resolved)
        entry = {"name": option["name"], "type": option["type"], "value": kept}
        options.append({**entry, "focused": True} if option["name"] == focused else entry)
    for part in reversed(path):
        options = [{"name": part["name"], "type": part["type"], "options": options}]
    data: Json = {"id": command["id"], "name": command["name"], "type": 1, "options": options}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return {**data, "resolved": resolved} if resolved else data


def menu_data(state: DiscordState, user: str, name: str, target: str) -> Json:
    """Return the data of a choice from the menu on a message or a person.

    Raises LookupError when no such entry is registered for this person.
    """
    message = next((kept[target] for kept in state.messages.values() if target in kept), None)
    kind = USER_MENU if message is None else MESSAGE_MENU
    for command in [*state.commands[state.cast.guild], *state.commands[GLOBAL]]:
        if (command["name"], command["type"]) == (name, kind) and _may_use(state, user, command):
            break
    else:
        raise LookupError(f"no menu entry {name!r} is registered")
    resolved: Json = {}
    if message is None:
        target = _resolve(state, USER, target, resolved)
    else:
        resolved["messages"] = {target: state.wire(message)}
    data: Json = {"id": command["id"], "name": name, "type": kind, "target_id": target}
    return {**data, "guild_id": state.cast.guild, "resolved": resolved}


def _may_use(state: DiscordState, user: str, command: Json) -> bool:
    needed = command.get("default_member_permissions")
    if needed is None:
        return True
    held = state.guild.permissions(user)
    admin = bool(held & 1 << 3)
    return admin or (int(needed) > 0 and held & int(needed) == int(needed))


def _descend(command: Json, below: list[str], name: str) -> list[Json]:
    path: list[Json] = []
    here = command
    for part in below:
        found = [option for option in here.get("options") or () if option["name"] == part]
        if not found or found[0]["type"] not in {SUB_COMMAND, SUB_GROUP}:
            raise LookupError(f"no command /{name} is registered")
        here = found[0]
        path.append(here)
    if any(option["type"] in {SUB_COMMAND, SUB_GROUP} for option in here.get("options") or ()):
        raise LookupError(f"/{name} needs a sub-command")
    return path


def _checked(state: DiscordState, option: Json, value: Any, resolved: Json) -> Any:
    kind = option["type"]
    if kind in {USER, CHANNEL, ROLE}:
        return _resolve(state, kind, value, resolved)
    if kind == FILE:
        return attached(state, option["name"], str(value), resolved)
    typed = _typed(kind, option["name"], value)
    choices = option.get("choices") or []
    if choices and typed not in [choice["value"] for choice in choices]:
        raise ClientRefused(f"option {option['name']!r} must be one of its choices")
    size = len(typed) if isinstance(typed, str) else typed
    ends = ("min_length", "max_length") if isinstance(typed, str) else ("min_value", "max_value")
    low, high = (option.get(end) for end in ends)
    if (low is not None and size < low) or (high is not None and size > high):
        raise ClientRefused(f"option {option['name']!r} must be between {low} and {high}")
    return typed


def attached(state: DiscordState, name: str, text: str, resolved: Json) -> str:
    """Attach what was typed as a file, and return its id."""
    upload = Upload(f"{name}.txt", text.encode(), "text/plain")
    number = state.ids.next()
    state.files[number] = upload
    address = f"{state.origin}/attachments/0/{number}/{upload.name}"
    resolved.setdefault("attachments", {})[number] = {
        "id": number, "filename": upload.name, "size": len(upload.content), "url": address,
        "proxy_url": address, "content_type": upload.kind,
    }  # fmt: skip
    return number


TYPES: Final = {STRING: str, INTEGER: int, NUMBER: float}


def _typed(kind: int, name: str, value: Any) -> Any:
    if kind == BOOLEAN:
        return value if isinstance(value, bool) else str(value).lower() == "true"
    try:
        return TYPES[kind](value)
    except ValueError as error:
        raise ClientRefused(f"option {name!r} must be a number") from error
    except KeyError as error:
        raise ClientRefused(f"option {name!r} has a type that cannot be typed here") from error


def _resolve(state: DiscordState, kind: int, value: Any, resolved: Json) -> str:
    try:
        if kind == CHANNEL:
            channel = state.cast.channel(str(value)).id
            described = state.guild.channel(state.guild.places[channel])
            resolved.setdefault("channels", {})[channel] = {**described, "permissions": "0"}
            return channel
        if kind == USER:
            user = state.cast.person(str(value)).discord
            resolved.setdefault("users", {})[user] = state.guild.user(user)
            resolved.setdefault("members", {})[user] = {
                **state.guild.member(user),
                "permissions": str(state.guild.permissions(user)),
            }
            return user
    except KeyError as error:
        raise ClientRefused(f"there is no {value}") from error
    for role in state.guild.roles():
        if str(value).removeprefix("@") in {role["id"], role["name"]}:
            resolved.setdefault("roles", {})[role["id"]] = role
            return str(role["id"])
    raise ClientRefused(f"there is no role {value}")
