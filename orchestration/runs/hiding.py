"""Secrets taken out of what the other side says, in whatever common dress it repeats them."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

_HIDDEN: Final = "[hidden]"
_DEEPEST: Final = 24
_LONG: Final = 6
"""Shorter ones are looked for as they are alone: else ordinary words would be hidden."""


def hidden(value: Any, secrets: Iterable[str]) -> Any:
    """Return plain data in which no secret is left, wherever the other side repeated it.

    Neither one that was cut off at the end of a text, nor anything below a depth that nobody reads.
    """
    known = [each for each in secrets if each]
    forms = {form for each in known for form in _forms(each)}
    listed = sorted(forms, key=len, reverse=True)
    return _without(value, listed, _DEEPEST)


def _without(value: Any, listed: list[str], depth: int) -> Any:
    if isinstance(value, str):
        return _text(value, listed)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _HIDDEN if str(value) in listed else value
    if not isinstance(value, dict | list):
        return value
    if not depth:
        return "too deep"
    if isinstance(value, list):
        return [_without(each, listed, depth - 1) for each in value]
    return {_text(key, listed): _without(each, listed, depth - 1) for key, each in value.items()}


def _text(text: str, listed: list[str]) -> str:
    for form in listed:
        text = text.replace(form, _HIDDEN)
    for form in listed:
        for size in range(len(form) - 1, _LONG - 1, -1):
            if text.endswith(form[:size]):
                return text[:-size] + _HIDDEN
    return text


def _forms(secret: str) -> set[str]:
    """Return a secret as it is, and as addresses, forms, JSON and Base64 write it."""
    if len(secret) < _LONG:
        return {secret}
    data = secret.encode("utf-8", "surrogatepass")
    coded = {b64encode(data), urlsafe_b64encode(data)}
    written = {quote(data, safe=""), quote(data), quote_plus(data)}
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {
        secret,
        secret.strip() or secret,
        *written,
        *escaped,
        *(each.decode().rstrip("=") for each in coded),
    }
