"""Follows a chain line by line and says what is wrong with the first line that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import orjson

from audit.chain import FORMAT, HASH_NAME, NO_KEY, SEAL, KeyMissing, Keyring, Link, genesis

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal[
    "not a record",  # no JSON, or without its fields
    "changed",  # the seal does not fit the content
    "missing",  # records before this one were taken away
    "repeated",  # it stood earlier already: copied, moved or inserted
    "replaced",  # it does not continue the record before it
    "wrong key",  # sealed with another key than was announced
    "truncated",  # an anchor names more records than there are
    "rewritten",  # an anchor names another record at this place
]
Fault = tuple[Kind, str]


class Walk:
    """Checks one record after the other; where a key is not at hand, order and links only."""

    def __init__(self, keyring: Keyring, link: Link | None = None) -> None:
        self.keyring = keyring
        self.link = link or Link()
        self.unchecked = 0
        """Records whose seal could not be checked for want of the key."""
        self.unkeyed = 0
        """Records that anybody could have sealed, because no key was used."""
        self.origin = ""
        self._started = link is not None

    def step(self, line: bytes) -> Fault | None:
        """Take the next line, without its end; None when it fits."""
        if not self._started and (fault := self._start(line)):
            return fault
        link = self.link
        cut = len(line) - SEAL
        tail = b',"kid":"%b","prev":"%b"' % (link.kid.encode(), link.head.encode())
        sealed = cut - len(HASH_NAME)
        if (
            not line.startswith(b'{"v":%d,"seq":%d,' % (FORMAT, link.seq + 1))
            or line[sealed - len(tail) : sealed] != tail
            or line[sealed:cut] != HASH_NAME
            or line[-2:] != b'"}'
        ):
            return self._diagnose(line)
        return self._check_seal(line, sealed, line[cut:-2].decode("ascii", "replace"))

    def resume(self, line: bytes) -> Fault | None:
        """Take the first line after damage: its claims are believed as far as its seal goes."""
        raw = _parsed(line)
        if raw is None:
            return "not a record", "is not a record"
        kid = raw["kid"]
        if kid == NO_KEY and self.link.kid != NO_KEY:
            return "wrong key", "was sealed without the key"
        self.link = Link(raw["seq"] - 1, raw["prev"], kid)
        self._started = True
        return self.step(line)

    def _start(self, line: bytes) -> Fault | None:
        raw = _parsed(line)
        if raw is None:
            return "not a record", "is not a record"
        data = raw.get("data") or {}
        if raw["seq"] != 1 or "salt" not in data:
            return "missing", f"is record {raw['seq']}: those before it are gone"
        self.origin = str(data.get("origin", ""))
        self.link = Link(0, genesis(self.origin, str(data["salt"])), raw["kid"])
        self._started = True
        return None

    def _check_seal(self, line: bytes, sealed: int, claimed: str) -> Fault | None:
        kid = self.link.kid
        try:
            if self.keyring.seal(kid, line[:sealed]) != claimed:
                return "changed", "was changed: its seal does not fit its content"
        except KeyMissing:
            self.unchecked += 1
        if kid == NO_KEY:
            self.unkeyed += 1
        self.link = Link(self.link.seq + 1, claimed, kid)
        if b'"next_key":' in line:
            self._announced(line)
        return None

    def _announced(self, line: bytes) -> None:
        raw = _parsed(line)
        if raw and raw.get("phase") == "config" and "next_key" in raw.get("data", {}):
            self.link = Link(self.link.seq, self.link.head, raw["data"]["next_key"])

    def _diagnose(self, line: bytes) -> Fault:
        raw = _parsed(line)
        if raw is None:
            return "not a record", "is not a record"
        seq, expected = raw["seq"], self.link.seq + 1
        cut = len(line) - SEAL - len(HASH_NAME)
        if self.keyring.holds(raw["kid"]) and (
            self.keyring.seal(raw["kid"], line[: max(cut, 0)]) != raw["hash"]
        ):
            return "changed", "was changed: its seal does not fit its content"
        if raw["kid"] != self.link.kid:
            return "wrong key", "was sealed with another key than was announced"
        if seq > expected:
            return "missing", f"is record {seq}, but record {expected} should stand here"
        if seq < expected:
            return "repeated", f"is record {seq} once more, or moved, or inserted"
        return "replaced", "does not continue the record before it"


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    """Return the object of a line when it has the fields of the chain."""
    try:
        raw = orjson.loads(line)
    except ValueError:
        return None
    shape = {"seq": int, "prev": str, "kid": str, "hash": str}
    if not isinstance(raw, dict) or any(
        not isinstance(raw.get(name), kind) for name, kind in shape.items()
    ):
        return None
    return raw
