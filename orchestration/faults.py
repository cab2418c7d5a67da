"""Errors of a remembered step: after a restart the same refusal is met again."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from tgk.errors import (
    ConfigurationInvalid,
    Conflict,
    Declined,
    InvalidRequest,
    Missing,
    RateLimited,
    Refused,
    Rejected,
    TgkError,
    Unavailable,
    Upstream,
)

_KINDS: dict[str, type[TgkError]] = {
    kind.__name__: kind
    for kind in (
        ConfigurationInvalid, Conflict, Declined, InvalidRequest, Missing, RateLimited, Refused,
        Rejected, TgkError, Unavailable, Upstream,
    )
}  # fmt: skip


class Fault(BaseModel):
    """An error as text: its nearest kind that consists of plain values, and those values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    what: str
    why: str
    remedy: str
    more: dict[str, Any] = {}


def fault(error: TgkError) -> Fault:
    """Return what is remembered of an error."""
    kind = next(base.__name__ for base in type(error).__mro__ if base.__name__ in _KINDS)
    more = {
        name: value
        for name, value in vars(error).items()
        if name not in ("what", "why", "remedy") and _is_plain(value)
    }
    return Fault(kind=kind, what=error.what, why=error.why, remedy=error.remedy, more=more)


def error(remembered: Fault) -> TgkError:
    """Return the error again."""
    kind = _KINDS[remembered.kind]
    again = kind.__new__(kind)
    TgkError.__init__(again, remembered.what, why=remembered.why, remedy=remembered.remedy)
    for name, value in remembered.more.items():
        setattr(again, name, tuple(value) if isinstance(value, list) else value)
    return again


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(each, str) for each in value)
    return value is None or isinstance(value, str | int | float)
