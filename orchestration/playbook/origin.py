"""Where the characters of a text stand in the file it was read from."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where something stands in its file: counted from one, ``length`` in characters."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Positions of a text, kept as runs of neighbouring characters: offset, line and column."""

    runs: tuple[tuple[int, int, int], ...]
    size: int

    @classmethod
    def straight(cls, span: Span) -> Origin:
        """Return the origin of a text that stands in one piece."""
        return cls(((0, span.line, span.column),), span.length)

    @classmethod
    def of(cls, places: Sequence[tuple[int, int]], size: int) -> Origin:
        """Return the origin of a text whose characters stand at ``places`` (line, column)."""
        runs: list[tuple[int, int, int]] = []
        follows: tuple[int, int] | None = None
        for offset, (line, column) in enumerate(places):
            if (line, column) != follows:
                runs.append((offset, line, column))
            follows = line, column + 1
        return cls(tuple(runs) or ((0, 1, 1),), size)

    @property
    def span(self) -> Span:
        """The whole text, as far as its first line goes."""
        return self.at(0, self.size)

    def at(self, offset: int, length: int = 1) -> Span:
        """Return where a piece stands; of one over several lines, what is on its first line."""
        line, column = self._place(offset)
        last_line, last_column = self._place(max(offset, offset + length - 1))
        if last_line == line and last_column >= column:
            return Span(line, column, last_column - column + min(1, length))
        return Span(line, column, self._rest(offset))

    def part(self, offset: int, length: int) -> Origin:
        """Return the origin of a piece of the text."""
        if len(self.runs) == 1:
            line, column = self._place(offset)
            return Origin(((0, line, column),), length)
        return self.pick(range(offset, offset + length), offset)

    def pick(self, offsets: Sequence[int], start: int) -> Origin:
        """Return the origin of a text made of some of these characters, ``start`` if of none."""
        places = [self._place(offset) for offset in offsets] or [self._place(start)]
        return Origin.of(places, len(offsets))

    def _place(self, offset: int) -> tuple[int, int]:
        if len(self.runs) == 1:
            first, line, column = self.runs[0]
            return line, max(1, column + offset - first)
        first, line, column = self.runs[self._run(offset)]
        return line, max(1, column + offset - first)

    def _run(self, offset: int) -> int:
        return max(0, bisect_right(self.runs, offset, key=lambda run: run[0]) - 1)

    def _rest(self, offset: int) -> int:
        following = self._run(offset) + 1
        end = self.runs[following][0] if following < len(self.runs) else self.size
        return max(1, end - offset)
