"""Slips of the pen in good playbooks: each with the lines on which it must be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = re.compile(r"^(?P<lead>[ -]*)(?P<key>[a-z_]{3,}):(?P<rest>.*)$")
_FREE = frozenset({"variables", "outputs", "set", "values", "headers", "parameters"})
_WORDS = re.compile(
    r"(?<=type: )(?:parallel|conditional|foreach|approval|wait|group|schedule|webhook|slack|jira"
    r"|datadog)\b|(?<=source: )(?:environment|vault)\b|(?<=command: )/[a-z]+ [a-z]+"
    r"|(?<= )--[a-z]{3,}"
)
_REFERENCE = re.compile(r"(?<=\$\{)[a-z][a-z_-]{2,}")


@dataclass(frozen=True, slots=True)
class Slip:
    """A text with one slip, and where it may be told."""

    kind: str
    text: str
    lines: frozenset[int]
    silent: bool = False
    """Whether the text may still be right."""


def slips(text: str) -> Iterator[Slip]:
    """Yield every slip of every kind that a text has room for."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        yield from _keys(lines, number, line)
        yield from _values(lines, number, line)
        yield _deleted(lines, number)
        if line.startswith("  "):
            tabbed = "\t" * ((len(line) - len(line.lstrip())) // 2) + line.lstrip()
            yield _slip("tab", lines, number, tabbed)


def _keys(lines: list[str], number: int, line: str) -> Iterator[Slip]:
    found = _KEY.match(line)
    if found is None or _is_free(lines, number):
        return
    key = found["key"]
    for typo in (key[:1] + key[2:], key[:1] + key[2] + key[1] + key[3:], f"{key}{key[-1]}"):
        if typo != key:
            yield _slip("key", lines, number, f"{found['lead']}{typo}:{found['rest']}")
    if found["rest"].strip() and "[" not in found["rest"] and ">" not in found["rest"][:3]:
        again = " " * len(found["lead"]) + f"{key}:{found['rest']}"
        twice = [*lines[:number], again, *lines[number:]]
        yield Slip("duplicate", "\n".join(twice) + "\n", frozenset({number + 1}))


def _values(lines: list[str], number: int, line: str) -> Iterator[Slip]:
    for found in _WORDS.finditer(line):
        word = found[0]
        typo = word[:-2] + word[-1] + word[-2] if word[-1] != word[-2] else word + "x"
        changed = line[: found.start()] + typo + line[found.end() :]
        yield _slip("value", lines, number, changed)
    for found in _REFERENCE.finditer(line):
        changed = f"{line[: found.end() - 1]}zq{line[found.end() :]}"
        yield _slip("reference", lines, number, changed)


def _deleted(lines: list[str], number: int) -> Slip:
    """Take a line away: told where it was, or at the mapping that lacks it."""
    rest = [*lines[: number - 1], *lines[number:]]
    depth = _depth(lines[number - 1])
    around = {number - 1, _next(rest, number)}
    for before in range(number - 1, 0, -1):
        if lines[before - 1].strip() and _depth(lines[before - 1]) <= depth:
            around.add(before)
            depth = min(depth, _depth(lines[before - 1]))
            if lines[before - 1].lstrip().startswith("- "):
                break
    return Slip("deleted", "\n".join(rest) + "\n", frozenset(around | {1}), silent=True)


def _next(lines: list[str], number: int) -> int:
    """Return the first line from here on that says something."""
    while number < len(lines) and lines[number - 1].lstrip()[:1] in ("", "#"):
        number += 1
    return number


def _slip(kind: str, lines: list[str], number: int, line: str) -> Slip:
    changed = [*lines[: number - 1], line, *lines[number:]]
    return Slip(kind, "\n".join(changed) + "\n", frozenset({number}))


def _is_free(lines: list[str], number: int) -> bool:
    """Return whether a line names something of the author's own."""
    depth = _depth(lines[number - 1])
    for before in reversed(lines[: number - 1]):
        if before.strip() and _depth(before) < depth:
            return before.strip().removeprefix("- ").rstrip(": ") in _FREE - {"parameters"} or (
                before.strip() == "parameters:" and not lines[number - 1].lstrip().startswith("-")
            )
    return False


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
