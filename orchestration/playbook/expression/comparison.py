"""What the signs that compare do: equal, in order, contained."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from orchestration.playbook.expression.errors import Fault
from orchestration.playbook.expression.values import (
    MAX_DEPTH,
    NUMBERS,
    UNKNOWN,
    kind_of,
    weight,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestration.playbook.expression.values import Meter, Unknown, Value

Test: TypeAlias = "Callable[[Value, Value, Meter], bool | Unknown]"
_SIMPLE: Final = frozenset({str, int, bool})
_CONVERSION: Final[Mapping[frozenset[str], str]] = {
    frozenset({"text", "a whole number"}): "convert one of them: int(…) or string(…)",
    frozenset({"text", "a number"}): "convert one of them: float(…) or string(…)",
    frozenset({"text", "a boolean"}): "write true and false without quotes",
    frozenset({"a whole number", "a boolean"}): "write true or false, not 1 or 0",
}


def equal(left: Value, right: Value, meter: Meter, depth: int = 0) -> bool | Unknown:
    """Tell whether both are the same; only ``null`` may be compared with every kind."""
    if type(left) is type(right) and type(left) in _SIMPLE:
        return left == right
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if left is None or right is None:
        return left is right
    _require_one_kind("compare", left, right)
    if depth > MAX_DEPTH:
        raise Fault(f"the values are nested deeper than {MAX_DEPTH} levels")
    return _equal_parts(left, right, meter, depth)


def _equal_parts(left: Value, right: Value, meter: Meter, depth: int) -> bool | Unknown:
    """Compare two values of one kind."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _equal_maps(left, right, meter, depth)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            return False
        return _all_equal(zip(left, right, strict=True), len(left), meter, depth)
    return left == right


def differs(left: Value, right: Value, meter: Meter) -> bool | Unknown:
    """Tell whether both are not the same."""
    same = equal(left, right, meter)
    return same if same is UNKNOWN else not same


def contained(needle: Value, haystack: Value, meter: Meter) -> bool | Unknown:
    """Tell whether a list holds an element, a map a key, or a text another."""
    if needle is UNKNOWN or haystack is UNKNOWN:
        return UNKNOWN
    if isinstance(haystack, list | tuple):
        return _held(needle, haystack, meter)
    if not isinstance(haystack, str | Mapping):
        raise Fault(f"{kind_of(haystack)} holds nothing", "look into a list, a map or text")
    if not isinstance(needle, str):
        raise Fault(f"{kind_of(haystack)} holds text, not {kind_of(needle)}")
    return needle in haystack


def _equal_maps(
    left: Mapping[str, Value], right: Mapping[str, Value], meter: Meter, depth: int
) -> bool | Unknown:
    meter.spend(len(left))
    if len(left) != len(right) or any(key not in right for key in left):
        return False
    return _all_equal(((left[key], right[key]) for key in left), len(left), meter, depth)


def _all_equal(
    pairs: Iterable[tuple[Value, Value]], count: int, meter: Meter, depth: int
) -> bool | Unknown:
    meter.spend(count)
    result: bool | Unknown = True
    for left, right in pairs:
        meter.spend(weight(left))
        same = equal(left, right, meter, depth + 1)
        if same is False:
            return False
        result = UNKNOWN if same is UNKNOWN else result
    return result


def _held(needle: Value, elements: Sequence[Value], meter: Meter) -> bool | Unknown:
    """A list may mix kinds, but one that holds nothing of the needle's kind is a mistake."""
    meter.spend(len(elements))
    meter.spend(sum(map(weight, elements)))
    alike = [element for element in elements if _comparable(needle, element)]
    if elements and not alike:
        raise Fault(
            f"the list holds {kind_of(elements[0])}, so never {kind_of(needle)}",
            _advice(needle, elements[0]),
        )
    answers = [equal(needle, element, meter) for element in alike]
    if True in answers:
        return True
    return UNKNOWN if UNKNOWN in answers else False


def _comparable(left: Value, right: Value) -> bool:
    kinds = {kind_of(left), kind_of(right)}
    return len(kinds) == 1 or kinds <= NUMBERS or bool(kinds & {"null", "an unknown value"})


def _require_one_kind(verb: str, left: Value, right: Value) -> None:
    if not _comparable(left, right):
        raise Fault(f"cannot {verb} {kind_of(left)} with {kind_of(right)}", _advice(left, right))


def _advice(left: Value, right: Value) -> str:
    return _CONVERSION.get(frozenset({kind_of(left), kind_of(right)}), "")


def _ordering(holds: Callable[[Any, Any], bool]) -> Test:
    def compare(left: Value, right: Value, _: Meter) -> bool | Unknown:
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        kinds = {kind_of(left), kind_of(right)}
        if kinds == {"text"} or kinds <= NUMBERS:
            return holds(left, right)
        _require_one_kind("compare", left, right)
        raise Fault(
            f"{kind_of(None if left is None else right)} has no order",
            "only numbers and text have an order",
        )

    return compare


COMPARISONS: Final[Mapping[str, Test]] = {
    "==": equal,
    "!=": differs,
    "<": _ordering(operator.lt),
    "<=": _ordering(operator.le),
    ">": _ordering(operator.gt),
    ">=": _ordering(operator.ge),
    "in": contained,
}
