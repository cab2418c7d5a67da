"""New messages: text, documents, pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import check_markup
from sandbox.telegram.methods.text import read_caption, read_text
from sandbox.telegram.state import Chat, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.telegram.params import Params
    from sandbox.telegram.state import TelegramState
    from sandbox.wire import Json, Upload


def send_message(state: TelegramState, params: Params) -> Json:
    """Post a text."""
    message = _begin(state, params)
    message.text, message.entities = read_text(params)
    message.source = params.text("text")
    return _finish(state, message)


def send_document(state: TelegramState, params: Params) -> Json:
    """Post a file."""
    return _send_file(state, params, "document")


def send_photo(state: TelegramState, params: Params) -> Json:
    """Post a picture."""
    return _send_file(state, params, "photo")


def send_chat_action(state: TelegramState, params: Params) -> bool:
    """Show that the bot is at work."""
    chat = state.chat(params.text("chat_id"))
    _thread(chat, params, None)
    state.typing.append((chat.id, params.text("action")))
    del state.typing[:-100]
    return True


def _send_file(state: TelegramState, params: Params, kind: str) -> Json:
    message = _begin(state, params)
    message.text, message.entities = read_caption(params)
    message.source = params.text("caption")
    message.upload = _upload(state, params, kind)
    message.file_kind = kind
    message.file_id = f"{kind}-{message.chat}-{len(state.files) + 1}"
    state.files[message.file_id] = message.upload
    return _finish(state, message)


def _upload(state: TelegramState, params: Params, kind: str) -> Upload:
    upload = params.upload(kind) or state.files.get(params.text(kind))
    if upload is None:
        raise bad_request(f"there is no {kind} in the request")
    if not upload.content:
        raise bad_request("file must be non-empty")
    return upload


def _begin(state: TelegramState, params: Params) -> Message:
    chat = state.chat(params.text("chat_id"))
    replied = _replied(chat, params)
    thread = _thread(chat, params, replied)
    markup = check_markup(params.structure("reply_markup"))
    return Message(
        chat=chat.id,
        id=0,
        sender=state.cast.telegram_bot,
        date=int(state.clock.now().timestamp()),
        thread=thread,
        markup=markup,
        reply_to=replied.id if replied else None,
        silent=params.flag("disable_notification"),
    )


def _finish(state: TelegramState, message: Message) -> Json:
    state.limits.count(message.chat)
    message.id = state.next_id(state.chats[message.chat])
    state.keep(message)
    return state.wire(message)


def _replied(chat: Chat, params: Params) -> Message | None:
    given: Json = params.structure("reply_parameters") or {}
    wanted = given.get("message_id", params.integer("reply_to_message_id"))
    if wanted is None:
        return None
    found = chat.messages.get(int(wanted))
    lenient = given.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply")
    if found is None and not lenient:
        raise bad_request("message to be replied not found")
    return found


def _thread(chat: Chat, params: Params, replied: Message | None) -> int | None:
    thread = params.integer("message_thread_id")
    if thread is None:
        return replied.thread if replied else None
    if thread not in chat.topics:
        raise bad_request("message thread not found")
    if thread in chat.closed:
        raise bad_request("TOPIC_CLOSED")
    return thread


SENDING: Mapping[str, Callable[[TelegramState, Params], Any]] = {
    "sendmessage": send_message,
    "senddocument": send_document,
    "sendphoto": send_photo,
    "sendchataction": send_chat_action,
}
