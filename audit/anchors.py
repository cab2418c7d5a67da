"""Anchors: the size and head of the log, told to witnesses outside, against rewriting it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tgk.errors import ArgumentFault, InvalidRequest

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = 64


@dataclass(frozen=True, slots=True)
class Anchor:
    """The log as it was: whose, how many records, and the seal of the last."""

    origin: str
    size: int
    head: str

    def __str__(self) -> str:
        """Return three fields in a line, as they are posted and kept."""
        return f"{self.origin} {self.size} {self.head}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the anchor that was posted; raises InvalidRequest for anything else."""
        origin, _, rest = text.strip().partition(" ")
        size, _, head = rest.partition(" ")
        if not (origin and size.isascii() and size.isdecimal() and _is_seal(head)):
            fault = ArgumentFault("anchor", f"{text[:80]!r} is not an anchor")
            raise InvalidRequest("audit verify", [fault], usage="lines of: origin size head")
        return cls(origin, int(size), head)


def keep(path: Path, anchor: Anchor) -> None:
    """Append an anchor to a file, durably; best on another disk than the log."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        os.write(handle, f"{anchor}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def load(path: Path) -> tuple[Anchor, ...]:
    """Return the anchors of a file, in order; raises InvalidRequest at the first bad line."""
    text = path.read_text(encoding="utf-8")
    return tuple(Anchor.parse(line) for line in text.splitlines() if line.strip())


def _is_seal(text: str) -> bool:
    return len(text) == _HEAD and all(digit in "0123456789abcdef" for digit in text)
