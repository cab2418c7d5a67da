"""Finds secrets that are spread over lines, of which no line alone shows that it is one."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HIDDEN = "(masked)"
"""What is shown instead of a line that is part of a secret; how many there were stays visible."""
_LONGEST_KEY = 400
"""More lines than any key has; a begin without an end hides no more than what looks like a key."""
_MOST_BETWEEN = 3
"""Lines of other writers that may stand between two of a key of which the end is not seen."""
_WIDTHS = (64, 70, 76)
"""How long the lines of keys are, by the tools that write them."""
_EDGE = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{0,60})-----")
_STAMP = re.compile(r"(?:\[[0-9T:. Z+-]{8,40}\] )?")
_KEY_TEXT = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}={0,2}")
_KEY_END = re.compile(r"\s*[A-Za-z0-9+/]{1,76}={0,2}\s*")
_FULL_LINE = re.compile(
    r"(?<![A-Za-z0-9+/=_.-])(?:[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{70}|[A-Za-z0-9+/]{76})\W{0,4}"
)
_MIXED = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"))
_BLOCK = re.compile(
    r"(?:password|passwd|passphrase|secret|token|credentials?|key)[\"']?:\s{0,4}[|>][-+0-9]{0,2}\s*\Z",
    re.IGNORECASE,
)


class _Edge(NamedTuple):
    """Where a key, or something public in the same dress, begins or ends."""

    line: int
    begins: bool
    private: bool


def may_be_spread(lines: Sequence[str]) -> bool:
    """Say in little time whether it is worth looking: it is not with nearly every log."""
    text = "\n".join(lines)
    return (
        "PRIVATE KEY" in text
        or ": |" in text
        or ": >" in text
        or not all(" " in line[-64:] or len(line) < _WIDTHS[0] for line in lines)
    )


def masked_lines(lines: Sequence[str], redact: Callable[[str], str]) -> list[str]:
    """Return as many lines in the same order, each without secrets of its own or of several."""
    hidden = spread_over(lines) if may_be_spread(lines) else frozenset()
    return [_hide(line) if n in hidden else redact(line) for n, line in enumerate(lines)]


def spread_over(lines: Sequence[str]) -> frozenset[int]:
    """Return which lines go on or end a secret; what begins one is seen in that line alone."""
    secret, public = _framed(lines)
    return frozenset({*secret, *_in_blocks(lines), *(set(_unframed(lines)) - public)})


def _hide(line: str) -> str:
    """Keep when it was written, if it says so, and nothing else."""
    stamp = _STAMP.match(line)
    return (stamp[0] if stamp else "") + HIDDEN


def _framed(lines: Sequence[str]) -> tuple[set[int], set[int]]:
    """Return the lines of keys that have a begin, an end or both, and those of what is public."""
    found: dict[bool, set[int]] = {True: set(), False: set()}
    begun: _Edge | None = None
    for edge in _edges(lines):
        if edge.begins:
            found[True].update(_after(lines, begun))
            begun = edge
        elif begun and begun.private == edge.private and edge.line - begun.line <= _LONGEST_KEY:
            found[edge.private].update(range(begun.line + 1, edge.line + 1))
            begun = None
        else:
            found[edge.private].update(_before(lines, edge.line))
    found[True].update(_after(lines, begun))
    return found[True], found[False]


def _edges(lines: Sequence[str]) -> Iterator[_Edge]:
    for number, line in enumerate(lines):
        if "-----" in line:
            for found in _EDGE.finditer(line):
                yield _Edge(number, found[1] == "BEGIN", "PRIVATE KEY" in found[2])


def _after(lines: Sequence[str], begun: _Edge | None) -> Iterator[int]:
    """Yield what looks like a key behind a begin that has no end."""
    if begun is None or not begun.private:
        return
    last = begun.line
    for number in range(last + 1, min(len(lines), last + _LONGEST_KEY)):
        ends = begun.line < last == number - 1 and _KEY_END.fullmatch(_said(lines[number]))
        if ends or _KEY_TEXT.search(lines[number]):
            last = number
            yield number
        elif number - last > _MOST_BETWEEN:
            return


def _before(lines: Sequence[str], end: int) -> Iterator[int]:
    """Yield what looks like a key before an end that has no begin, and the line of the end."""
    yield end
    first = end
    for number in range(end - 1, max(-1, end - _LONGEST_KEY), -1):
        closes = number == end - 1 and _KEY_END.fullmatch(_said(lines[number]))
        if closes or _KEY_TEXT.search(lines[number]):
            first = number
            yield number
        elif first - number > _MOST_BETWEEN:
            return


def _unframed(lines: Sequence[str]) -> Iterator[int]:
    """Yield neighbours that look like the middle of a key."""
    full = [number for number, line in enumerate(lines) if _is_full(line)]
    for one, other in pairwise(full):
        if other == one + 1:
            yield from (one, other)


def _is_full(line: str) -> bool:
    found = None if " " in line[-_WIDTHS[0] :] else _FULL_LINE.search(line)
    return bool(found and all(kind.search(found[0]) for kind in _MIXED))


def _in_blocks(lines: Sequence[str]) -> Iterator[int]:
    """Yield the deeper lines below a secret's name, as YAML writes texts of several lines."""
    depth: int | None = None
    for number, line in enumerate(lines):
        said = _said(line)
        inward = len(said) - len(said.lstrip())
        if depth is not None and (inward > depth or not said.strip()):
            yield number
            continue
        depth = inward if _BLOCK.search(said) else None


def _said(line: str) -> str:
    stamp = _STAMP.match(line)
    return line[stamp.end() :] if stamp else line
