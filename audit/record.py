"""One line of the audit log: the seven keys every reader knows, and what a judge needs besides."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

Phase = Literal["intent", "outcome", "anchor", "rotate", "recover", "config"]

CODES: Mapping[tuple[str, str], str] = {
    ("intent", "pending"): "TGK1000I",
    ("outcome", "success"): "TGK1001I",
    ("outcome", "failure"): "TGK1002E",
    ("outcome", "denied"): "TGK1003W",
    ("outcome", "invalid"): "TGK1004W",
    ("outcome", "pending"): "TGK1005I",
    ("outcome", "unavailable"): "TGK1006E",
    ("outcome", "unknown"): "TGK1007W",
    ("config", "success"): "TGK2000I",
    ("rotate", "success"): "TGK2001I",
    ("recover", "success"): "TGK2002W",
    ("anchor", "success"): "TGK2003I",
    ("recover", "failure"): "TGK2004E",
    ("config", "failure"): "TGK2005E",
}
"""Stable names of what happened; the last letter is the severity."""
OWN_USER = "tgk"
"""Who the log's own records are about."""
LARGEST_INTEGER = 2**63
DEEPEST = 32

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _BASE32)


@dataclass(frozen=True, slots=True)
class Draft:
    """A record without its place in the chain; ``body`` is its JSON between the braces."""

    phase: Phase
    corr: str
    body: bytes
    fields: Mapping[str, Any]
    privileged: bool = False
    """Whether an administrator asked, who may still act when room runs short."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read; ``line`` is exactly what the file holds, without its end."""

    seq: int
    id: str
    timestamp: str
    phase: str
    corr: str
    code: str
    user: str
    user_id: str
    platform: str
    command: str
    args: Mapping[str, Any]
    channel: str
    result: str
    hash: str
    duration_ms: float | None = None
    detail: str = ""
    allowed: bool | None = None
    rule: str = ""
    delivery: str = ""
    """What brought it, such as ``run:<run>:<path>:<attempt>``."""
    links: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    line: bytes = b""

    @property
    def at(self) -> datetime:
        """When it was written down."""
        return datetime.fromisoformat(self.timestamp)

    @classmethod
    def read(cls, line: bytes) -> Self | None:
        """Return the record of a line, or None when the line is not one."""
        try:
            raw = orjson.loads(line)
            rbac = raw.get("rbac", {})
            return cls(
                **{name: raw[name] for name in _REQUIRED},
                **{name: raw[name] for name in _OPTIONAL if name in raw},
                allowed=rbac.get("allow"),
                rule=rbac.get("rule", ""),
                line=line,
            )
        except (ValueError, KeyError, AttributeError, TypeError):
            return None


_REQUIRED = (
    "seq", "id", "timestamp", "phase", "corr", "code", "user", "user_id", "platform", "command",
    "args", "channel", "result", "hash",
)  # fmt: skip
_OPTIONAL = ("duration_ms", "delivery", "detail", "links", "data", "simulated")


class Ids:
    """Gives out ULIDs: sortable by time, unguessable within a millisecond."""

    def __init__(self, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._entropy = entropy
        self._pool: list[str] = []
        self._moment = (-1, "")

    def next(self, when: datetime) -> str:
        """Return a fresh id for a record of that time."""
        if not self._pool:
            spelled = base64.b32encode(self._entropy(2560)).decode().translate(_CROCKFORD)
            self._pool = [spelled[start : start + 16] for start in range(0, len(spelled), 16)]
        millisecond = int(when.timestamp() * 1000)
        if self._moment[0] != millisecond:
            digits = (_BASE32[millisecond >> shift & 31] for shift in range(45, -1, -5))
            self._moment = (millisecond, "".join(digits))
        return self._moment[1] + self._pool.pop()


def stamp(when: datetime) -> str:
    """Return a time as the log writes it: UTC, microseconds, ``Z``."""
    aware = when if when.tzinfo is UTC else when.astimezone(UTC)
    return aware.isoformat(timespec="microseconds")[:-6] + "Z"


def draft(phase: Phase, corr: str, fields: Mapping[str, Any], *, privileged: bool = False) -> Draft:
    """Return a draft; whatever JSON cannot hold is written as text instead, so it never fails."""
    try:
        body = orjson.dumps(fields)
    except TypeError:
        body = orjson.dumps(plain(fields))
    return Draft(phase, corr, body[1:-1], fields, privileged)


def own_fields(
    ids: Ids, when: datetime, phase: Phase, data: Mapping[str, Any], *, result: str = "success"
) -> dict[str, Any]:
    """Return the fields of a record that the log writes about itself."""
    return {
        "id": ids.next(when),
        "timestamp": stamp(when),
        "phase": phase,
        "corr": "-",
        "code": CODES[phase, result],
        "user": OWN_USER,
        "user_id": "-",
        "platform": "-",
        "command": f"audit:{phase}",
        "args": {},
        "channel": "-",
        "result": result,
        "data": data,
    }


def plain(value: Any, depth: int = DEEPEST) -> Any:
    """Return the nearest thing that JSON and UTF-8 can hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if value is None or isinstance(value, (bool, int, float)):
        return value if _fits(value) else str(value)
    if depth and isinstance(value, Mapping):
        return {plain(str(key)): plain(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth - 1) for item in value]
    return plain(str(value))


def _fits(value: float | None) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or -LARGEST_INTEGER <= value < LARGEST_INTEGER
