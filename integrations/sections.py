"""Markdown cut into sections that can be found and linked on their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)([^\n]*?\S)\1")
_LONGEST = 1200


@dataclass(frozen=True, slots=True)
class Section:
    """The words below one heading; ``anchor`` is what GitHub makes of it, empty above the first."""

    title: str
    anchor: str
    text: str


def sections(markdown: str, name: str) -> Iterator[Section]:
    """Yield a document's sections in order, long ones in parts; hidden comments are left out."""
    document, seen = "", dict[str, int]()
    for heading, body in _divided(_visible(markdown)):
        title = _plain(heading)
        document = document or title
        shown = title if title in ("", document) else f"{document} › {title}"
        anchor = _anchor(title, seen) if heading else ""
        for part in _parts(body):
            yield Section(shown or document or name, anchor, part)


def _visible(markdown: str) -> str:
    text = markdown.replace("\r\n", "\n").removeprefix("\ufeff")
    return _COMMENT.sub("", _FRONT_MATTER.sub("", text))


def _divided(text: str) -> Iterator[tuple[str, str]]:
    heading, lines, fence = "", list[str](), ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        found = None if fence else _HEADING.match(line)
        if found:
            yield heading, "\n".join(lines)
            heading, lines = found[2], []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)


def _anchor(title: str, seen: dict[str, int]) -> str:
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    anchor = kept.strip().replace(" ", "-")
    count = seen.get(anchor, 0)
    seen[anchor] = count + 1
    return f"{anchor}-{count}" if count else anchor


def _plain(text: str) -> str:
    return _STRONG.sub(r"\2", _LINK.sub(r"\1", text)).replace("`", "").strip()


def _parts(body: str) -> Iterator[str]:
    """Yield whole paragraphs up to the longest; a single longer paragraph is cut at a space."""
    part = ""
    for paragraph in re.split(r"\n\s*\n", _STRONG.sub(r"\2", _LINK.sub(r"\1", body)).strip()):
        rest = paragraph.strip("\n")
        if part and len(part) + len(rest) > _LONGEST:
            yield part
            part = ""
        while len(rest) > _LONGEST:
            cut = max(rest.rfind(" ", 0, _LONGEST), rest.rfind("\n", 0, _LONGEST))
            cut = cut if cut > 0 else _LONGEST
            yield rest[:cut]
            rest = rest[cut:].lstrip()
        part = f"{part}\n\n{rest}" if part and rest else part or rest
    if part:
        yield part
