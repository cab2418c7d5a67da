"""What an update says, read from its JSON: only the few fields that a command needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.telegram.prompts import token_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_PASSED_ON = ("forward_origin", "forward_date", "via_bot")
_ANONYMOUS = "GroupAnonymousBot"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in Telegram something was written or pressed."""

    chat: int
    kind: str
    thread: int | None
    message: int

    @property
    def is_private(self) -> bool:
        """Whether it is the chat of one person with us."""
        return self.kind == "private"


@dataclass(frozen=True, slots=True)
class Sender:
    """The account behind it; ``is_person`` is false for channels, groups and hidden admins."""

    id: int
    name: str
    is_person: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a message; ``own`` is false for that of the message it replies to."""

    id: str
    size: int
    own: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """A message with text, or a file with a caption.

    ``prompt`` is the token of the question that it answers.
    """

    id: int
    spot: Spot
    sender: Sender
    text: str
    prompt: str
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press of a button."""

    id: int
    query: str
    spot: Spot
    sender: Sender
    token: str


def read_update(update: Mapping[str, Any], me: int) -> Typed | Pressed | None:
    """Return what an update means, None when it cannot concern us.

    Forwarded messages are nobody's commands. Raises KeyError, TypeError or ValueError for an
    update that is not shaped as Telegram shapes them.
    """
    if query := update.get("callback_query"):
        return _pressed(int(update["update_id"]), query)
    message = update.get("message")
    if not message or any(key in message for key in _PASSED_ON):
        return None
    text = str(message.get("text") or message.get("caption") or "")
    replied = message.get("reply_to_message")
    document, prompt = _document(message, replied), _prompt(replied, me)
    answered_by_file = prompt and document is not None and document.own
    if not text and not answered_by_file:
        return None
    return Typed(
        id=int(update["update_id"]),
        spot=_spot(message),
        sender=_sender(message.get("from"), message.get("sender_chat")),
        text=text,
        prompt=prompt,
        document=document,
    )


def _document(message: Mapping[str, Any], replied: Mapping[str, Any] | None) -> Document | None:
    """Return the file of a message, else that of the one it replies to."""
    for holder in (message, replied or {}):
        if found := holder.get("document"):
            size = int(found.get("file_size") or 0)
            return Document(str(found["file_id"]), size, holder is message)
    return None


def _pressed(number: int, query: Mapping[str, Any]) -> Pressed | None:
    message = query.get("message")
    if not message or not query.get("data"):
        return None
    return Pressed(
        id=number,
        query=str(query["id"]),
        spot=_spot(message),
        sender=_sender(query["from"], None),
        token=str(query["data"]),
    )


def _spot(message: Mapping[str, Any]) -> Spot:
    chat = message["chat"]
    thread = message.get("message_thread_id") if message.get("is_topic_message") else None
    return Spot(int(chat["id"]), str(chat["type"]), thread, int(message["message_id"]))


def _sender(account: Mapping[str, Any] | None, behalf: Mapping[str, Any] | None) -> Sender:
    known = account or {}
    name = str(known.get("username") or known.get("first_name") or known.get("id", "-"))
    hidden = known.get("is_bot", False) or known.get("username") == _ANONYMOUS
    return Sender(int(known.get("id", 0)), name, bool(account) and not behalf and not hidden)


def _prompt(replied: Mapping[str, Any] | None, me: int) -> str:
    if not replied or replied.get("from", {}).get("id") != me:
        return ""
    return token_of(replied.get("entities", ()))
