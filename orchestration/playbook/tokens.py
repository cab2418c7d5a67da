"""Splits a command line into words before anything is known or filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.diagnostics import Edit

if TYPE_CHECKING:
    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.origin import Origin, Span

_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u201d": "\u201d"}
MOST_WORDS = 200
_SHELL = frozenset("|&;<>`")
_PLAIN = re.compile(r"[A-Za-z0-9_./=:@%+,-]+")
"""Characters that mean nothing but themselves."""
_KEY = re.compile(r"""[^\s"'“”=]+=""")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its text without quotes, ``${…}`` as written."""

    text: str
    start: int
    end: int
    origin: Origin
    quoted: bool
    """Then it is a value, whatever it looks like."""
    computed: bool

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.origin.span


def split(text: str, origin: Origin, report: Report) -> tuple[Word, ...]:
    """Return the words of a line; white space and signs inside ``${…}`` and quotes belong to them.

    Quotes open at the start of a word or after its ``=``, as everywhere a command is typed.
    """
    scan = _Scan(text, origin, report)
    words: list[Word] = []
    while (word := scan.word()) is not None:
        words.append(word)
        if len(words) > MOST_WORDS:
            report.add("E047", word.span, f"this is more than {MOST_WORDS} words", help="split it")
            break
    return tuple(words)


def hole_end(text: str, start: int) -> int:
    """Return what follows the ``${…}`` that begins at ``start``; -1 if it is not closed."""
    depth, quote, at = 0, "", start + 1
    while at < len(text):
        character = text[at]
        if quote:
            at += character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    return -1


class _Scan:
    """One pass over a line."""

    def __init__(self, text: str, origin: Origin, report: Report) -> None:
        self._text = text
        self._origin = origin
        self._report = report
        self._at = 0
        self._offsets: list[int] = []
        self._computed = False

    def word(self) -> Word | None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        if self._at >= len(self._text):
            return None
        start, self._offsets, self._computed = self._at, [], False
        if self._text[start] in _SHELL:
            self._refuse(self._text[start])
            self._at = len(self._text)  # what follows is another command to a shell
            return None
        quoted = self._text[start] in _QUOTES
        if quoted:
            self._quotation()
        self._bare(start)
        return Word(
            "".join(self._text[offset] for offset in self._offsets),
            start,
            self._at,
            self._place(start),
            quoted,
            self._computed,
        )

    def _place(self, start: int) -> Origin:
        offsets = self._offsets
        if offsets and offsets[-1] - offsets[0] == len(offsets) - 1:
            return self._origin.part(offsets[0], len(offsets))
        return self._origin.pick(offsets, start)

    def _bare(self, start: int) -> None:
        while self._at < len(self._text) and not self._text[self._at].isspace():
            if plain := _PLAIN.match(self._text, self._at):
                self._take(plain.end() - self._at)
            if self._at >= len(self._text) or self._text[self._at].isspace():
                return
            if self._template():
                continue
            character = self._text[self._at]
            if character in _QUOTES and _KEY.fullmatch(self._text, start, self._at):
                self._quotation()
            else:
                self._refuse(character)
                self._take(1)

    def _quotation(self) -> None:
        opened, closing = self._at, _QUOTES[self._text[self._at]]
        self._at += 1
        while self._at < len(self._text) and self._text[self._at] != closing:
            if self._template():
                continue
            escaped = closing == '"' and self._text[self._at : self._at + 2] in ('\\"', "\\\\")
            self._at += escaped
            self._take(1)
        if self._at >= len(self._text):
            span = self._origin.at(opened, len(self._text) - opened)
            self._report.add("E048", span, "the quotation mark is not closed", help="close it")
        self._at += 1

    def _template(self) -> bool:
        """Take a ``${…}``, or a ``$${`` that stands for itself."""
        if self._text.startswith("$${", self._at):
            self._take(3)
            return True
        if not self._text.startswith("${", self._at):
            return False
        end = hole_end(self._text, self._at)
        end = len(self._text) if end < 0 else end  # reading the expression tells that it is open
        self._computed = True
        self._take(end - self._at)
        return True

    def _take(self, count: int) -> None:
        self._offsets += range(self._at, min(self._at + count, len(self._text)))
        self._at += count

    def _refuse(self, character: str) -> None:
        dangerous = character in _SHELL or character == "$" or not character.isprintable()
        if not dangerous:
            return
        span = self._origin.at(self._at)
        if character in _SHELL or self._text.startswith("$(", self._at):
            self._report.add(
                "E045",
                span,
                f"'{character}' does nothing here: a command line is not a shell",
                help="put the word in quotes if you mean the character, or add a second step",
            )
        elif not character.isprintable():
            fix = [Edit(span, " ")]
            self._report.add("E048", span, "an invisible character", help="remove it", fix=fix)
