"""What the signs that compute do; nothing grows beyond its bound."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Final

from orchestration.playbook.expression.errors import Fault
from orchestration.playbook.expression.values import (
    LARGEST,
    MAX_LIST,
    SMALLEST,
    UNKNOWN,
    bounded_text,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestration.playbook.expression.values import Value

_VERBS: Final[Mapping[str, str]] = {
    "+": "add {1} to {0}",
    "-": "subtract {1} from {0}",
    "*": "multiply {0} by {1}",
    "/": "divide {0} by {1}",
    "%": "take the remainder of {0} by {1}",
}


def compute(sign: str, left: Value, right: Value) -> Value:
    """Return ``left sign right``; whole numbers stay whole, and ``/`` drops the fraction."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if _is_number(left) and _is_number(right):
        return bounded_number(_NUMERIC[sign](left, right))
    if sign == "+":
        return _joined(left, right)
    raise _impossible(sign, left, right)


def negative(value: Value) -> Value:
    """Return the number with the other sign."""
    if value is UNKNOWN:
        return UNKNOWN
    if isinstance(value, int | float) and not isinstance(value, bool):
        return bounded_number(-value)
    raise Fault(f"expected a number, found {kind_of(value)}")


def bounded_number(number: float) -> int | float:
    """Return the number if 64 bits can hold it."""
    if isinstance(number, int):
        if not SMALLEST <= number <= LARGEST:
            raise Fault("the whole number does not fit into 64 bits")
    elif not math.isfinite(number):
        raise Fault("the number is too large")
    return number


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _joined(left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str):
        return bounded_text(left + right)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) + len(right) > MAX_LIST:
            raise Fault(f"the list is longer than {MAX_LIST:,} elements")
        return [*left, *right]
    raise _impossible("+", left, right)


def _impossible(sign: str, left: Value, right: Value) -> Fault:
    texts = isinstance(left, str) or isinstance(right, str)
    advice = "convert one of them: string(…), int(…) or float(…)" if texts else ""
    return Fault(f"cannot {_VERBS[sign].format(kind_of(left), kind_of(right))}", advice)


def _quotient(left: float, right: float) -> int | float:
    if right == 0:
        raise Fault("division by zero")
    if isinstance(left, int) and isinstance(right, int):
        size = abs(left) // abs(right)
        return size if (left < 0) == (right < 0) else -size
    return left / right


def _remainder(left: float, right: float) -> int:
    if not isinstance(left, int) or not isinstance(right, int):
        raise Fault("a remainder needs two whole numbers")
    if right == 0:
        raise Fault("division by zero")
    return int(math.copysign(1, left)) * (abs(left) % abs(right))


_NUMERIC: Final[Mapping[str, Callable[..., int | float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": _remainder,
}
