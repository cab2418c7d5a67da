"""Values of parameters: what is typed or written becomes what the parameter's type says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from orchestration.playbook import patterns
from orchestration.playbook.durations import seconds
from orchestration.playbook.secret_places import DECLARED, PLACES_HELP, is_place

if TYPE_CHECKING:
    from orchestration.playbook.model import Parameter, Plain

_BOOLEANS = {"true": True, "false": False}
_LONGEST = 4096
_LONGEST_FOR_PATTERN = 256
TEXTS = frozenset({"string", "user", "component", "environment", "service"})
_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#@:+-]{0,127}")
_NAMED = frozenset({"user", "component", "environment", "service"})


def typed(parameter: Parameter, given: Any) -> Plain:
    """Return a value with the parameter's type; raises ValueError saying what to write instead."""
    if parameter.type == "secret":
        return _secret(given)
    value = _converted(parameter, given)
    if parameter.choices and value not in parameter.choices:
        listed = ", ".join(str(choice) for choice in parameter.choices)
        raise ValueError(f"write one of {listed}")
    if not isinstance(value, bool) and value is not None:
        _check_bounds(parameter, value if isinstance(value, int | float) else len(value))
    if isinstance(value, str) and parameter.pattern:
        too_long = len(value) > _LONGEST_FOR_PATTERN
        if too_long or not patterns.fits(parameter.pattern, value):
            raise ValueError(f"write text that fits {parameter.pattern}")
    return value


def _secret(given: Any) -> str:
    """Return the place of a secret, or what may be the name of a declared one."""
    if not isinstance(given, str) or not (is_place(given) or re.fullmatch(DECLARED, given)):
        raise ValueError(PLACES_HELP)
    return given


def _check_bounds(parameter: Parameter, value: float) -> None:
    low, high = parameter.minimum, parameter.maximum
    if low is not None and value < low:
        raise ValueError(f"write at least {low:g}")
    if high is not None and value > high:
        raise ValueError(f"write at most {high:g}")


def _converted(parameter: Parameter, given: Any) -> Plain:
    kind = parameter.type
    if kind in TEXTS:
        return _text(given, named=kind in _NAMED)
    if kind == "bool":
        return _boolean(given)
    if kind == "list":
        return _list(given)
    return _number(given, kind)


def _text(given: Any, *, named: bool) -> str:
    if not isinstance(given, str):
        raise ValueError("write text, in quotes if it looks like a number")  # noqa: TRY004 - a fault of a value
    if len(given) > _LONGEST:
        raise ValueError(f"write at most {_LONGEST} characters")
    if named and not _SHAPE.fullmatch(given):
        raise ValueError("write a name: letters, digits and . _ / # @ : + -")
    return given


def _boolean(given: Any) -> bool:
    found = _BOOLEANS.get(given.casefold()) if isinstance(given, str) else given
    if not isinstance(found, bool):
        raise ValueError("write true or false")  # noqa: TRY004 - a fault of a value
    return found


def _list(given: Any) -> tuple[Plain, ...]:
    if isinstance(given, str):
        return tuple(part.strip() for part in given.split(",") if part.strip())
    if not isinstance(given, list | tuple):
        raise ValueError("write a list, as in one,two")  # noqa: TRY004 - a fault of a value
    return tuple(given)


def _number(given: Any, kind: str) -> int | float:
    if kind == "duration":
        found = seconds(given) if isinstance(given, str | int | float) else None
        if found is None:
            raise ValueError("write seconds, as in 300, or a duration, as in 5m")
        return found
    words = "write a whole number" if kind == "int" else "write a number"
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError(words)  # noqa: TRY004 - a fault of a value
    if isinstance(given, str):
        wanted = r"[-+]?[0-9]{1,18}" if kind == "int" else r"[-+]?[0-9]{1,18}(\.[0-9]{1,18})?"
        if not re.fullmatch(wanted, given.strip()):
            long = re.fullmatch(r"[-+]?[0-9]{19,}", given.strip())
            raise ValueError(f"{words} of at most 18 digits" if long else words)
        return int(given) if "." not in given else float(given)
    if kind == "int" and not isinstance(given, int):
        raise ValueError(words)
    return given
