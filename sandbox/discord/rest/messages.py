"""Messages of channels, threads and private chats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.discord.errors import Refused, unknown
from sandbox.discord.posting import edit_message, post_message
from sandbox.feed import Change

if TYPE_CHECKING:
    from sandbox.discord.rest.call import Call, Route
    from sandbox.discord.state import Message
    from sandbox.wire import Json

MOST_LISTED: Final = 100


async def create(call: Call) -> Json:
    """Post a message."""
    state, channel = call.state, call.names["channel"]
    place = state.place(channel)
    if place.is_archived:
        raise Refused(400, 50083, "Thread is archived")
    return state.wire(await post_message(state, channel, call.form, call.files))


async def get_one(call: Call) -> Json:
    """Return a message."""
    return call.state.wire(_found(call))


async def get_many(call: Call) -> list[Json]:
    """Return the newest messages, or those around a point, newest first."""
    state, channel = call.state, call.names["channel"]
    state.place(channel)
    before = int(call.query.get("before", 1 << 63))
    after = int(call.query.get("after", 0))
    limit = min(int(call.query.get("limit", 50)), MOST_LISTED)
    fitting = [
        message
        for message in state.messages[channel].values()
        if after < int(message.id) < before and not message.is_ephemeral
    ]
    chosen = fitting[:limit] if after else fitting[-limit:]
    return [state.wire(message) for message in reversed(chosen)]


async def edit(call: Call) -> Json:
    """Change one of the bot's own messages."""
    message = _found(call)
    if message.author != call.state.cast.application:
        raise Refused(403, 50005, "Cannot edit a message authored by another user")
    return call.state.wire(await edit_message(call.state, message, call.form, call.files))


async def delete(call: Call) -> None:
    """Remove a message."""
    message = _found(call)
    if message.author != call.state.cast.application:
        raise Refused(403, 50013, "Missing Permissions")
    await call.state.remove(message)


async def type_on(call: Call) -> None:
    """Show that the bot is writing."""
    place = call.state.place(call.names["channel"])
    call.state.typing.append(place.id)
    del call.state.typing[:-100]
    call.state.feed.publish(Change("typing", place.id))


async def react(call: Call) -> None:
    """Put the bot's mark on a message."""
    message, emoji = _found(call), call.names["emoji"]
    if emoji.isascii() and ":" not in emoji:
        raise unknown("Emoji", 10014)
    message.reactions[emoji].add(call.state.cast.application)
    await _tell_reaction(call, message, "MESSAGE_REACTION_ADD")


async def take_reaction(call: Call) -> None:
    """Take the bot's mark off."""
    message, emoji = _found(call), call.names["emoji"]
    message.reactions[emoji].discard(call.state.cast.application)
    await _tell_reaction(call, message, "MESSAGE_REACTION_REMOVE")


def _found(call: Call) -> Message:
    return call.state.message(call.names["channel"], call.names["message"])


async def _tell_reaction(call: Call, message: Message, event: str) -> None:
    state = call.state
    body: Json = {
        "user_id": state.cast.application,
        "channel_id": message.channel,
        "message_id": message.id,
        "guild_id": state.cast.guild,
        "emoji": {"id": None, "name": call.names["emoji"]},
        "burst": False,
        "type": 0,
    }
    state.feed.publish(Change("reaction", message.channel, state.wire(message)))
    await state.gateway.dispatch(event, body)


MESSAGES: Final[tuple[Route, ...]] = (
    ("POST", "/channels/{channel}/messages", create),
    ("GET", "/channels/{channel}/messages", get_many),
    ("GET", "/channels/{channel}/messages/{message}", get_one),
    ("PATCH", "/channels/{channel}/messages/{message}", edit),
    ("DELETE", "/channels/{channel}/messages/{message}", delete),
    ("POST", "/channels/{channel}/typing", type_on),
    ("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", react),
    ("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", take_reaction),
)
