"""Text with ``${…}`` in it: values are put in once, and never read as anything but values."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from orchestration.playbook.expression import (
    UNKNOWN,
    Expression,
    ExpressionError,
    parse_embedded,
)
from orchestration.playbook.expression.errors import Fault
from orchestration.playbook.expression.functions import text_of
from orchestration.playbook.expression.values import MAX_TEXT, Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestration.playbook.expression import Reference, Scope, Unknown, Value

_OPENING: Final = re.compile(r"\$\$\{|\$\{")
MAX_PLACEHOLDERS: Final = 200


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One ``${…}`` as written, with its place in the text."""

    source: str
    offset: int
    expression: Expression

    def text(self, scope: Scope) -> str | Unknown:
        """Return its value as text."""
        value = self.expression.evaluate(scope)
        try:
            return UNKNOWN if value is UNKNOWN else text_of(value, Meter())
        except Fault as fault:
            raise ExpressionError(
                fault.message, self.offset, len(self.source), fault.advice
            ) from None


Part: TypeAlias = str | Placeholder


@dataclass(frozen=True, slots=True)
class Template:
    """A text whose placeholders have been read."""

    source: str
    parts: tuple[Part, ...] = field(repr=False)
    offset: int = 0
    """Where ``source`` begins; added to the place of every reference and fault."""

    @property
    def references(self) -> tuple[Reference, ...]:
        """What it reads of a scope, as written, from left to right."""
        found = [part.expression for part in self.parts if isinstance(part, Placeholder)]
        return tuple(each.moved(self.offset) for part in found for each in part.references)

    @property
    def is_literal(self) -> bool:
        """Whether it is worth the same in every scope."""
        return not any(isinstance(part, Placeholder) for part in self.parts)

    def value(self, scope: Scope) -> Value:
        """Return the value of a lone ``${…}`` with its type, and else the text.

        It is ``UNKNOWN`` if any of it is.

        Raises:
            ExpressionError: a placeholder has no value in this scope.

        """
        with _moved(self.offset):
            if len(self.parts) == 1 and isinstance(self.parts[0], Placeholder):
                return self.parts[0].expression.evaluate(scope)
            texts = self._texts(scope)
        return UNKNOWN if UNKNOWN in texts else "".join(map(str, texts))

    def text(self, scope: Scope, quoting: Callable[[str, str], str] | None = None) -> str:
        """Return the text; a placeholder that is not known yet stays as written.

        ``quoting`` writes a value so that it is one part of the whole, given the text before it.

        Raises:
            ExpressionError: a placeholder has no value in this scope, or is null.

        """
        with _moved(self.offset):
            texts = self._texts(scope)
        whole = ""
        for part, text in zip(self.parts, texts, strict=True):
            shown = _source(part) if text is UNKNOWN else text
            if quoting and text is not UNKNOWN and isinstance(part, Placeholder):
                shown = quoting(whole, shown)
            whole += shown
        return whole

    def _texts(self, scope: Scope) -> list[str | Unknown]:
        texts: list[str | Unknown] = []
        length = 0
        for part in self.parts:
            text = part if isinstance(part, str) else part.text(scope)
            length += 0 if text is UNKNOWN else len(text)
            if length > MAX_TEXT:
                raise _too_long(len(self.source))
            texts.append(text)
        return texts


def parse(text: str, *, offset: int = 0) -> Template:
    """Read a text; ``$${`` stands for ``${`` itself, and every other ``$`` for itself.

    Raises:
        ExpressionError: a placeholder holds no expression, or is not closed.

    """
    with _moved(offset):
        if len(text) > MAX_TEXT:
            raise _too_long(len(text))
        return Template(text, _parts(text), offset)


def _parts(text: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    literal, position, count = "", 0, 0
    while (found := _OPENING.search(text, position)) is not None:
        literal += text[position : found.start()]
        if found[0] == "$${":
            literal, position = literal + "${", found.end()
            continue
        count += 1
        if count > MAX_PLACEHOLDERS:
            raise ExpressionError(
                f"a text has at most {MAX_PLACEHOLDERS} placeholders", found.start(), 2
            )
        expression, position = parse_embedded(text, found.end())
        parts += [literal] if literal else []
        parts.append(Placeholder(text[found.start() : position], found.start(), expression))
        literal = ""
    literal += text[position:]
    return (*parts, literal) if literal or not parts else tuple(parts)


def _source(part: Part) -> str:
    return part if isinstance(part, str) else part.source


def _too_long(length: int) -> ExpressionError:
    return ExpressionError(f"the text is longer than {MAX_TEXT:,} characters", 0, length)


@contextmanager
def _moved(offset: int) -> Iterator[None]:
    """Let errors point ``offset`` characters further on."""
    try:
        yield
    except ExpressionError as error:
        error.offset += offset
        raise
