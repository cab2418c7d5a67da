"""The text of a playbook with its lines, and where each character of a value stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from orchestration.playbook.origin import Origin, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tgk.yaml_marks import Mark, Node

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_BLOCKS = frozenset("|>")


class Source:
    """A file as it was read; ``wider`` are lines with columns that the file itself has not.

    Every span is one of the file itself.
    """

    def __init__(self, file: str, text: str, wider: Mapping[int, int] | None = None) -> None:
        self.file = file
        self.text = text
        self._wider = wider or {}
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return len(self._starts)

    def line(self, number: int) -> str:
        """Return a line without its end; empty behind the last."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n\x85\u2028\u2029")

    def index(self, span: Span) -> int:
        """Return where a span begins, in characters from the start of the file."""
        return self._starts[min(span.line, len(self._starts)) - 1] + span.column - 1

    def place(self, index: int) -> tuple[int, int]:
        """Return line and column of a character."""
        line = bisect_right(self._starts, index)
        return line, self._column(line, index - self._starts[line - 1] + 1)

    def key(self, mark: Mark, name: str) -> Span:
        """Return where a key stands, quotes included, as far as its first line goes."""
        start = self.index(Span(mark.line, mark.column))
        quoted = self.text[start : start + 1] in ("'", '"')
        rest = len(self.line(mark.line)) - mark.column + 1
        return self.at(mark, max(1, min(len(name) + 2 * quoted, rest)))

    def at(self, mark: Mark, length: int) -> Span:
        """Return so many characters from a mark on."""
        return Span(mark.line, self._column(mark.line, mark.column), length)

    def _column(self, line: int, column: int) -> int:
        return max(1, column - self._wider.get(line, 0))

    def span(self, node: Node) -> Span:
        """Return where a value stands, as far as its first line goes."""
        mark = node.mark
        if isinstance(node.value, dict | list):
            rest = self.line(mark.line)[mark.column - 1 :].split(" #")[0].rstrip()
            return self.at(mark, max(1, len(rest)))
        raw = self.text[node.begin : node.end]
        first = _BREAK.split(raw, maxsplit=1)[0].rstrip()
        return self.at(mark, max(1, len(first)))

    def origin(self, node: Node, value: str) -> Origin:
        """Return where each character of a text stands, through quotes, escapes and folding."""
        raw = self.text[node.begin : node.end]
        quotes = 1 if node.style in ("'", '"') else 0
        if raw[quotes : len(raw) - quotes] == value and not _BREAK.search(raw):
            span = self.at(node.mark, len(value))
            return Origin.straight(Span(span.line, span.column + quotes, len(value)))
        offsets = _aligned(raw, value, node.style)
        return Origin.of([self.place(node.begin + offset) for offset in offsets], len(value))


def _aligned(raw: str, value: str, style: str) -> list[int]:
    """Return for each character of a value which one of the raw text it came from."""
    at = raw.find("\n") + 1 if style in _BLOCKS else len(style)
    offsets: list[int] = []
    for character in value:
        at = _next(raw, at, character, style)
        offsets.append(min(at, len(raw) - 1))
        at += _width(raw, at, style)
    return offsets


def _next(raw: str, at: int, character: str, style: str) -> int:
    """Skip the indentation and line ends that the value does not have."""
    if character.isspace():
        return at
    while at < len(raw) and raw[at].isspace():
        at += 1
    if style == '"' and raw[at : at + 2] == "\\\n":
        return _next(raw, at + 2, character, style)
    return at


def _width(raw: str, at: int, style: str) -> int:
    if style == '"' and (found := _ESCAPE.match(raw, at)):
        return len(found[0])
    return 2 if style == "'" and raw[at : at + 2] == "''" else 1
