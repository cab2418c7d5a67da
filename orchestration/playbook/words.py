"""Command lines of steps: split into words first, bound to typed options second, filled in last.

A value can therefore never become an option, a second word or a second command.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestration.playbook.command_line import Argument, CommandLine
from orchestration.playbook.diagnostics import Diagnostic, Report
from orchestration.playbook.origin import Origin, Span
from orchestration.playbook.texts import template
from orchestration.playbook.tokens import Word, split

if TYPE_CHECKING:
    from collections.abc import Iterator


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_OPTION = re.compile(r"(?:--|—)([A-Za-z][\w-]*)(=)?", re.DOTALL)
_MOST_NAME_WORDS = 2


def read_line(
    text: str, span: Span, origin: Origin | None = None
) -> tuple[CommandLine | None, tuple[Diagnostic, ...]]:
    """Split a line into a name, options and values; what they mean is left to ``bind``."""
    report = Report()
    origin = origin or Origin.straight(span)
    words = split(text, origin, report)
    if not words or not words[0].text.removeprefix("/"):
        help_ = "write a command, as in /infra deploy --component api"
        report.add("E012", span, "there is no command", help=help_)
        return None, report.sorted
    if words[0].computed:
        _refuse_computed(words[0], "the name of a command", report)
        return None, report.sorted
    count = _name_words(words)
    head = tuple(
        _argument("", word, word.text.removeprefix("/") if place == 0 else word.text, report)
        for place, word in enumerate(words[:count])
    )
    arguments = tuple(_arguments(words[count:], report))
    line = CommandLine(head, arguments, span, text, origin, sound=not report.found)
    return line, report.sorted


def _name_words(words: tuple[Word, ...]) -> int:
    """Return how many words in front may be the name."""
    count = 1
    while count < min(len(words), _MOST_NAME_WORDS) and _NAME.fullmatch(words[count].text):
        count += 1
    return count


def _arguments(words: tuple[Word, ...], report: Report) -> Iterator[Argument]:
    at, literal = 0, False
    while at < len(words):
        word = words[at]
        at += 1
        if literal or not _looks_like_option(word):
            yield _argument("", word, word.text, report, literal=literal)
        elif word.text == "--":
            literal = True
        elif (glued := _OPTION.match(word.text)) and glued[2]:
            value = word.text[glued.end() :]
            yield _argument(glued[1], word, value, report, glued=True)
        elif word.computed:
            _refuse_computed(word, "the name of an option", report)
        elif at < len(words) and not _looks_like_option(words[at]):
            yield _pair(word, words[at], report)
            at += 1
        else:
            option = word.text.lstrip("-—")
            yield Argument(option, True, word.span, word.origin, word.start, begins=word.start)


def _looks_like_option(word: Word) -> bool:
    return not word.quoted and word.text.startswith(("--", "—"))


def _argument(
    option: str,
    word: Word,
    value: str,
    report: Report,
    *,
    glued: bool = False,
    literal: bool = False,
) -> Argument:
    """Return a word as a value; ``value`` is the last part of its text."""
    origin = word.origin.part(len(word.text) - len(value), len(value))
    found = template(value, origin, report)
    return Argument(
        option, found, word.span, origin, word.start, word.quoted, glued, word.start, literal
    )


def _pair(name: Word, value: Word, report: Report) -> Argument:
    found = template(value.text, value.origin, report)
    option = name.text.lstrip("-—")
    span = _joined(name.span, value.span)
    return Argument(option, found, span, value.origin, value.start, value.quoted, begins=name.start)


def _joined(first: Span, last: Span) -> Span:
    if first.line != last.line:
        return first
    return Span(first.line, first.column, last.column + last.length - first.column)


def _refuse_computed(word: Word, what: str, report: Report) -> None:
    report.add(
        "E046",
        word.span,
        f"{what} cannot be computed",
        help="write it out; use a conditional step to choose between commands",
    )
