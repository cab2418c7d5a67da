"""Free parameters as people type them: ``version=v1.4.0 note="two words"``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = r"[A-Za-z_][\w.-]{0,63}"
_PART = re.compile(
    rf"""(?P<key>{_KEY})=(?:"(?P<quoted>(?:\\.|[^"\\])*)"(?=\s|\Z)|(?P<bare>\S*))|(?P<more>\S+)""",
    re.DOTALL,
)
MOST_PAIRS = 100


def read_pairs(given: Any) -> dict[str, Any]:
    """Return the pairs of a text; words without ``=`` go on with the value before them.

    A mapping is taken as it is. Raises ValueError for a text that does not begin with a key, for a
    key that is given twice and for more than a hundred.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {str(key): value for key, value in given.items()}
    found: dict[str, list[str]] = {}
    key = ""
    for named, words in _parts(str(given)):
        if named and named in found:
            raise ValueError(f"{named} is given twice")
        if not (named or key):
            raise ValueError(f'"{words[:60]}" is not key=value')
        key = named or key
        found.setdefault(key, []).append(words)
    if len(found) > MOST_PAIRS:
        raise ValueError(f"at most {MOST_PAIRS} pairs")
    return {name: " ".join(words) for name, words in found.items()}


def _parts(text: str) -> Iterator[tuple[str, str]]:
    for part in _PART.finditer(text):
        if part["quoted"] is not None:
            yield part["key"], re.sub(r'\\(["\\])', r"\1", part["quoted"])
        else:
            yield part["key"] or "", part["bare"] if part["key"] else part["more"]


def written_pairs(pairs: Mapping[str, str]) -> str:
    """Return a text that ``read_pairs`` reads back."""
    return " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())


def _quoted(value: str) -> str:
    if value and not re.search(r'[\s"\\=]', value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
