"""Mends what is certain, character by character; everything else of the file stays as it is."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.check import checked
from orchestration.playbook.load import load
from orchestration.playbook.source import Source
from orchestration.playbook.tabs import widened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestration.playbook.diagnostics import Diagnostic, Edit
    from orchestration.playbook.surroundings import Surroundings

_MOST_ROUNDS = 8
_MARK = "\ufeff"
_TAB = "E004"


@dataclass(frozen=True, slots=True)
class Mended:
    """A text in which everything certain is mended, and what is left to its author."""

    text: str
    diff: str
    """From the text as it was; empty if nothing changed."""
    mended: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]


def mend(content: bytes, file: str, around: Surroundings | None = None) -> Mended:
    """Return the mended text: with fewer faults, or without tabs. Mending it again changes nothing.

    Without ``around`` only the file itself is looked at, not the commands that it names. Names in
    expressions and values are never changed: nobody but the author knows what was meant.
    """
    text = before = content.decode("utf-8", errors="replace")
    done: list[Diagnostic] = []
    found = first = _examined(text, file, around)
    for _ in range(_MOST_ROUNDS):
        text, found, mended = _round(text, file, around, found)
        if not mended:
            break
        done += mended
    if not (_is_better(found, first) or any(one.code == _TAB for one in done)):
        return Mended(before, "", (), first)
    return Mended(text, _diff(before, text, file), tuple(done), found)


def _round(
    text: str, file: str, around: Surroundings | None, found: tuple[Diagnostic, ...]
) -> tuple[str, tuple[Diagnostic, ...], list[Diagnostic]]:
    """Apply what can be mended at once; where that does not help, each for itself."""
    fixable = _fixable(found)
    if not fixable:
        return text, found, []
    if fixable[0].code == _TAB:  # all of them, also those behind the last one that is told
        better = widened(text)
    else:
        better = applied(text, [edit for one in fixable for edit in one.fix])
    after = _examined(better, file, around)
    if _errors(after) <= _errors(found) and better != text:
        return better, after, fixable
    kept: list[Diagnostic] = []
    for one in reversed(fixable):
        tried = applied(text, one.fix)
        after = _examined(tried, file, around)
        if tried != text and len(after) < len(found) and _errors(after) <= _errors(found):
            text, found = tried, after
            kept.append(one)
    return text, found, kept


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return a text after edits of its lines; of two that overlap the first one counts."""
    lead = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    source = Source("", text)
    end = len(text) + 1
    ordered = sorted({(source.index(edit.span), edit.span.length, edit.text) for edit in edits})
    for start, length, replacement in reversed(_apart(ordered)):
        if start + length <= end:
            text = text[:start] + replacement + text[start + length :]
            end = start
    return lead + text


def _apart(edits: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    kept: list[tuple[int, int, str]] = []
    for edit in edits:
        if not kept or kept[-1][0] + kept[-1][1] <= edit[0]:
            kept.append(edit)
    return kept


def _fixable(found: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    """Return what can be mended now: tabs alone first, for they move everything behind them."""
    tabs = [one for one in found if one.code == _TAB and one.fix]
    return tabs or [one for one in found if one.fix]


def _examined(text: str, file: str, around: Surroundings | None) -> tuple[Diagnostic, ...]:
    loaded = load(text.encode(), file)
    if around is None or loaded.playbook is None:
        return loaded.diagnostics
    return (*loaded.diagnostics, *checked(loaded.playbook, around))


def _errors(found: tuple[Diagnostic, ...]) -> int:
    return sum(one.severity == "error" for one in found)


def _is_better(found: tuple[Diagnostic, ...], first: tuple[Diagnostic, ...]) -> bool:
    """Return whether there is less to mend than at first; an error weighs more than any warning."""
    return (_errors(found), len(found)) < (_errors(first), len(first))


def _diff(before: str, after: str, file: str) -> str:
    if before == after:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{file}",
        f"b/{file}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
