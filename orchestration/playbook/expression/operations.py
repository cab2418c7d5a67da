"""The parts of an expression that decide and compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.expression.arithmetic import compute, negative
from orchestration.playbook.expression.errors import Absent, ExpressionError, Fault
from orchestration.playbook.expression.nodes import Node, Placed
from orchestration.playbook.expression.values import UNKNOWN, kind_of

if TYPE_CHECKING:
    from orchestration.playbook.expression.comparison import Test
    from orchestration.playbook.expression.functions import Function
    from orchestration.playbook.expression.values import Meter, Scope, Unknown, Value


def verdict(node: Node, scope: Scope, meter: Meter) -> bool | Unknown:
    """Return the boolean that ``node`` is worth.

    Raises:
        ExpressionError: it is worth something else; nothing but a boolean is true or false.

    """
    value = node.value(scope, meter)
    if value is True or value is False or value is UNKNOWN:
        return value
    quoted = isinstance(value, str) and value.lower() in {"true", "false"}
    advice = "write true and false without quotes" if quoted else "compare it with =="
    raise node.fault(f"expected a boolean, found {kind_of(value)}", advice)


@dataclass(frozen=True, slots=True)
class Not(Node):
    """``!a`` or ``not a``."""

    operand: Node

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Return the opposite."""
        held = verdict(self.operand, scope, meter)
        return held if held is UNKNOWN else not held

    def children(self) -> tuple[Node, ...]:
        """Return the operand."""
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """``a && b && c``, or the same with ``||``; ``decisive`` is the value that ends it."""

    decisive: bool
    operands: tuple[Node, ...]

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Return the first decisive value, and behind an unknown one only such a value."""
        unknown = False
        for operand in self.operands:
            try:
                held = verdict(operand, scope, meter)
            except ExpressionError:
                if unknown:  # what is unknown so far may spare the run this operand
                    return UNKNOWN
                raise
            if held is self.decisive:
                return held
            unknown = unknown or held is UNKNOWN
        return UNKNOWN if unknown else not self.decisive

    def children(self) -> tuple[Node, ...]:
        """Return the operands."""
        return self.operands


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """``left == right`` and its like."""

    holds: Test
    left: Node
    right: Node

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Compare."""
        left, right = self.left.value(scope, meter), self.right.value(scope, meter)
        try:
            return self.holds(left, right, meter)
        except Fault as fault:
            raise self.fault(fault.message, fault.advice) from None

    def children(self) -> tuple[Node, ...]:
        """Return both sides."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Operand(Placed):
    """``+ a`` in a sum; its place is that of the sum up to here."""

    sign: str
    node: Node


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """``first + a - b``, or the same with ``*``, ``/`` and ``%``: from left to right."""

    first: Node
    rest: tuple[Operand, ...]

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Compute."""
        result = self.first.value(scope, meter)
        for operand in self.rest:
            right = operand.node.value(scope, meter)
            try:
                result = compute(operand.sign, result, right)
            except Fault as fault:
                raise operand.fault(fault.message, fault.advice) from None
        return result

    def children(self) -> tuple[Node, ...]:
        """Return the operands."""
        return (self.first, *(operand.node for operand in self.rest))


@dataclass(frozen=True, slots=True)
class Minus(Node):
    """``-a``."""

    operand: Node

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Return the number with the other sign."""
        try:
            return negative(self.operand.value(scope, meter))
        except Fault as fault:
            raise self.fault(fault.message, fault.advice) from None

    def children(self) -> tuple[Node, ...]:
        """Return the operand."""
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """``test ? then : otherwise``."""

    test: Node
    then: Node
    otherwise: Node

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Return one of both; the other is not looked at."""
        held = verdict(self.test, scope, meter)
        if held is UNKNOWN:
            return UNKNOWN
        return (self.then if held else self.otherwise).value(scope, meter)

    def children(self) -> tuple[Node, ...]:
        """Return test and both values."""
        return (self.test, self.then, self.otherwise)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(a, b)``."""

    function: Function
    arguments: tuple[Node, ...]

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Call; an unknown argument makes an unknown result."""
        values = [argument.value(scope, meter) for argument in self.arguments]
        if any(value is UNKNOWN for value in values):
            return UNKNOWN
        try:
            return self.function.compute(values, meter)
        except Fault as fault:
            raise self.fault(fault.message, fault.advice) from None

    def children(self) -> tuple[Node, ...]:
        """Return the arguments."""
        return self.arguments


@dataclass(frozen=True, slots=True)
class Default(Node):
    """``default(wanted, otherwise)``: total over names, fields and elements that are not there."""

    wanted: Node
    otherwise: Node

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Return ``wanted`` unless it is absent or null."""
        try:
            found = self.wanted.value(scope, meter)
        except Absent:
            found = None
        return self.otherwise.value(scope, meter) if found is None else found

    def children(self) -> tuple[Node, ...]:
        """Return both values."""
        return (self.wanted, self.otherwise)


@dataclass(frozen=True, slots=True)
class Has(Node):
    """``has(wanted)``: whether ``default`` would leave it alone."""

    wanted: Node

    def value(self, scope: Scope, meter: Meter) -> Value:
        """Tell whether it is there and not null."""
        try:
            found = self.wanted.value(scope, meter)
        except Absent:
            return False
        return UNKNOWN if found is UNKNOWN else found is not None

    def children(self) -> tuple[Node, ...]:
        """Return what is asked for."""
        return (self.wanted,)
