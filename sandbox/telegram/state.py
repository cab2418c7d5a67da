"""What the simulated Telegram remembers: chats, topics, messages, files, button presses."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from sandbox.feed import Change, Feed
from sandbox.telegram.entities import as_html
from sandbox.telegram.errors import Refusal, bad_request
from sandbox.telegram.flood import FloodLimits
from sandbox.telegram.updates import Updates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cast import Cast, Person
    from sandbox.wire import Json, Upload
    from tgk.ports.time import Clock

FIRST_GROUP_MESSAGE: Final = 30001
MOST_MESSAGES: Final = 2000
MOST_POPUPS: Final = 500


@dataclass(slots=True)
class Message:
    """One message as it stands now; ``source`` is the text exactly as it was sent."""

    chat: int
    id: int
    sender: int
    date: int
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    source: str = ""
    thread: int | None = None
    markup: Json | None = None
    reply_to: int | None = None
    upload: Upload | None = None
    file_id: str = ""
    file_kind: str = ""
    edited: int | None = None
    silent: bool = False
    reactions: dict[int, list[Json]] = field(default_factory=dict)

    @property
    def buttons(self) -> list[Json]:
        """The inline buttons, row by row in one list."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]

    @property
    def html(self) -> str:
        """The text as safe HTML, for a page."""
        return as_html(self.text, self.entities)


@dataclass(slots=True)
class Chat:
    """One chat; ``topics`` are a forum's threads, and ``closed`` those that take no messages."""

    id: int
    kind: str
    title: str
    topics: dict[int, str] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)
    opened: bool = True
    last_id: int = FIRST_GROUP_MESSAGE - 1

    @property
    def is_forum(self) -> bool:
        """Whether it has topics."""
        return bool(self.topics)


@dataclass(slots=True)
class Query:
    """One press of a button that waits for its answer."""

    id: str
    user: int
    chat: int
    message: int
    at: float
    is_answered: bool = False


@dataclass(frozen=True, slots=True)
class Popup:
    """What the bot showed to one person who pressed; ``alert`` is the kind with a button."""

    user: int
    chat: int
    message: int
    query: str
    text: str
    alert: bool
    url: str = ""


class TelegramState:
    """Everything that the methods read and write."""

    def __init__(self, cast: Cast, clock: Clock, *, flood_limits: bool) -> None:
        self.cast = cast
        self.clock = clock
        self.feed = Feed()
        self.updates = Updates(clock)
        self.limits = FloodLimits(clock, enforced=flood_limits)
        self.chats = {chat.id: chat for chat in _chats(cast)}
        self.queries: dict[str, Query] = {}
        self.popups: list[Popup] = []
        self.commands: dict[str, list[Json]] = {}
        self.files: dict[str, Upload] = {}
        self.typing: list[tuple[int, str]] = []
        self.serial: Iterator[int] = count(1)
        self._private = count(1)

    def chat(self, wanted: str | int) -> Chat:
        """Return a chat that the bot may write to."""
        found = self.chats.get(int(wanted)) if str(wanted).lstrip("-").isdigit() else None
        if found is None:
            raise bad_request("chat not found")
        if not found.opened:
            raise Refusal(403, f"Forbidden: {_closed_because(found)}")
        return found

    def next_id(self, chat: Chat) -> int:
        """Return the next message id: per group, and one row for all private chats."""
        if chat.kind == "private":
            return next(self._private)
        chat.last_id += 1
        return chat.last_id

    def keep(self, message: Message) -> None:
        """Add a message and tell who watches; the oldest go when a chat gets long."""
        messages = self.chats[message.chat].messages
        messages[message.id] = message
        if len(messages) > MOST_MESSAGES:
            del messages[min(messages)]
        self.tell("message", message)

    def tell(self, kind: str, message: Message) -> None:
        """Tell who watches that a message changed."""
        self.feed.publish(Change(kind, str(message.chat), self.wire(message)))

    def show(self, popup: Popup) -> None:
        """Keep a popup and tell who watches."""
        self.popups.append(popup)
        del self.popups[:-MOST_POPUPS]
        body: Json = {"text": popup.text, "alert": popup.alert, "message_id": popup.message}
        self.feed.publish(Change("popup", str(popup.chat), body, viewer=str(popup.user)))

    def user(self, user: int) -> Json:
        """Return an account as the platform describes it."""
        if user == self.cast.telegram_bot:
            return {
                "id": user,
                "is_bot": True,
                "first_name": self.cast.bot_name,
                "username": self.cast.telegram_username,
            }
        person: Person = self.cast.person(str(user))
        return {
            "id": user,
            "is_bot": False,
            "first_name": person.display,
            "username": person.name,
            "language_code": "en",
        }

    def describe(self, chat: Chat) -> Json:
        """Return a chat as the platform describes it."""
        if chat.kind == "private":
            user = self.user(chat.id)
            return {
                "id": chat.id,
                "type": "private",
                "first_name": user["first_name"],
                "username": user["username"],
            }
        described: Json = {"id": chat.id, "type": chat.kind, "title": chat.title}
        return {**described, "is_forum": True} if chat.is_forum else described

    def wire(self, message: Message, *, nested: bool = False) -> Json:
        """Return a message as the platform sends it."""
        chat = self.chats[message.chat]
        body: Json = {
            "message_id": message.id,
            "from": self.user(message.sender),
            "chat": self.describe(chat),
            "date": message.date,
        }
        if message.edited:
            body["edit_date"] = message.edited
        if message.thread is not None:
            body |= {"message_thread_id": message.thread, "is_topic_message": True}
        if message.markup and "inline_keyboard" in message.markup:
            body["reply_markup"] = message.markup
        body |= _content(message)
        replied = chat.messages.get(message.reply_to or 0)
        if replied is not None and not nested:
            body["reply_to_message"] = self.wire(replied, nested=True)
        return body


def _closed_because(chat: Chat) -> str:
    if chat.kind == "private":
        return "bot can't initiate conversation with a user"
    return f"bot was kicked from the {chat.kind} chat"


def _content(message: Message) -> Json:
    if message.upload is None:
        body: Json = {"text": message.text}
        return {**body, "entities": message.entities} if message.entities else body
    body = {}
    if message.text:
        body["caption"] = message.text
    if message.entities:
        body["caption_entities"] = message.entities
    size = len(message.upload.content)
    file = {"file_id": message.file_id, "file_unique_id": message.file_id, "file_size": size}
    if message.file_kind == "photo":
        body["photo"] = [{**file, "width": 1280, "height": 280}]
    else:
        name, kind = message.upload.name, message.upload.kind
        body["document"] = {**file, "file_name": name, "mime_type": kind}
    return body


def _chats(cast: Cast) -> Iterator[Chat]:
    topics = {} if cast.council_thread is None else {cast.council_thread: "Council"}
    kind = "supergroup" if str(cast.council_chat).startswith("-100") else "group"
    yield Chat(cast.council_chat, kind, "Council", topics=topics)
    for person in cast.people:
        yield Chat(person.telegram, "private", person.display, opened=False)
