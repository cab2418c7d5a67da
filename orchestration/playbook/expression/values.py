"""What expressions compute with, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from orchestration.playbook.expression.errors import Fault

MAX_SOURCE = 2_000
MAX_DEPTH = 40
MAX_STEPS = 10_000
MAX_TEXT = 65_536
MAX_LIST = 1_000
_CHARACTERS_A_STEP: Final = 1_024
SMALLEST, LARGEST = -(2**63), 2**63 - 1


class Unknown(Enum):
    """The type of ``UNKNOWN``."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that only the run will tell; whatever is computed from it is unknown too."""

Value: TypeAlias = str | int | float | bool | list["Value"] | dict[str, "Value"] | Unknown | None
Scope: TypeAlias = Mapping[str, Value]

_KINDS: Final[Mapping[type, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
    list: "a list",
    tuple: "a list",
    dict: "a map",
    Unknown: "an unknown value",
}
KINDS: Final = frozenset(_KINDS.values())
NUMBERS: Final = frozenset({"a whole number", "a number"})


class Meter:
    """Counts the work of one evaluation against its budget."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Pay for so many steps.

        Raises:
            Fault: the budget is used up.

        """
        self.left -= steps
        if self.left < 0:
            raise Fault(f"this takes more than {MAX_STEPS:,} steps")


def kind_of(value: object) -> str:
    """Return what to call a value of this type, with its article."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    if isinstance(value, Mapping):
        return "a map"
    for base in type(value).__mro__:
        if base in _KINDS:
            return _KINDS[base]
    return f"a value of type {type(value).__name__}"


def weight(value: Value) -> int:
    """Return how many steps it takes to look at a value; what it holds is counted apart."""
    return 1 + len(value) // _CHARACTERS_A_STEP if isinstance(value, str) else 1


def bounded_text(text: str) -> str:
    """Return ``text`` if it is short enough to compute with."""
    check_length(len(text))
    return text


def check_length(characters: int) -> None:
    """Refuse a text of so many characters if it is too long to compute with.

    Raises:
        Fault: it is.

    """
    if characters > MAX_TEXT:
        raise Fault(f"the text is longer than {MAX_TEXT:,} characters")
