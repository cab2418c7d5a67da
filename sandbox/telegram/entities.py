"""Telegram's HTML, read to text and entities with the platform's own complaints."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sandbox.telegram.errors import Refusal, bad_request

if TYPE_CHECKING:
    from sandbox.wire import Json

KINDS: Final = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
QUOTES: Final = ("blockquote", "expandable_blockquote")
_REFERENCE: Final = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot));?")
_ATTRIBUTE: Final = re.compile(r"""([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""")
_COMMAND: Final = re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?")
_MENTION: Final = re.compile(r"(?<!\w)@[A-Za-z0-9_]{4,32}")
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


def units(text: str) -> int:
    """Return the length as Telegram counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    start: int


@dataclass(slots=True)
class _Reader:
    source: str
    at: int = 0
    written: list[str] = field(default_factory=list)
    length: int = 0
    open: list[_Open] = field(default_factory=list)
    found: list[Json] = field(default_factory=list)

    def read(self) -> None:
        while self.at < len(self.source):
            step = {"<": self._tag, "&": self._reference}.get(self.source[self.at], self._plain)
            step()
        if self.open:
            tag = self.open[-1].tag
            raise _unparsed(f'Can\'t find end tag corresponding to start tag "{tag}"')

    def _write(self, text: str) -> None:
        self.written.append(text)
        self.length += units(text)

    def _plain(self) -> None:
        end = self.at + 1
        while end < len(self.source) and self.source[end] not in "<&":
            end += 1
        self._write(self.source[self.at : end])
        self.at = end

    def _reference(self) -> None:
        match = _REFERENCE.match(self.source, self.at)
        if match is None:
            self._write("&")
            self.at += 1
            return
        hexadecimal, decimal, name = match.groups()
        self._write(
            _NAMED[name] if name else chr(int(hexadecimal or decimal, 16 if hexadecimal else 10))
        )
        self.at = match.end()

    def _tag(self) -> None:
        closing = self.source.startswith("</", self.at)
        end = _end_of_tag(self.source, self.at)
        if end < 0:
            raise _unparsed(
                f"Unclosed {'end' if closing else 'start'} tag at byte offset {self._byte()}"
            )
        inside = self.source[self.at + (2 if closing else 1) : end]
        if closing:
            self._close(inside.strip().lower())
        else:
            self._begin(inside)
        self.at = end + 1

    def _begin(self, inside: str) -> None:
        parts = inside.split(None, 1)
        tag = parts[0].lower() if parts and not inside[0].isspace() else ""
        attributes = _attributes(parts[1] if len(parts) > 1 else "")
        spoiler = tag != "span" or attributes.get("class") == "tg-spoiler"
        if tag not in KINDS:
            raise _unparsed(f'Unsupported start tag "{tag}" at byte offset {self._byte()}')
        if not spoiler:
            raise _unparsed(
                f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte()}'
            )
        self.open.append(_Open(tag, attributes, self.length))

    def _close(self, tag: str) -> None:
        if not self.open:
            raise _unparsed(f"Unexpected end tag at byte offset {self._byte()}")
        begun = self.open.pop()
        if tag not in {"", begun.tag}:
            raise _unparsed(
                f"Unmatched end tag at byte offset {self._byte()}, "
                f'expected "</{begun.tag}>", found "</{tag}>"'
            )
        self._record(begun)

    def _record(self, begun: _Open) -> None:
        length = self.length - begun.start
        entity: Json = {"type": KINDS[begun.tag], "offset": begun.start, "length": length}
        if begun.tag == "a":
            entity["url"] = begun.attributes.get("href", "")
        elif begun.tag == "blockquote" and "expandable" in begun.attributes:
            entity["type"] = "expandable_blockquote"
        elif begun.tag == "tg-emoji":
            entity["custom_emoji_id"] = begun.attributes.get("emoji-id", "")
        elif begun.tag == "code" and self._names_language(begun):
            self.open[-1].attributes["language"] = begun.attributes["class"].removeprefix(
                "language-"
            )
            return
        elif begun.tag == "pre" and "language" in begun.attributes:
            entity["language"] = begun.attributes["language"]
        worth = entity["type"] != "text_link" or entity["url"]
        if length and worth:
            self.found.append(entity)

    def _names_language(self, begun: _Open) -> bool:
        inside_pre = bool(self.open) and self.open[-1].tag == "pre"
        return inside_pre and begun.attributes.get("class", "").startswith("language-")

    def _byte(self) -> int:
        return len(self.source[: self.at].encode())


def _end_of_tag(source: str, start: int) -> int:
    quote = ""
    for position in range(start + 1, len(source)):
        letter = source[position]
        if quote:
            quote = "" if letter == quote else quote
        elif letter == ">":
            return position
        elif letter in "\"'" and source[position - 1] == "=":
            quote = letter
    return -1


def _attributes(text: str) -> dict[str, str]:
    return {
        name.lower(): html.unescape(double or single or bare or "")
        for name, double, single, bare in _ATTRIBUTE.findall(text)
    }


def _unparsed(reason: str) -> Refusal:
    return bad_request(f"can't parse entities: {reason}")


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Return the text without its tags and the entities in it, trimmed as the platform does."""
    reader = _Reader(source)
    reader.read()
    return trim("".join(reader.written), _outside_code(reader.found))


def _outside_code(entities: list[Json]) -> list[Json]:
    """Return the entities without those inside code, which the platform drops."""
    codes = [entity for entity in entities if entity["type"] in {"code", "pre"}]
    return [
        entity
        for entity in entities
        if entity["type"] in QUOTES or not any(_swallows(code, entity) for code in codes)
    ]


def _swallows(code: Json, entity: Json) -> bool:
    inside = code["offset"] <= entity["offset"] and _end(entity) <= _end(code)
    rank = {"pre": 2, "code": 1}
    shorter = entity["length"] < code["length"]
    return inside and (shorter or rank.get(entity["type"], 0) < rank[code["type"]])


def trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Return the text without blank edges, and the entities moved and cut to fit."""
    kept = text.strip()
    lead = units(text[: len(text) - len(text.lstrip())])
    total = units(kept)
    moved = []
    for entity in entities:
        start = max(0, entity["offset"] - lead)
        end = min(total, entity["offset"] - lead + entity["length"])
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return kept, sorted(moved, key=lambda entity: (entity["offset"], -entity["length"]))


def typed_entities(text: str) -> list[Json]:
    """Return the commands and mentions that the platform marks in what people type."""
    found = [("bot_command", match) for match in _COMMAND.finditer(text)]
    found += [("mention", match) for match in _MENTION.finditer(text)]
    taken = {match.end() for kind, match in found if kind == "bot_command"}
    return sorted(
        (
            {"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())}
            for kind, match in found
            if kind == "bot_command" or match.end() not in taken
        ),
        key=lambda entity: int(str(entity["offset"])),
    )


_TAGS: Final = {
    "bold": ("<b>", "</b>"),
    "italic": ("<i>", "</i>"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("<s>", "</s>"),
    "spoiler": ('<span class="spoiler">', "</span>"),
    "code": ("<code>", "</code>"),
    "pre": ("<pre>", "</pre>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
    "expandable_blockquote": ('<blockquote class="expandable">', "</blockquote>"),
}


def as_html(text: str, entities: list[Json]) -> str:
    """Return safe HTML for a page: everything escaped, only the marked parts in tags."""
    letters = text.encode("utf-16-le")
    edges = sorted({0, units(text), *(_edges(entities))})
    pieces = []
    for start, end in zip(edges, [*edges[1:], units(text)], strict=True):
        pieces += [_close(entity) for entity in reversed(entities) if _end(entity) == start]
        pieces += [_begin(entity) for entity in entities if entity["offset"] == start]
        pieces.append(html.escape(letters[start * 2 : end * 2].decode("utf-16-le")))
    return "".join(pieces)


def _edges(entities: list[Json]) -> list[int]:
    return [edge for entity in entities for edge in (entity["offset"], _end(entity))]


def _end(entity: Json) -> int:
    return int(entity["offset"] + entity["length"])


def _begin(entity: Json) -> str:
    if entity["type"] == "text_link":
        return f'<a rel="noreferrer" href="{html.escape(_safe(entity["url"]))}">'
    return _TAGS.get(entity["type"], ("<span>", ""))[0]


def _close(entity: Json) -> str:
    if entity["type"] == "text_link":
        return "</a>"
    return _TAGS.get(entity["type"], ("", "</span>"))[1]


def _safe(url: str) -> str:
    return url if url.startswith(("https://", "http://", "tg://")) else "#"
