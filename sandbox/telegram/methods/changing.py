"""Changes to messages that are there: edits, marks, removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import check_markup
from sandbox.telegram.methods.text import read_caption, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.telegram.params import Params
    from sandbox.telegram.state import Message, TelegramState
    from sandbox.wire import Json

NOT_MODIFIED: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
DELETABLE_FOR: Final = 48 * 3600
REACTIONS: Final = frozenset(
    "👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾🤷😡❤"
)


def edit_text(state: TelegramState, params: Params) -> Json:
    """Replace the text; a keyboard that is not sent again is gone."""
    message = _own(state, params)
    if message.upload is not None:
        raise bad_request("there is no text in the message to edit")
    text, entities = read_text(params)
    return _change(state, params, message, text, entities)


def edit_caption(state: TelegramState, params: Params) -> Json:
    """Replace the caption of a file."""
    message = _own(state, params)
    if message.upload is None:
        raise bad_request("there is no caption in the message to edit")
    text, entities = read_caption(params)
    return _change(state, params, message, text, entities)


def edit_markup(state: TelegramState, params: Params) -> Json:
    """Replace only the keyboard."""
    message = _own(state, params)
    return _change(state, params, message, message.text, message.entities)


def delete_message(state: TelegramState, params: Params) -> bool:
    """Remove a message that is younger than two days."""
    chat = state.chat(params.text("chat_id"))
    message = chat.messages.get(params.integer("message_id") or 0)
    if message is None:
        raise bad_request("message to delete not found")
    if state.clock.now().timestamp() - message.date > DELETABLE_FOR:
        raise bad_request("message can't be deleted for everyone")
    del chat.messages[message.id]
    state.tell("delete", message)
    return True


def set_reaction(state: TelegramState, params: Params) -> bool:
    """Put the bot's mark on a message, or take it off."""
    chat = state.chat(params.text("chat_id"))
    message = chat.messages.get(params.integer("message_id") or 0)
    if message is None:
        raise bad_request("message to react not found")
    marks: list[Json] = params.structure("reaction") or []
    if len(marks) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    if any(str(mark.get("emoji", "")).rstrip("\ufe0f") not in REACTIONS for mark in marks):
        raise bad_request("REACTION_INVALID")
    message.reactions[state.cast.telegram_bot] = marks
    state.tell("reaction", message)
    return True


def _own(state: TelegramState, params: Params) -> Message:
    chat = state.chat(params.text("chat_id"))
    message = chat.messages.get(params.integer("message_id") or 0)
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender != state.cast.telegram_bot:
        raise bad_request("message can't be edited")
    return message


def _change(
    state: TelegramState, params: Params, message: Message, text: str, entities: list[Json]
) -> Json:
    markup = check_markup(params.structure("reply_markup"))
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    if (text, entities, markup) == (message.text, message.entities, message.markup):
        raise bad_request(NOT_MODIFIED)
    state.limits.count(message.chat)
    message.text, message.entities, message.markup = text, entities, markup
    message.source = params.text("text") or params.text("caption") or message.source
    message.edited = int(state.clock.now().timestamp())
    state.tell("edit", message)
    return state.wire(message)


CHANGING: Mapping[str, Callable[[TelegramState, Params], Any]] = {
    "editmessagetext": edit_text,
    "editmessagecaption": edit_caption,
    "editmessagereplymarkup": edit_markup,
    "deletemessage": delete_message,
    "setmessagereaction": set_reaction,
}
