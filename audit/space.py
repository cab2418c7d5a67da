"""Room on the disk: what is left, and a reserve that lets the log say that it is full."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

MEBIBYTE = 1 << 20
Level = Literal["ok", "low", "admin", "full"]
"""``low`` asks for attention, ``admin`` lets only administrators change things, ``full`` nobody."""


@dataclass(frozen=True, slots=True)
class SpaceRules:
    """From which free bytes on something is done about it."""

    low: int = 256 * MEBIBYTE
    admin: int = 64 * MEBIBYTE
    reserve: int = 4 * MEBIBYTE


class Space:
    """Watches the disk of one directory and holds the reserve file."""

    def __init__(self, reserve: Path, rules: SpaceRules) -> None:
        self._path = reserve
        self._rules = rules

    def free(self) -> int:
        """Return the bytes that are left to this process."""
        status = os.statvfs(self._path.parent)
        return status.f_bavail * status.f_frsize

    def level(self, free: int) -> Level:
        """Say how serious it is, and take the reserve back when there is room for it again."""
        rules = self._rules
        if not self.held() and not (free > rules.admin + rules.reserve and self.hold()):
            return "full"
        if free < rules.admin:
            return "admin"
        return "low" if free < rules.low else "ok"

    def held(self) -> bool:
        """Say whether the reserve is there."""
        return not self._rules.reserve or self._path.exists()

    def hold(self) -> bool:
        """Set the reserve aside; False when there is no room for it."""
        if self.held():
            return True
        try:
            handle = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._rules.reserve)
            finally:
                os.close(handle)
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        return True

    def release(self) -> bool:
        """Give the reserve to the log; False when it was given before."""
        if not self._rules.reserve or not self._path.exists():
            return False
        self._path.unlink()
        return True
