"""Turning a request body into a message: files, references, mentions, component ids."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.errors import invalid_form, unknown
from sandbox.discord.snowflake import seconds_of
from sandbox.discord.state import Message
from sandbox.discord.validation.components import walk
from sandbox.discord.validation.messages import (
    EPHEMERAL,
    LAYOUT,
    LOADING,
    SILENT,
    SUPPRESS_EMBEDS,
    asked_flags,
    check_message,
    check_not_empty,
    check_uploads,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.discord.interaction import Interaction
    from sandbox.discord.state import DiscordState
    from sandbox.wire import Json, Upload

_MENTION: Final = re.compile(r"<@!?(\d{15,20})>")
NONCE_LIFE: Final = 300.0
TAKEN: Final = LAYOUT | SILENT | SUPPRESS_EMBEDS


async def post_message(
    state: DiscordState,
    channel: str,
    body: Json,
    files: Mapping[str, Upload],
    *,
    origin: Interaction | None = None,
) -> Message:
    """Create a message, or return the one that the same nonce made before."""
    before = _same_nonce(state, channel, body)
    if before is not None:
        return before
    asked = asked_flags(body)
    flags = asked & (TAKEN | (EPHEMERAL if origin else 0))
    message = Message(state.ids.next(), channel, state.cast.application, flags=flags, origin=origin)
    message.viewer = origin.user if origin and flags & EPHEMERAL else ""
    check_uploads(list(files.values()))
    names = _names(body, files, [])
    check_message(body, names, flags=flags)
    check_not_empty(body, has_files=bool(files))
    message.reply_to = _reply_to(state, channel, body)
    message.nonce = str(body.get("nonce") or "")
    fill(state, message, body, files)
    await state.keep(message)
    return message


async def edit_message(
    state: DiscordState, message: Message, body: Json, files: Mapping[str, Upload]
) -> Message:
    """Replace what the body names; a Components V2 message stays one."""
    was_loading = message.is_loading
    flags = message.flags & ~LOADING
    flags |= asked_flags(body) & LAYOUT
    check_uploads(list(files.values()))
    names = _names(body, files, message.attachments)
    whole = {**_standing(message, flags), **dict(body.items())}
    check_message(whole, names, flags=flags)
    after = {**whole, "flags": flags}
    check_not_empty(after, has_files=bool(names))
    message.flags = flags
    fill(state, message, body, files)
    if not was_loading:
        message.edited = state.clock.now().isoformat()
    await state.tell("edit", "MESSAGE_UPDATE", message)
    return message


def fill(state: DiscordState, message: Message, body: Json, files: Mapping[str, Upload]) -> None:
    """Put the given parts into a message; what the body does not name stays."""
    if "attachments" in body or files:
        message.attachments = _attach(state, message, body, files)
    if "content" in body:
        message.content = body["content"] or ""
    if "embeds" in body:
        message.embeds = [_resolved(embed, message) for embed in body["embeds"] or ()]
    if "components" in body:
        message.components = [_resolved(part, message) for part in body["components"] or ()]
        _number(message.components)
    if "allowed_mentions" in body:
        message.allowed_mentions = body["allowed_mentions"] or {}
    message.mentions = _pinged(state, message)


def _same_nonce(state: DiscordState, channel: str, body: Json) -> Message | None:
    nonce = str(body.get("nonce") or "")
    if not nonce or not body.get("enforce_nonce"):
        return None
    now = state.clock.now().timestamp()
    for message in state.messages[channel].values():
        if message.nonce == nonce and now - seconds_of(message.id) < NONCE_LIFE:
            return message
    return None


def _reply_to(state: DiscordState, channel: str, body: Json) -> str:
    reference = body.get("message_reference") or {}
    wanted = str(reference.get("message_id") or "")
    found = state.messages[channel].get(wanted)
    if not wanted or (found is None and not reference.get("fail_if_not_exists", True)):
        return ""
    if found is None or found.is_ephemeral:
        raise invalid_form([(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")])
    return wanted


def _standing(message: Message, flags: int) -> Json:
    if flags & LAYOUT:
        return {"content": message.content, "embeds": message.embeds}
    return {"content": message.content, "embeds": message.embeds, "components": None}


def _names(body: Json, files: Mapping[str, Upload], before: list[Json]) -> set[str]:
    kept = {str(entry.get("id")) for entry in body.get("attachments") or ()}
    listed = "attachments" in body
    standing = {entry["filename"] for entry in before if not listed or entry["id"] in kept}
    return standing | {upload.name for upload in files.values()}


def _attach(
    state: DiscordState, message: Message, body: Json, files: Mapping[str, Upload]
) -> list[Json]:
    described = {str(entry.get("id")): entry for entry in body.get("attachments") or ()}
    listed = "attachments" in body
    kept = [entry for entry in message.attachments if not listed or entry["id"] in described]
    for name, upload in files.items():
        key = _key(name)
        attachment = state.ids.next()
        state.files[attachment] = upload
        path = f"attachments/{message.channel}/{attachment}/{upload.name}"
        entry: Json = {
            "id": attachment,
            "filename": upload.name,
            "size": len(upload.content),
            "url": f"{state.origin}/{path}",
            "proxy_url": f"{state.origin}/{path}",
            "content_type": upload.kind,
        }
        if described.get(key, {}).get("description"):
            entry["description"] = described[key]["description"]
        kept.append(entry)
    present = {entry["id"] for entry in kept} | {_key(name) for name in files}
    if any(key not in present for key in described):
        raise unknown("Attachment", 10045)
    return kept


def _key(name: str) -> str:
    return name.removeprefix("files[").removesuffix("]")


def _resolved(part: Any, message: Message) -> Any:
    """Return a copy in which attachment:// names the stored file."""
    if isinstance(part, list):
        return [_resolved(entry, message) for entry in part]
    if not isinstance(part, dict):
        return part
    copy = {key: _resolved(value, message) for key, value in part.items()}
    name = str(copy.get("url", "")).removeprefix("attachment://")
    for entry in message.attachments:
        if copy.get("url") == f"attachment://{name}" and entry["filename"] == name:
            copy |= {"url": entry["url"], "proxy_url": entry["url"], "attachment_id": entry["id"]}
    return copy


def _number(components: list[Json]) -> None:
    taken = {part["id"] for part in walk(components) if part.get("id")}
    free = (number for number in count(1) if number not in taken)
    for part in walk(components):
        if not part.get("id"):
            part["id"] = next(free)


def _pinged(state: DiscordState, message: Message) -> list[str]:
    texts = [message.content]
    texts += [str(part.get("content", "")) for part in walk(message.components)]
    named = dict.fromkeys(user for text in texts for user in _MENTION.findall(text))
    known = {person.discord for person in state.cast.people} | {state.cast.application}
    allowed = message.allowed_mentions
    if message.author != state.cast.application or not allowed:
        return [user for user in named if user in known]
    some = {str(user) for user in allowed.get("users") or ()}
    everybody = "users" in (allowed.get("parse") or ())
    return [user for user in named if user in known and (everybody or user in some)]
