"""How a value stands in an address, a document, an argument: as one part, never as more of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from orchestration.playbook.expression import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestration.playbook.expression import Scope
    from orchestration.playbook.template import Template

    Quoting = Callable[[str, str], str]
    """What a value is written as, given the text before it."""

_FORM: Final = "application/x-www-form-urlencoded"
_WRITE_DASH: Final = "write the option with it: --name=${value}"


def address(template: Template, scope: Scope) -> str:
    """Return an address in which each value is one segment, or one value of the query."""
    return template.text(scope, lambda _, text: _segment(text))


def document(template: Template, headers: Mapping[str, str], scope: Scope) -> str:
    """Return a body: of JSON and of a form each value is one value, of all else it is text."""
    return template.text(scope, _quoting(template.source, headers))


def argument(template: Template, scope: Scope) -> str:
    """Return a word for a program: a value is no option unless its author wrote the dash.

    Raises ExpressionError for a value that would make it one, and for one that no word can hold.
    """
    text, written = template.text(scope), template.source
    own = not written.startswith("${") or text in written  # as in ${fast ? '--fast' : '--slow'}
    if text.startswith("-") and not (own or _is_number(text)):
        message = "a value that begins with '-' would be an option of the program"
        raise ExpressionError(message, template.offset, len(template.source), _WRITE_DASH)
    if "\0" in text:
        message = "a value holds a character that no program can take"
        raise ExpressionError(message, template.offset, len(template.source))
    return text


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isdecimal()


def _quoting(source: str, headers: Mapping[str, str]) -> Quoting | None:
    named = next((headers[name] for name in headers if name.lower() == "content-type"), "")
    if named.startswith(_FORM):
        return lambda _, text: quote(text, safe="")
    is_json = "json" in named or (not named and source.lstrip()[:1] in ("{", "["))
    return _json if is_json and not source.startswith("${") else None


def _segment(text: str) -> str:
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%252E")


def _json(before: str, text: str) -> str:
    """Return a value inside of a string of JSON, or where a value of its own is wanted."""
    written = json.dumps(text, ensure_ascii=False)
    if _inside_string(before):
        return written[1:-1]
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return written
    return text


def _inside_string(before: str) -> bool:
    """Say whether a string of JSON is open at the end of this beginning."""
    inside = escaped = False
    for letter in before:
        if escaped:
            escaped = False
        elif letter == '"':
            inside = not inside
        else:
            escaped = inside and letter == "\\"
    return inside
