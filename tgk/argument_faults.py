"""What pydantic found in the arguments of a command, in an operator's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import ArgumentFault
from tgk.lacking import LACKS
from tgk.suggest import nearest
from tgk.value_words import choices, own_words, wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from tgk.options import Option

_RANGED = ("int_", "float_", "finite_", "greater_than_equal", "less_than_equal")


def argument_faults(
    error: ValidationError, options: Sequence[Option], shapes: Mapping[str, str]
) -> tuple[ArgumentFault, ...]:
    """Return every fault with what to write instead; ``shapes`` says patterns in words."""
    known = {option.name: option for option in options}
    return tuple(
        _fault(detail, known, shapes)
        for detail in error.errors(include_url=False, include_context=True)
    )


def _fault(
    detail: ErrorDetails, known: Mapping[str, Option], shapes: Mapping[str, str]
) -> ArgumentFault:
    kind = detail["type"]
    name = ".".join(str(part) for part in detail["loc"]) or "arguments"
    if kind == "missing":
        return ArgumentFault(name, LACKS)
    if kind == "extra_forbidden" and len(detail["loc"]) == 1:
        near = nearest(name, known)
        hint = f"; did you mean {near[0]}?" if near else ""
        return ArgumentFault(name[:64], f"there is no such option{hint}", near)
    near = nearest(str(detail.get("input")), choices(detail)) if kind == "literal_error" else ()
    option = known.get(str(detail["loc"][0])) if len(detail["loc"]) == 1 else None
    return ArgumentFault(name, _words(detail, option, shapes), near)


def _words(detail: ErrorDetails, option: Option | None, shapes: Mapping[str, str]) -> str:
    kind = detail["type"]
    if option and kind.startswith(_RANGED):
        return number_range(option)
    if option and kind == "string_pattern_mismatch" and detail["ctx"]["pattern"] not in shapes:
        return f"not in the right form ({option.description})"
    return wanted(detail, shapes) or own_words(detail)


def number_range(option: Option) -> str:
    """Say which numbers an option takes, whichever of its bounds was passed."""
    number = "a whole number" if option.type == "integer" else "a number"
    low, high = option.minimum, option.maximum
    if low is not None and high is not None:
        return f"{number} from {low:g} to {high:g}"
    if low is not None:
        return f"{number}, at least {low:g}"
    return f"{number}, at most {high:g}" if high is not None else number
