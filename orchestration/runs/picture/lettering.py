"""How wide words are in the bundled font, so that they fit where they are drawn."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

FONT = "DejaVu Sans, Verdana, sans-serif"
_UNIT = 2048
_ADVANCES = {
    563: "'", 569: "ijl", 604: "IJ", 651: " ,.\u00a0·", 690: "/:;\\|", 721: "f", 739: "-",
    799: "()[]", 803: "t", 821: "!¡", 842: "r", 942: '"', 1024: "*_`–", 1067: "s", 1075: "z",
    1087: "?¿", 1126: "c", 1141: "L", 1178: "F", 1186: "k", 1212: "vxy", 1235: "P", 1251: "TY",
    1253: "o", 1255: "a", 1260: "e", 1294: "E", 1298: "hnu", 1300: "Sbdgpq", 1303: "$0123456789{}",
    1343: "K", 1401: "AV", 1403: "XZ", 1405: "B", 1423: "R", 1430: "C", 1499: "U", 1532: "N",
    1540: "H", 1577: "D", 1587: "G", 1597: "&", 1612: "OQ", 1675: "w", 1716: "#+<=>^~→↩✓×",
    1767: "M", 1946: "%", 1995: "m", 2025: "W", 2048: "@…—",
}  # fmt: skip
_WIDTHS: Mapping[str, int] = MappingProxyType(
    {letter: width for width, letters in _ADVANCES.items() for letter in letters}
)
_BY_CATEGORY: Mapping[str, int] = MappingProxyType(
    {"Mn": 0, "Me": 0, "Cf": 0, "Ll": 1300, "Lu": 1500, "Lo": 1300, "Nd": 1303}
)
"""Letters beyond ASCII: about right for Latin, Greek and Cyrillic."""
_ASTRAL = "\U0001f000"
_VARIATIONS = range(0xFE00, 0xFE10)


@lru_cache(maxsize=4096)
def width(words: str, size: float) -> float:
    """Return the width of one line in the units that ``size`` is in."""
    return sum(map(_advance, words)) * size / _UNIT


def fitted(words: str, room: float, size: float) -> str:
    """Return the words, or as many letters of them as fit, ended by an ellipsis."""
    words = drawable(words)
    if width(words, size) <= room:
        return words
    room -= width("…", size)
    used, end = 0.0, 0
    for end, letter in enumerate(words):  # noqa: B007 - the first letter that does not fit
        used += _advance(letter) * size / _UNIT
        if used > room:
            break
    return words[:end].rstrip(" ·,") + "…"


def wrapped(words: str, room: float, size: float, lines: int) -> tuple[str, ...]:
    """Return at most so many lines, broken between words where possible; the last is fitted."""
    shown, done = drawable(words), list[str]()
    rest = re.split(" (?!%)", shown) if shown else []  # a figure keeps its sign
    while rest and len(done) < lines - 1:
        line = rest.pop(0)
        while rest and width(f"{line} {rest[0]}", size) <= room:
            line = f"{line} {rest.pop(0)}"
        done.append(fitted(line, room, size))
    if rest:
        done.append(fitted(" ".join(rest), room, size))
    return tuple(done)


def drawable(words: str) -> str:
    """Return what the bundled font can draw on one line; pictograms are left out."""
    kept = "".join(letter if letter.isprintable() else " " for letter in words if _known(letter))
    return " ".join(kept.split())


def xml(words: str) -> str:
    """Return words safe between tags and quotes; what XML cannot hold is dropped."""
    clean = "".join(letter for letter in words if letter.isprintable() or letter == "\n")
    return escape(clean, {'"': "&quot;", "'": "&#39;"})


def _known(letter: str) -> bool:
    return letter < _ASTRAL and ord(letter) not in _VARIATIONS and letter != "\u200d"


@lru_cache(maxsize=4096)
def _advance(letter: str) -> int:
    found = _WIDTHS.get(letter)
    return found if found is not None else _BY_CATEGORY.get(unicodedata.category(letter), 1716)
