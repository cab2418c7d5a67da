"""Tabs, which nobody sees: in the indentation, where YAML has none, and between key and value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestration.playbook.diagnostics import Edit
from orchestration.playbook.origin import Span

if TYPE_CHECKING:
    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.source import Source
    from tgk.yaml_marks import Mark, Node

_INDENTED = re.compile(r"^ *\t[ \t]*", re.MULTILINE)
_APART = re.compile(r":([ \t]*\t[ \t]*)\Z")


def widened(text: str) -> str:
    """Return a text with spaces for the tabs that its lines are indented with."""
    return _INDENTED.sub(lambda found: found[0].replace("\t", "  "), text)


def check_indentation(source: Source, report: Report) -> dict[int, int]:
    """Report tabs; return by how much each of their lines is wider with spaces instead."""
    wider = {}
    for found in _INDENTED.finditer(source.text):
        line, column = source.place(found.start())
        spaces = widened(found[0])
        report.add(
            "E004",
            Span(line, column, len(found[0])),
            "this line is indented with a tab",
            help="indent with spaces",
            fix=[Edit(Span(line, column, len(found[0])), spaces)],
        )
        wider[line] = len(spaces) - len(found[0])
    return wider


def check_separators(node: Node, source: Source, report: Report) -> None:
    """Report tabs between a key and the value beside it."""
    if isinstance(node.value, list):
        for item in node.value:
            check_separators(item, source, report)
    if not isinstance(node.value, dict):
        return
    for name, child in node.value.items():
        _check_separator(node.keys[name], child, source, report)
        check_separators(child, source, report)


def _check_separator(key: Mark, value: Node, source: Source, report: Report) -> None:
    start = source.index(Span(key.line, key.column))
    found = _APART.search(source.text, start, value.begin)
    if found is None:
        return
    line, column = source.place(found.start(1))
    span = Span(line, column, len(found[1]))
    report.add(
        "W072", span, "a tab stands before this value", help="write a space", fix=[Edit(span, " ")]
    )
