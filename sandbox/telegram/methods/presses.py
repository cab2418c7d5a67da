"""Answers to people who pressed a button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.telegram.errors import bad_request
from sandbox.telegram.state import Popup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.telegram.params import Params
    from sandbox.telegram.state import TelegramState

QUERY_LIFE: Final = 60.0
MOST_TEXT: Final = 200


def answer_callback_query(state: TelegramState, params: Params) -> bool:
    """End the spinner on a button, with a line or an alert if there is text."""
    query = state.queries.get(params.text("callback_query_id"))
    too_old = query is None or state.clock.monotonic() - query.at > QUERY_LIFE
    if query is None or too_old or query.is_answered:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(params.text("text")) > MOST_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    query.is_answered = True
    state.show(
        Popup(
            user=query.user,
            chat=query.chat,
            message=query.message,
            query=query.id,
            text=params.text("text"),
            alert=params.flag("show_alert"),
            url=params.text("url"),
        )
    )
    return True


PRESSES: Mapping[str, Callable[[TelegramState, Params], Any]] = {
    "answercallbackquery": answer_callback_query,
}
