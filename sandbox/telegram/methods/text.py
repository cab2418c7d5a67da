"""Reading the text of a message, with its formatting and its bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.telegram.entities import parse_html, trim, units
from sandbox.telegram.errors import bad_request

if TYPE_CHECKING:
    from sandbox.telegram.params import Params
    from sandbox.wire import Json

MOST_TEXT: Final = 4096
MOST_CAPTION: Final = 1024


def read_text(params: Params) -> tuple[str, list[Json]]:
    """Return the text of a message and its entities, or refuse it."""
    text, entities = _formatted(params, "text", "entities")
    if not text:
        raise bad_request("message text is empty")
    if units(text) > MOST_TEXT:
        raise bad_request("message is too long")
    return text, entities


def read_caption(params: Params) -> tuple[str, list[Json]]:
    """Return the caption of a file and its entities; it may be empty."""
    text, entities = _formatted(params, "caption", "caption_entities")
    if units(text) > MOST_CAPTION:
        raise bad_request("message caption is too long")
    return text, entities


def _formatted(params: Params, name: str, entities: str) -> tuple[str, list[Json]]:
    mode = params.text("parse_mode")
    if mode.lower() == "html":
        return parse_html(params.text(name))
    if mode:
        raise bad_request(f"unsupported parse_mode: this Telegram reads HTML, not {mode}")
    return trim(params.text(name), params.structure(entities) or [])
