"""Lines of escaped spans, measured as Telegram measures them: UTF-16 units after parsing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ELLIPSIS = "…"
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f"
    "\u2028-\u202e\u2060-\u2069\ufeff]"
)
"""Joiners of emoji stay."""
_MOST_ADDRESS = 2048


@dataclass(frozen=True, slots=True)
class Span:
    """Text inside one run of tags; ``text`` is never markup."""

    text: str
    tags: tuple[str, ...] = ()
    """From the outside in, with attributes: ``("blockquote expandable", "pre")``."""

    @property
    def html(self) -> str:
        """The span as Telegram reads it."""
        opening = "".join(f"<{tag}>" for tag in self.tags)
        closing = "".join(f"</{tag.split()[0]}>" for tag in reversed(self.tags))
        return f"{opening}{escape(self.text, quote=False)}{closing}"


Line = tuple[Span, ...]


def clean(text: str) -> str:
    """Drop what no JSON or chat can carry, and what hides or turns the words around it.

    Those are lone surrogates, NUL and other control characters, zero-width and direction marks.
    """
    if text.isprintable():
        return text
    return _HIDDEN.sub("", text).encode("utf-8", "replace").decode()


def span(text: str, *tags: str) -> Span:
    """Return cleaned text inside tags; a name after ``@`` is shown, and notifies nobody."""
    text = clean(text)
    if "@" in text and not {"code", "pre"} & set(tags):
        text = text.replace("@", "@\u2060")
    return Span(text, tags)


def link(text: str, url: str) -> Span:
    """Return text that leads somewhere, or names the address where Telegram would refuse it."""
    if not can_be_linked(url):
        return span(f"{text} ({url})")
    return Span(clean(text) or url, (f'a href="{escape(clean(url))}"',))


def can_be_linked(url: str) -> bool:
    """Say whether Telegram takes an address for a link or a button."""
    plain = url.isprintable() and " " not in url and len(url) <= _MOST_ADDRESS
    return plain and url.startswith(("https://", "http://", "tg://user?id="))


def units(text: str) -> int:
    """Return the length as Telegram counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def shorten(text: str, most: int) -> str:
    """Cut to ``most`` units, the last of them the sign of the cut."""
    if units(text) <= most:
        return text
    cut = text.encode("utf-16-le")[: 2 * max(0, most - 1)].decode("utf-16-le", "ignore")
    return (cut + ELLIPSIS) if most > 0 else ""


def length(line: Line) -> int:
    """Return the units of a line."""
    return sum(units(each.text) for each in line)


def fit(line: Line, most: int) -> Line:
    """Return as much of a line as fits in ``most`` units, marked where it is cut."""
    kept: list[Span] = []
    left = most
    for each in line:
        if left <= 0:
            break
        shown = shorten(each.text, left)
        kept.append(Span(shown, each.tags))
        left -= units(shown)
        if shown != each.text:
            break
    return tuple(kept)


def to_html(lines: Iterable[Line]) -> str:
    """Return lines as Telegram's HTML."""
    return "\n".join("".join(each.html for each in line) for line in lines)


def to_text(lines: Iterable[Line]) -> str:
    """Return what is left when every tag is gone."""
    return "\n".join("".join(each.text for each in line) for line in lines)
