"""Reads the text of a playbook within bounds; a broken line does not hide what is behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.diagnostics import Edit, Related
from orchestration.playbook.model import Span
from orchestration.playbook.source import Source
from tgk.yaml_marks import Bounds, survey

if TYPE_CHECKING:
    from orchestration.playbook.diagnostics import Report
    from tgk.yaml_marks import Fault, Node

BOUNDS = Bounds(aliases=False)
_CODES = {
    "encoding": "E006", "bounds": "E001", "syntax": "E002", "alias": "E003", "tag": "E003",
    "merge": "E003", "duplicate": "E011", "boolean": "E005", "value": "E002",
}  # fmt: skip
_TAB = re.compile(r"^ *\t[ \t]*", re.MULTILINE)
_MOST_BROKEN_LINES = 5
_SHARE = "put what is shared into a playbook of its own, or into `variables`"


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read."""

    source: Source
    root: Node | None
    """None if nothing could."""
    whole: bool = True
    """False if lines were left out: then nothing can be said about what is missing."""


def read(content: bytes, file: str, report: Report) -> Reading:
    """Return the values of a file, reporting everything that is no plain YAML."""
    text = content[: BOUNDS.size + 1].decode("utf-8-sig", errors="replace")
    source = Source(file, text)
    document, faults = survey(content, file, BOUNDS)
    broken = next((fault for fault in faults if fault.kind == "syntax"), None)
    if document or broken is None:
        _tell(report, source, faults)
        return Reading(source, document.root if document else None, whole=document is not None)
    return _around(source, broken, faults, report)


def _around(source: Source, broken: Fault, faults: tuple[Fault, ...], report: Report) -> Reading:
    """Mend tabs and leave out lines that cannot be read, to see what is wrong behind them."""
    text = source.text
    tabs = _tabs(source, report)
    if tabs:
        text = _TAB.sub(lambda found: found[0].replace("\t", "  "), text)
    else:
        _tell(report, source, faults)
        text = _without(source, text, broken)
    for _ in range(_MOST_BROKEN_LINES):
        document, faults = survey(text.encode(), source.file, BOUNDS)
        mended = Source(source.file, text)
        _tell(report, mended, faults)
        if document:
            return Reading(mended, document.root, whole=bool(tabs))
        stopped = next((fault for fault in faults if fault.kind == "syntax"), None)
        if stopped is None:
            break
        text = _without(mended, text, stopped)
    return Reading(source, None, whole=False)


def _tabs(source: Source, report: Report) -> int:
    count = 0
    for found in _TAB.finditer(source.text):
        line, column = source.place(found.start())
        spaces = found[0].replace("\t", "  ")
        report.add(
            "E004",
            Span(line, column, len(found[0])),
            "this line is indented with a tab",
            help="indent with spaces",
            fix=[Edit(Span(line, column, len(found[0])), spaces)],
        )
        count += 1
    return count


def _without(source: Source, text: str, fault: Fault) -> str:
    """Blank the line of a fault; the last one with something on it if that is empty."""
    line = min(fault.mark.line, source.lines)
    while line > 1 and not source.line(line).strip():
        line -= 1
    begin = source.index(Span(line, 1))
    return text[:begin] + "#" + text[begin + len(source.line(line)) :]


def _tell(report: Report, source: Source, faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        span = _span(source, fault)
        where = fault.related and Span(fault.related.line, fault.related.column, span.length)
        report.add(
            _CODES[fault.kind],
            span,
            fault.what,
            label="second time here" if where else "",
            help=_SHARE if fault.kind in ("alias", "merge") else fault.instead,
            related=[Related(where, "first used here")] if where else (),
        )


def _span(source: Source, fault: Fault) -> Span:
    """Return the word at a fault; the last line with something on it for one at the end."""
    line, column = fault.mark.line, fault.mark.column
    if line >= source.lines and not source.line(line).strip():
        while line > 1 and not source.line(line).strip():
            line -= 1
        return Span(line, max(1, len(source.line(line).rstrip())))
    word = re.match(r"[^\s:,\]}]+", source.line(line)[column - 1 :])
    return Span(line, column, len(word[0]) if word else 1)
