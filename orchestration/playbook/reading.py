"""Reads the text of a playbook within bounds; a broken line does not hide what is behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.diagnostics import Related
from orchestration.playbook.origin import Span
from orchestration.playbook.seams import seams
from orchestration.playbook.source import Source
from orchestration.playbook.tabs import check_indentation, widened
from tgk.yaml_marks import Bounds, survey

if TYPE_CHECKING:
    from orchestration.playbook.diagnostics import Report
    from tgk.yaml_marks import Fault, Mark, Node

BOUNDS = Bounds(aliases=False)
_CODES = {
    "encoding": "E006", "bounds": "E001", "syntax": "E002", "alias": "E003", "tag": "E003",
    "merge": "E003", "duplicate": "E011", "boolean": "E005", "value": "E002",
}  # fmt: skip
_ITEM = re.compile(r"^( *)- ")
_VALUED = re.compile(r"^[ -]*[\w-]+: +[^\s|>#\[{&!][^#]*$")
_KEY = re.compile(r"^[ -]*[\w-]+:(\s|$)")
_KEY_ALONE = re.compile(r"^[ -]*[\w-]+:\s*(#.*)?$")
_FAR = 12
"""So many lines above the place where YAML stumbles the cause is looked for."""
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


def as_written(content: bytes, file: str) -> Source:
    """Return the text of a file, as far as it is looked at."""
    return Source(file, content[: BOUNDS.size + 1].decode("utf-8-sig", errors="replace"))


def read(content: bytes, file: str, report: Report) -> Reading:
    """Return the values of a file, reporting everything that is no plain YAML."""
    source = as_written(content, file)
    document, faults = survey(content, file, BOUNDS)
    broken = next((fault for fault in faults if fault.kind == "syntax"), None)
    if document is None and broken:
        return _around(source, broken, faults, report)
    if document and (apart := _apart(source, document.root, faults, report)):
        return apart
    _tell(report, source, faults)
    return Reading(source, document.root if document else None, whole=document is not None)


def _apart(source: Source, root: Node, faults: tuple[Fault, ...], report: Report) -> Reading | None:
    """Read what became one item of a list as the two that it was; None if nothing seems to."""
    text = source.text
    found = [seam for seam in seams(root, faults, source) if _indented(source, seam.mark)]
    for seam in found:
        begin = source.index(Span(seam.mark.line, seam.mark.column))
        text = f"{text[: begin - 2]}- {text[begin:]}"
    document, faults = survey(text.encode(), source.file, BOUNDS) if found else (None, ())
    if document is None:
        return None
    for seam in found:
        report.add(
            "E020",
            source.key(seam.mark, seam.key),
            "a new item of the list seems to begin here",
            help="a line such as `- name: …` is missing before it",
            related=[
                Related(source.key(seam.before, "-"), "it runs on in the item that begins here")
            ],
        )
    _tell(report, source, faults)
    return Reading(source, document.root, whole=False)


def _indented(source: Source, mark: Mark) -> bool:
    """Return whether nothing but spaces stands before a key, and room for a dash."""
    return mark.column > len("- ") and not source.line(mark.line)[: mark.column - 1].strip(" ")


def _around(source: Source, broken: Fault, faults: tuple[Fault, ...], report: Report) -> Reading:
    """Mend tabs and leave out lines that cannot be read, to see what is wrong behind them."""
    wider = check_indentation(source, report)
    text = widened(source.text) if wider else _past(source, broken, faults, report)
    for _ in range(_MOST_BROKEN_LINES):
        document, faults = survey(text.encode(), source.file, BOUNDS)
        mended = Source(source.file, text, wider)
        _tell(report, mended, faults)
        if document:
            return Reading(mended, document.root, whole=bool(wider))
        stopped = next((fault for fault in faults if fault.kind == "syntax"), None)
        if stopped is None:
            break
        text = _without(mended, text, stopped)
    return Reading(source, None, whole=False)


def _past(source: Source, broken: Fault, faults: tuple[Fault, ...], report: Report) -> str:
    """Return the text without what stopped the reader, told as the slip that it most likely is."""
    if orphan := _orphan(source, broken.mark.line):
        report.add(
            "E002", orphan, "this list stands under no key",
            help="a line such as `steps:` is missing before it",
        )  # fmt: skip
        return _without_list(source, orphan)
    if bare := _bare(source, broken.mark.line):
        report.add(
            "E002", bare, "the first item of this list has no '- '",
            help="a line such as `- name: …` is missing before it",
        )  # fmt: skip
        begin = source.index(Span(bare.line, 1)) + bare.column - 3
        return f"{source.text[:begin]}- {source.text[begin + 2 :]}"
    if loose := _loose(source, broken):
        report.add(
            "E002", loose, "this stands under no key",
            help="a line such as `prompt: >-` is missing before it"
            if loose.column > 1 and not _KEY.match(source.line(loose.line))
            else "a line such as `variables:` is missing before it",
        )  # fmt: skip
        return _without_lines(source, loose.line, broken.mark.line)
    _tell(report, source, faults)
    return _without(source, source.text, broken)


def _without(source: Source, text: str, fault: Fault) -> str:
    """Blank the line of a fault, as long as it was; the last one that is not empty otherwise."""
    line = min(fault.mark.line, source.lines)
    while line > 1 and not source.line(line).strip():
        line -= 1
    begin = source.index(Span(line, 1))
    return text[:begin] + _blank(source.line(line)) + text[begin + len(source.line(line)) :]


def _blank(line: str) -> str:
    return "#".ljust(len(line)) if line else ""


def _orphan(source: Source, last: int) -> Span | None:
    """Return the first item of a list that follows a value, as when the line of its key is gone."""
    before: str | None = None
    for number in range(max(1, last - _FAR), last + 1):
        line = source.line(number)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        item = _ITEM.match(line)
        if item and before and _VALUED.match(before) and len(item[1]) > _depth(before):
            return Span(number, len(item[1]) + 1, len(line.strip()))
        before = line
    return None


def _bare(source: Source, number: int) -> Span | None:
    """Return where a list begins whose second item is at this line and whose first has no dash."""
    second = _ITEM.match(source.line(number))
    if not second:
        return None
    first, deep = None, len(second[1])
    while number > 1:
        number -= 1
        line = source.line(number)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if len(line) - len(line.lstrip(" ")) < deep + 2:
            break
        first = number
    if first is None or not _KEY_ALONE.match(source.line(number)):
        return None
    line = source.line(first)
    column = len(line) - len(line.lstrip(" ")) + 1
    return Span(first, column, len(line.strip())) if column == deep + 3 else None


def _loose(source: Source, broken: Fault) -> Span | None:
    """Return where lines begin that belong to a key which is gone: text, or a whole block."""
    last = broken.mark.line
    if "document start" in broken.what:
        begin = next((n for n in range(1, last) if _says(source.line(n))), last)
    elif "could not find expected ':'" in broken.what:
        begin = _text_above(source, last)
    else:
        return None
    line = source.line(begin)
    return Span(begin, _margin(line) + 1, len(line.strip())) if begin < last else None


def _text_above(source: Source, last: int) -> int:
    """Return the first of the lines above that hold neither a key nor an item."""
    begin = last
    while begin > 1 and _says(line := source.line(begin - 1)):
        if _KEY.match(line) or _ITEM.match(line):
            break
        begin -= 1
    return begin


def _says(line: str) -> bool:
    return line.lstrip()[:1] not in ("", "#")


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _without_lines(source: Source, first: int, last: int) -> str:
    """Blank the lines from one up to another, that one not included."""
    lines = source.text.splitlines(keepends=True)
    for number in range(first, last):
        lines[number - 1] = _blanked(lines[number - 1])
    return "".join(lines)


def _blanked(line: str) -> str:
    """Return a line of nothing but a comment, its end as it was."""
    bare = line.rstrip("\r\n\x85\u2028\u2029")
    return _blank(bare) + line[len(bare) :]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" -"))


def _without_list(source: Source, first: Span) -> str:
    """Blank a list: its lines, and what is nested in them."""
    lines = source.text.splitlines(keepends=True)
    for number in range(first.line - 1, len(lines)):
        line = lines[number]
        if line.strip() and len(line) - len(line.lstrip(" ")) < first.column - 1:
            break
        lines[number] = _blanked(line)
    return "".join(lines)


def _tell(report: Report, source: Source, faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        span = _span(source, fault)
        where = fault.related and source.at(fault.related, span.length)
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
    return source.at(fault.mark, len(word[0]) if word else 1)
