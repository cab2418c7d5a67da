"""Channels, threads and private chats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.discord.errors import Refused, invalid_form
from sandbox.discord.guild import DIRECT, THREAD, Place
from sandbox.discord.validation.form import Form
from sandbox.feed import Change

if TYPE_CHECKING:
    from sandbox.discord.rest.call import Call, Route
    from sandbox.wire import Json

ARCHIVE_AFTER: Final = (60, 1440, 4320, 10080)


async def get_place(call: Call) -> Json:
    """Describe a channel or thread."""
    return call.state.guild.channel(call.state.place(call.names["channel"]))


async def edit_place(call: Call) -> Json:
    """Rename or archive a thread."""
    place = call.state.place(call.names["channel"])
    if place.kind != THREAD:
        raise Refused(403, 50013, "Missing Permissions")
    form = Form()
    if "name" in call.form:
        place.name = form.text(("name",), call.form["name"], 1, 100)
    form.refuse_if_faulty()
    place.is_archived = bool(call.form.get("archived", place.is_archived))
    await _announce(call, place, "THREAD_UPDATE")
    return call.state.guild.channel(place)


async def start_thread_on_message(call: Call) -> Json:
    """Open the thread of a message; its id is the message's."""
    message = call.state.message(call.names["channel"], call.names["message"])
    if message.id in call.state.guild.places:
        raise Refused(400, 160004, "A thread has already been created for this message")
    return await _open_thread(call, message.id)


async def start_thread(call: Call) -> Json:
    """Open a thread without a message."""
    call.state.place(call.names["channel"])
    return await _open_thread(call, call.state.ids.next())


async def open_private(call: Call) -> Json:
    """Open the private chat with a person, or return the one there is."""
    recipient = str(call.form.get("recipient_id", ""))
    if recipient not in {person.discord for person in call.state.cast.people}:
        raise invalid_form([(("recipient_id",), "INVALID_RECIPIENT", "Invalid Recipient(s)")])
    return call.state.guild.channel(private_chat(call.state.guild.places, recipient))


def private_chat(places: dict[str, Place], recipient: str) -> Place:
    """Return the private chat with a person, made if need be."""
    key = str(int(recipient) + 600000000000000000)
    return places.setdefault(key, Place(key, "", kind=DIRECT, recipient=recipient))


async def _open_thread(call: Call, thread: str) -> Json:
    form = Form()
    name = form.text(("name",), call.form.get("name"), 1, 100)
    after = call.form.get("auto_archive_duration") or ARCHIVE_AFTER[1]
    form.choice(("auto_archive_duration",), after, ARCHIVE_AFTER)
    form.refuse_if_faulty()
    parent = call.state.place(call.names["channel"])
    if parent.kind != 0:
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    owner = call.state.cast.application
    place = Place(thread, name, kind=THREAD, parent=parent.id, owner=owner)
    call.state.guild.places[thread] = place
    await _announce(call, place, "THREAD_CREATE")
    return call.state.guild.channel(place)


async def _announce(call: Call, place: Place, event: str) -> None:
    body = call.state.guild.channel(place)
    call.state.feed.publish(Change("thread", place.id, body))
    await call.state.gateway.dispatch(event, body)


PLACES: Final[tuple[Route, ...]] = (
    ("GET", "/channels/{channel}", get_place),
    ("PATCH", "/channels/{channel}", edit_place),
    ("POST", "/channels/{channel}/messages/{message}/threads", start_thread_on_message),
    ("POST", "/channels/{channel}/threads", start_thread),
    ("POST", "/users/@me/channels", open_private),
)
