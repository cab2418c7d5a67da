"""What a value should have been, in an operator's words: for files and for arguments alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

_WHOLE_NUMBER, _NUMBER = "a whole number", "a number"
_LIST = "a list, as in [one, two]"
_MAPPING = "a mapping, one `key: value` a line"
_TIME = "a time with its zone, as in 2026-11-21T18:00:00Z"
_KINDS = {
    "model": _MAPPING,
    "dict": _MAPPING,
    "mapping": _MAPPING,
    "tuple": _LIST,
    "list": _LIST,
    "int": _WHOLE_NUMBER,
    "float": _NUMBER,
    "finite": _NUMBER,
    "bool": "true or false",
    "time": "a number of seconds, as in 1800",
    "timezone": _TIME,
    "datetime": _TIME,
}
"""By the first word of what pydantic calls a fault: int_type, int_parsing, int_from_float …"""
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
_TEXT = frozenset({"string_type", "string_sub_type", "string_unicode"})


def wanted(detail: ErrorDetails, shapes: Mapping[str, str]) -> str:
    """Return what to write instead, as in "at least 3 characters"; empty where only a check knows.

    ``shapes`` says patterns in words.
    """
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _TEXT:
        return "text"
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"{words} {context[bound]:g}"
    if kind == "string_pattern_mismatch":
        return shapes.get(context["pattern"], f"text that fits {context['pattern']}")
    if kind == "literal_error":
        return f"one of {', '.join(choices(detail))}"
    return _length(detail) or _KINDS.get(kind.partition("_")[0], "")


def choices(detail: ErrorDetails) -> tuple[str, ...]:
    """Return the values that a ``literal_error`` would have taken."""
    listed = detail.get("ctx", {})["expected"].replace(" or ", ", ")
    return tuple(part.strip("'") for part in listed.split(", "))


def own_words(detail: ErrorDetails) -> str:
    """Return what a check of ours said."""
    return detail["msg"].removeprefix("Value error, ")


def _length(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    units = ("character", "characters") if detail["type"].startswith("string_") else (
        "entry", "entries",
    )  # fmt: skip
    for kind, words, bound in (
        ("too_short", "at least", "min_length"), ("too_long", "at most", "max_length"),
    ):  # fmt: skip
        if detail["type"].removeprefix("string_") == kind:
            return f"{words} {context[bound]} {units[context[bound] != 1]}"
    return ""
