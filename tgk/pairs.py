"""Free parameters as people type them: ``version=v1.4.0 note="two words"``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEY = r"[A-Za-z_][\w.-]{0,63}"
_NEXT = rf"[,;]\s*{_KEY}="
"""A comma or a semicolon only parts two pairs; anywhere else it belongs to a value."""
_PART = re.compile(
    rf"""
    (?:[,;](?=\s*{_KEY}=))?
    (?:
        (?P<key>{_KEY})=
        (?:
            "(?P<double>(?:\\.|[^"\\])*)"(?=\s|\Z|{_NEXT})
          | '(?P<single>[^']*)'(?=\s|\Z|{_NEXT})
          | (?P<bare>(?:(?!{_NEXT})\S)*)
        )
      | (?P<more>(?:(?!{_NEXT})\S)+)
    )
    """,
    re.DOTALL | re.VERBOSE,
)
MOST_PAIRS = 100


def read_pairs(given: Any) -> dict[str, Any]:
    """Return the pairs of a text; words without ``=`` go on with the value before them.

    Between pairs stand spaces, line breaks, commas or semicolons. A mapping is taken as it is.
    Raises ValueError for a text that does not begin with a key, for a key that is given twice, for
    an ``=`` that stands apart and for more than a hundred.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {str(key): value for key, value in given.items()}
    listed = listed_pairs(str(given))
    found = dict(listed)
    for name, _ in listed if len(found) < len(listed) else ():
        if sum(name == each for each, _ in listed) > 1:
            raise ValueError(f"{name} is given twice")
    if len(found) > MOST_PAIRS:
        raise ValueError(f"at most {MOST_PAIRS} pairs")
    return found


def listed_pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a text in order, also those of one key; raises like ``read_pairs``."""
    found: list[tuple[str, list[str]]] = []
    for named, words in _parts(text):
        if named:
            found.append((named, [words]))
        elif not found:
            raise ValueError(f'"{_sendable(words[:60])}" is not key=value')
        elif words.startswith("="):
            raise ValueError('write key=value without spaces, or key="a = b"')
        else:
            found[-1][1].append(words)
    return [(name, " ".join(words)) for name, words in found]


def _sendable(words: str) -> str:
    """Return words without halves of signs, which no message can carry."""
    return words.encode(errors="replace").decode()


def _parts(text: str) -> Iterator[tuple[str, str]]:
    for part in _PART.finditer(text):
        if part["double"] is not None:
            yield part["key"], re.sub(r'\\(["\\])', r"\1", part["double"])
        elif part["single"] is not None:
            yield part["key"], part["single"]
        else:
            yield part["key"] or "", part["bare"] if part["key"] else part["more"]


def written_pairs(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """Return a text that ``read_pairs`` reads back."""
    listed = pairs.items() if isinstance(pairs, Mapping) else pairs
    return " ".join(f"{key}={_quoted(value)}" for key, value in listed)


def _quoted(value: str) -> str:
    if value and not re.search(r"""[\s"'\\=]|[,;]\Z""", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
