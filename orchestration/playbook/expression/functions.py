"""The functions that expressions may call: a fixed table, each bounded and free of effects."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestration.playbook.expression.arithmetic import bounded_number
from orchestration.playbook.expression.comparison import COMPARISONS, contained
from orchestration.playbook.expression.errors import Fault
from orchestration.playbook.expression.values import (
    KINDS,
    MAX_DEPTH,
    MAX_LIST,
    UNKNOWN,
    bounded_text,
    check_length,
    kind_of,
    weight,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestration.playbook.expression.values import Meter, Unknown, Value

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,3})?")
_BROKEN: Final = frozenset({"failed", "timed_out"})


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its name, how many arguments it takes, and what it computes."""

    name: str
    least: int
    most: int
    compute: Callable[[list[Value], Meter], Value]

    @property
    def signature(self) -> str:
        """How many arguments it takes, in words."""
        few = f"{self.least} argument{'' if self.least == 1 else 's'}"
        return few if self.least == self.most else f"at least {few}"


def text_of(value: Value, meter: Meter) -> str | Unknown:
    """Return a value as text: lists and maps as JSON, ``null`` not at all."""
    if isinstance(value, str):
        return bounded_text(value)
    if value is None:
        raise Fault("null is no text", "use default(…, …) for a value that may be missing")
    plain = _plain(value, meter, 0)
    if isinstance(plain, float):
        return repr(plain)
    if plain is UNKNOWN:
        return UNKNOWN
    check_length(_characters(plain))  # before they are written out, once for each time they stand
    return bounded_text(json.dumps(plain, ensure_ascii=False))


def _characters(plain: Value) -> int:
    """Return how many characters a value has at least when it is written out."""
    if isinstance(plain, str):
        return len(plain)
    if isinstance(plain, Mapping):
        return sum(len(key) + _characters(value) for key, value in plain.items())
    return sum(map(_characters, plain)) if isinstance(plain, list) else 1


def _plain(value: Value, meter: Meter, depth: int) -> Value:
    """Return ``value`` as JSON knows it, or ``UNKNOWN`` if any of it is unknown."""
    meter.spend(weight(value))
    if kind_of(value) not in KINDS:
        raise Fault(f"{kind_of(value)} is no text")
    if depth > MAX_DEPTH:
        raise Fault(f"the value is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        values = [_plain(each, meter, depth + 1) for each in value.values()]
        return _whole(values, dict(zip(map(str, value), values, strict=True)))
    if isinstance(value, list | tuple):
        values = [_plain(each, meter, depth + 1) for each in value]
        return _whole(values, values)
    if isinstance(value, float) and not math.isfinite(value):
        raise Fault(f"{value} is no number")
    return value


def _whole(parts: Iterable[Value], value: Value) -> Value:
    return UNKNOWN if any(part is UNKNOWN for part in parts) else value


def _size(arguments: list[Value], _: Meter) -> Value:
    value = arguments[0]
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise Fault(f"{kind_of(value)} has no size", "ask for the size of text, a list or a map")


def _contains(arguments: list[Value], meter: Meter) -> Value:
    return contained(arguments[1], arguments[0], meter)


def _texts(arguments: list[Value]) -> list[str]:
    texts = [argument for argument in arguments if isinstance(argument, str)]
    if len(texts) < len(arguments):
        odd = next(argument for argument in arguments if not isinstance(argument, str))
        raise Fault(f"expected text, found {kind_of(odd)}", "convert it: string(…)")
    return [bounded_text(text) for text in texts]


def _starts(arguments: list[Value], _: Meter) -> Value:
    text, start = _texts(arguments)
    return text.startswith(start)


def _ends(arguments: list[Value], _: Meter) -> Value:
    text, end = _texts(arguments)
    return text.endswith(end)


def _lower(arguments: list[Value], _: Meter) -> Value:
    return bounded_text(_texts(arguments)[0].lower())


def _upper(arguments: list[Value], _: Meter) -> Value:
    return bounded_text(_texts(arguments)[0].upper())


def _int(arguments: list[Value], _: Meter) -> Value:
    value = arguments[0]
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return bounded_number(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return bounded_number(math.trunc(value))
    raise Fault(f"{_shown(value)} is not a whole number")


def _float(arguments: list[Value], _: Meter) -> Value:
    value = arguments[0]
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return bounded_number(float(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return bounded_number(float(value))
    raise Fault(f"{_shown(value)} is not a number")


def _shown(value: Value) -> str:
    return f'"{value[:40]}"' if isinstance(value, str) else kind_of(value)


def _string(arguments: list[Value], meter: Meter) -> Value:
    return text_of(arguments[0], meter)


def _statuses(arguments: list[Value]) -> list[Value]:
    found = [step.get("status") if isinstance(step, Mapping) else None for step in arguments]
    if None in found:
        odd = kind_of(arguments[found.index(None)])
        raise Fault(f"expected the result of a step, found {odd}", "name a step")
    return found


def _succeeded(arguments: list[Value], _: Meter) -> Value:
    statuses = _statuses(arguments)
    if any(status is not UNKNOWN and status != "succeeded" for status in statuses):
        return False
    return UNKNOWN if any(status is UNKNOWN for status in statuses) else True


def _failed(arguments: list[Value], _: Meter) -> Value:
    statuses = _statuses(arguments)
    if any(isinstance(status, str) and status in _BROKEN for status in statuses):
        return True
    return UNKNOWN if any(status is UNKNOWN for status in statuses) else False


def _extreme(sign: str) -> Callable[[list[Value], Meter], Value]:
    beats = COMPARISONS[sign]

    def choose(arguments: list[Value], meter: Meter) -> Value:
        values = arguments[0] if len(arguments) == 1 else arguments
        if not isinstance(values, list | tuple) or not values:
            raise Fault("expected several values, or a list that is not empty")
        meter.spend(len(values))
        meter.spend(sum(map(weight, values)))
        best = values[0]
        for value in values:
            better = beats(value, best, meter)
            if better is UNKNOWN:
                return UNKNOWN
            best = value if better else best
        return best

    return choose


def _product(arguments: list[Value], meter: Meter) -> Value:
    lists = [argument for argument in arguments if isinstance(argument, list | tuple)]
    if len(lists) < len(arguments):
        raise Fault("expected lists", "every combination of their elements is returned")
    if math.prod(len(each) for each in lists) > MAX_LIST:
        raise Fault(f"there are more than {MAX_LIST:,} combinations")
    combinations: list[Value] = [list(each) for each in itertools.product(*lists)]
    meter.spend(len(combinations) * len(lists))
    return combinations


_MANY: Final = 50
_TABLE: Final = (
    Function("size", 1, 1, _size),
    Function("contains", 2, 2, _contains),
    Function("startsWith", 2, 2, _starts),
    Function("endsWith", 2, 2, _ends),
    Function("lower", 1, 1, _lower),
    Function("upper", 1, 1, _upper),
    Function("int", 1, 1, _int),
    Function("float", 1, 1, _float),
    Function("string", 1, 1, _string),
    Function("succeeded", 1, _MANY, _succeeded),
    Function("failed", 1, _MANY, _failed),
    Function("min", 1, _MANY, _extreme("<")),
    Function("max", 1, _MANY, _extreme(">")),
    Function("product", 1, _MANY, _product),
)
FUNCTIONS: Final[Mapping[str, Function]] = {function.name: function for function in _TABLE}
