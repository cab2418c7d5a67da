"""Which keyboards the Bot API takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.telegram.errors import bad_request

if TYPE_CHECKING:
    from sandbox.wire import Json

MOST_BUTTONS: Final = 100
MOST_IN_ROW: Final = 8
MOST_DATA: Final = 64
MOST_COPY: Final = 256
ACTIONS: Final = (
    "callback_data",
    "url",
    "copy_text",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "pay",
)
STYLES: Final = {"primary", "success", "danger"}


def check_markup(markup: Json | None) -> Json | None:
    """Return the markup as it is kept; an empty inline keyboard is none at all."""
    if not markup:
        return None
    if "inline_keyboard" not in markup:
        return _other(markup)
    rows = [row for row in markup["inline_keyboard"] if row]
    buttons = [button for row in rows for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for row in rows:
        if len(row) > MOST_IN_ROW:
            raise bad_request("too many buttons in a row")
    for button in buttons:
        _check_button(button)
    return {"inline_keyboard": rows} if rows else None


def _other(markup: Json) -> Json:
    known = ("force_reply", "keyboard", "remove_keyboard")
    if not any(name in markup for name in known):
        raise bad_request("object expected as reply markup")
    return markup


def _check_button(button: Json) -> None:
    if not str(button.get("text", "")).strip():
        raise bad_request("text buttons are unallowed in the inline keyboard")
    chosen = [action for action in ACTIONS if action in button]
    if len(chosen) != 1:
        raise bad_request("can't parse inline keyboard button: one action is expected")
    if button.get("style", "primary") not in STYLES:
        raise bad_request("can't parse inline keyboard button: invalid style")
    _check_action(chosen[0], button[chosen[0]])


def _check_action(action: str, value: str | Json) -> None:
    if action == "callback_data" and not 1 <= len(str(value).encode()) <= MOST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if action == "url" and not str(value).startswith(("https://", "http://", "tg://")):
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
    copied = value.get("text", "") if isinstance(value, dict) else ""
    if action == "copy_text" and not 1 <= len(copied) <= MOST_COPY:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
