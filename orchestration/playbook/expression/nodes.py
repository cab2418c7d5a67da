"""The parts of an expression: each knows where it stands and what it is worth in a scope."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.expression.errors import Absent, ExpressionError
from orchestration.playbook.expression.values import MAX_TEXT, UNKNOWN, kind_of

if TYPE_CHECKING:
    from orchestration.playbook.expression.values import Meter, Scope, Value


@dataclass(frozen=True, slots=True)
class Placed:
    """Something with its place in the source."""

    offset: int
    length: int

    def fault(self, message: str, advice: str = "") -> ExpressionError:
        """Return an error that points here."""
        return ExpressionError(message, self.offset, self.length, advice)


class Node(Placed, ABC):
    """A part that is worth something."""

    __slots__ = ()

    @abstractmethod
    def value(self, scope: Scope, meter: Meter) -> Value:
        """Return what this is worth.

        Raises:
            ExpressionError: it is worth nothing, with the place of the smallest part at fault.

        """

    def children(self) -> tuple[Node, ...]:
        """Return the parts it is made of, as written."""
        return ()


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A value as written."""

    constant: Value

    def value(self, scope: Scope, meter: Meter) -> Value:  # noqa: ARG002 - the same everywhere
        """Return it."""
        return self.constant


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A value of the scope."""

    name: str

    def value(self, scope: Scope, meter: Meter) -> Value:  # noqa: ARG002 - looking costs nothing
        """Look it up."""
        try:
            found = scope[self.name]
        except KeyError:
            raise self.absent(scope) from None
        if type(found) is str and len(found) > MAX_TEXT:
            raise self.fault(f"the text is longer than {MAX_TEXT:,} characters")
        return found

    def absent(self, scope: Scope) -> Absent:
        """Return the error for a name that the scope does not have."""
        first, _, second = self.name.partition("-")
        message = f"unknown name '{self.name}'"
        if first in scope and (second.isdigit() or second in scope):
            advice = f"a minus needs spaces: {first} - {second}"
            return Absent(message, self.offset, self.length, advice)
        return Absent(message, self.offset, self.length).among(self.name, scope)


@dataclass(frozen=True, slots=True)
class Field(Placed):
    """``owner.name``, or ``owner["name"]``; the place is that of the name alone."""

    name: str

    def of(self, owner: Value) -> Value:
        """Return the field of ``owner``."""
        if owner is UNKNOWN:
            return UNKNOWN
        if not isinstance(owner, Mapping):
            raise Absent(f"{kind_of(owner)} has no field '{self.name}'", self.offset, self.length)
        if self.name not in owner:
            fault = Absent(f"unknown field '{self.name}'", self.offset, self.length)
            raise fault.among(self.name, owner)
        return owner[self.name]


@dataclass(frozen=True, slots=True)
class Element(Placed):
    """``owner[index]``; the place is that of the index."""

    index: Node

    def of(self, owner: Value, index: Value) -> Value:
        """Return the element of ``owner`` that the computed ``index`` names."""
        if owner is UNKNOWN or index is UNKNOWN:
            return UNKNOWN
        if isinstance(index, str):
            return Field(self.offset, self.length, index).of(owner)
        if not isinstance(index, int) or isinstance(index, bool):
            raise self.fault(f"expected a whole number or text, found {kind_of(index)}")
        if not isinstance(owner, list | tuple):
            raise Absent(f"{kind_of(owner)} has no element {index}", self.offset, self.length)
        if not 0 <= index < len(owner):
            many = f"the list has {len(owner)} elements, counted from 0"
            raise Absent(f"there is no element {index}", self.offset, self.length, many)
        return owner[index]


@dataclass(frozen=True, slots=True)
class Access(Node):
    """A value inside another: ``monitor.output["health"][0]``."""

    root: Node
    steps: tuple[Field | Element, ...]

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Walk from the root."""
        found = self.root.value(scope, meter)
        for step in self.steps:
            if isinstance(step, Field):
                found = step.of(found)
            else:
                found = step.of(found, step.index.value(scope, meter))
        if type(found) is str and len(found) > MAX_TEXT:
            raise self.fault(f"the text is longer than {MAX_TEXT:,} characters")
        return found

    def children(self) -> tuple[Node, ...]:
        """Return the root and what computes an index."""
        return (self.root, *(step.index for step in self.steps if isinstance(step, Element)))


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[1, 2]``."""

    items: tuple[Node, ...]

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Return the list."""
        return [item.value(scope, meter) for item in self.items]

    def children(self) -> tuple[Node, ...]:
        """Return the items."""
        return self.items
