"""What is wrong with an expression, and where."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_KNOWN: Final = 1_000


class ExpressionError(Exception):
    """An expression that cannot be read or evaluated.

    ``offset`` counts characters from the start of the text as its author typed it; a fault at the
    end points one character behind it.
    """

    def __init__(
        self,
        message: str,
        offset: int,
        length: int,
        help: str = "",  # noqa: A002 - what diagnostics call it everywhere
    ) -> None:
        super().__init__(message, offset, length, help)
        self.message = message
        self.offset = offset
        self.length = length
        self._help = help

    @property
    def help(self) -> str:
        """What to do about it; empty if there is nothing to say."""
        return self._help

    def __str__(self) -> str:
        return self.message


class Absent(ExpressionError):
    """A name, field or element that is not there: the one fault that ``default()`` heals."""

    typed = ""
    known: Iterable[str] = ()

    def among(self, typed: str, known: Iterable[str]) -> Absent:
        """Let the help name what in ``known`` looks like ``typed``, once somebody reads it."""
        self.typed, self.known = typed, known
        return self

    @property
    def help(self) -> str:
        """Which known name was probably meant."""
        return did_you_mean(self.typed, self.known) or self._help


class Fault(Exception):
    """What an operation has against its values; whoever knows the place raises it again there."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message, advice)
        self.message = message
        self.advice = advice


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Return the help for a misspelt name, or nothing."""
    near = nearest(typed, islice(known, _MOST_KNOWN), limit=1) if typed else ()
    return f"did you mean '{near[0]}'?" if near else ""
