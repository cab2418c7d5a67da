"""Patterns of values: read once, and matched in a time that grows with the text alone.

Whoever writes one, it never takes long: nothing is tried twice. So there is no looking around, and
no going back to what a group held.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

_MOST_KEPT = 256


def fault(pattern: str) -> str:
    """Return what is wrong with a pattern; empty if it can be read."""
    try:
        _compiled(pattern, whole=False)
        _compiled(pattern, whole=True)
    except SchemaError as error:
        told = str(error).splitlines()[-1].strip()
        return "it is too large" if "size limit" in told else told.removeprefix("error: ")
    return ""


def fits(pattern: str, text: str) -> bool:
    """Return whether the whole text fits; nothing fits a pattern that cannot be read."""
    try:
        _compiled(pattern, whole=True).validate_python(text)
    except (ValidationError, SchemaError):
        return False
    return True


@lru_cache(maxsize=_MOST_KEPT)
def _compiled(pattern: str, *, whole: bool) -> SchemaValidator:
    """Read a pattern, by itself or as one for a whole text; raises SchemaError."""
    written = f"^(?:{pattern})$" if whole else pattern
    return SchemaValidator(core_schema.str_schema(pattern=written, regex_engine="rust-regex"))
