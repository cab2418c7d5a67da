"""Diagnostics for people: the line, the place in it, and what to write instead."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from orchestration.playbook.diagnostics import has_errors, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.origin import Span
    from orchestration.playbook.source import Source

_WIDEST = 140
_BEFORE = 60
"""So much of a very long line is shown before the place that is meant."""


def as_text(
    diagnostics: Iterable[Diagnostic],
    source: Source,
    *,
    most: int | None = None,
    draft: bool = False,
) -> str:
    """Return every diagnostic with its lines and a last line that counts them."""
    listed = in_order(diagnostics)
    shown = [_one(each, source) for each in listed[:most]]
    return "\n\n".join([*shown, summary(listed, source.file, draft=draft)]) + "\n"


def summary(diagnostics: Sequence[Diagnostic], file: str, *, draft: bool = False) -> str:
    """Return the line that counts them, as in ``deploy.yml: 2 errors, 1 warning``."""
    errors = sum(one.severity == "error" for one in diagnostics)
    counts = [(errors, "error"), (len(diagnostics) - errors, "warning")]
    told = [f"{count} {word}{'s' * (count != 1)}" for count, word in counts if count]
    if not told:
        return f"{file}: nothing to complain about"
    sound = "; it can run once it is published" if draft else "; it can run"
    return f"{file}: {', '.join(told)}" + ("" if has_errors(diagnostics) else sound)


def _one(one: Diagnostic, source: Source) -> str:
    marks = sorted(
        [(one.span, "^", one.label), *((near.span, "-", near.label) for near in one.related)],
        key=lambda mark: mark[0],
    )
    width = len(str(max(span.line for span, _, _ in marks)))
    rows = [
        f"{one.severity}[{one.code}]: {_printable(one.message)}",
        f"{' ' * width}--> {source.file}:{one.span.line}:{one.span.column}",
    ]
    for position, (span, sign, label) in enumerate(marks):
        if position and span.line > marks[position - 1][0].line + 1:
            rows.append(f"{'.' * width}")
        rows += _marked(source.line(span.line), span, sign, label, width)
    if one.help:
        rows.append(f"{' ' * width} = help: {_printable(one.help)}")
    return "\n".join(rows)


def _marked(line: str, span: Span, sign: str, label: str, width: int) -> list[str]:
    shown, column = _window(line, span.column)
    end = min(len(shown), column - 1 + span.length)
    before = _columns(shown[: column - 1])
    carets = max(1, _columns(shown[column - 1 : end]))
    tail = f" {label}" if label else ""
    return [
        f"{span.line:>{width}} | {_printable(shown)}".rstrip(),
        f"{' ' * width} | {' ' * before}{sign * carets}{tail}",
    ]


def _window(line: str, column: int) -> tuple[str, int]:
    """Return the part of a very long line that matters, and the column in it."""
    if len(line) <= _WIDEST:
        return line, column
    begin = max(0, column - 1 - _BEFORE)
    lead = "…" if begin else ""
    return lead + line[begin : begin + _WIDEST], column - begin + len(lead)


def _printable(text: str) -> str:
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character == "\t":
        return " "
    return character if character.isprintable() else "\N{MIDDLE DOT}"


def _columns(text: str) -> int:
    """Return how wide a terminal shows a text."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
