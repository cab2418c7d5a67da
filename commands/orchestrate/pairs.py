"""``key=value`` pairs as people type them: one option, any number of pairs."""

from __future__ import annotations

import re

from tgk.errors import ArgumentFault, InvalidRequest

MOST_PAIRS = 64
_PAIR = re.compile(
    r"""
    \s*
    (?P<key>[A-Za-z_][A-Za-z0-9_-]{0,63})
    \s*=\s*
    (?: "(?P<double>(?:\\.|[^"\\])*)" | '(?P<single>[^']*)' | (?P<bare>[^\s,;"'][^\s,;]*)? )
    (?=[\s,;]|\Z)
    [\s,;]*
    """,
    re.VERBOSE | re.DOTALL,
)


def pairs(text: str, *, command: str, option: str = "parameters") -> dict[str, str]:
    """Return the pairs of ``a=1 b="two words"``, between them spaces, commas or line breaks.

    Raises InvalidRequest naming the piece that is no pair, or a key that comes twice.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(text.rstrip()):
        match = _PAIR.match(text, at)
        if match is None:
            piece = text[at:].strip()[:40]
            raise _fault(command, option, f'"{piece}" is no key=value; quote values with spaces')
        key = match["key"]
        if key in found:
            raise _fault(command, option, f"{key} is given twice")
        found[key] = _value(match)
        at = match.end()
    if len(found) > MOST_PAIRS:
        raise _fault(command, option, f"more than {MOST_PAIRS} pairs")
    return found


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return re.sub(r"\\(.)", r"\1", match["double"])
    return match["single"] if match["single"] is not None else (match["bare"] or "")


def _fault(command: str, option: str, message: str) -> InvalidRequest:
    return InvalidRequest(command, [ArgumentFault(option, message)])
