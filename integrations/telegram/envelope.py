"""The parameters of a Bot API call that carry a message: place, answer, buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.telegram.render import Key, Rendered
    from tgk.ports.board import Place
    from tgk.reply import Reply

PROMPT = "telegram_prompt"
"""In ``Reply.data``: marks a message that asks for words, to which people answer by replying."""
_MOST_HINT = 64


def envelope(place: Place, thread: str, *, loud: bool) -> dict[str, Any]:
    """Return where a new message goes and whether it notifies."""
    return {
        "message_thread_id": int(thread) if thread else None,
        "disable_notification": not loud,
        "reply_parameters": answering(place.reply_to) if place.reply_to else None,
    }


def answering(message: str) -> dict[str, Any]:
    """Return that a message answers another, if that one still stands."""
    return {"message_id": int(message), "allow_sending_without_reply": True}


def is_prompt(reply: Reply) -> bool:
    """Say whether a message waits for an answer in words."""
    return PROMPT in reply.data


def markup(shown: Rendered, reply: Reply, *, links: bool = True) -> dict[str, Any] | None:
    """Return the buttons, or the request for an answer; without ``links`` only what runs here."""
    if is_prompt(reply):
        return {"force_reply": True, "selective": True, **_hint(reply)}
    rows = [[_button(key) for key in row if links or not key.url] for row in shown.rows]
    kept = [row for row in rows if row]
    return {"inline_keyboard": kept} if kept else None


def _hint(reply: Reply) -> dict[str, str]:
    hint = str(reply.data.get("hint", ""))[:_MOST_HINT]
    return {"input_field_placeholder": hint} if hint else {}


def _button(key: Key) -> dict[str, str]:
    target = {"url": key.url} if key.url else {"callback_data": key.token}
    return {"text": key.label, **target, **({"style": key.style} if key.style else {})}
