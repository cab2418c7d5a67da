"""Proves a log: every line of every segment, and what was told to witnesses outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from audit.ledger import Damage
from audit.segments import lines, snapshot, torn_bytes
from audit.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

    from audit.anchors import Anchor
    from audit.chain import Keyring


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at every record showed."""

    records: int
    segments: int
    origin: str
    head: str
    damages: tuple[Damage, ...]
    """The first one of each segment, then what the anchors showed."""
    reported: frozenset[str]
    """Ids of damage that the log itself has written about."""
    acknowledged: frozenset[str]
    """Ids of damage that a later record says somebody has seen."""
    anchors: int
    """How many anchors were compared."""
    unkeyed: int
    """Records that anybody with the file could have written, for want of a key then."""
    unchecked: int
    """Records whose key is not at hand: their order was checked, their content was not."""
    torn: int
    """Bytes after the last whole line; a writer at work or a kill leaves them, it is no damage."""

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, taken away, added or moved."""
        return not self.damages

    @property
    def unsettled(self) -> frozenset[str]:
        """Ids of the damage, found now or reported before, that nobody has acknowledged."""
        return (self.reported | {damage.id for damage in self.damages}) - self.acknowledged


def verify(path: Path, keyring: Keyring, anchors: Iterable[Anchor] = ()) -> Verdict:
    """Check the whole log; safe while a writer is at work, and without a lock."""
    check = _Check(keyring, anchors)
    with snapshot(path) as shot:
        for name, file in shot.oldest_first():
            check.segment(name, file)
    return check.verdict(path.name)


class _Check:
    """One verification in the making."""

    def __init__(self, keyring: Keyring, anchors: Iterable[Anchor]) -> None:
        self._walk = Walk(keyring)
        self._anchors = {anchor.size: anchor for anchor in anchors}
        self._damages: list[Damage] = []
        self._witnessed: list[Damage] = []
        self._reported: set[str] = set()
        self._acknowledged: set[str] = set()
        self._compared = 0
        self._segments = 0
        self._torn = 0
        self._last = 0
        self._broken = False

    def segment(self, name: str, file: BinaryIO) -> None:
        """Check one file, up to its first damage."""
        self._segments += 1
        self._last = 0
        for number, line in enumerate(lines(file), start=1):
            self._last = number
            fault = self._walk.resume(line) if self._broken else self._walk.step(line)
            if fault:
                self._damages.append(Damage(name, number, *fault))
                if number > 1 or self._broken or self._walk.resume(line):
                    self._broken = True
                    return
            self._broken = False
            if b'"phase":"recover"' in line:
                self._note(line)
            if self._anchors and self._walk.link.seq in self._anchors:
                self._compare(name, number)
        self._torn = torn_bytes(file)

    def verdict(self, last: str) -> Verdict:
        """Return what was found."""
        walk, keyring = self._walk, self._walk.keyring
        if not self._damages and keyring.active and walk.link.kid not in keyring.keys:
            what = "ends a log that none of the configured keys has sealed"
            self._witnessed.append(Damage(last, self._last, "wrong key", what))
        for anchor in self._anchors.values():
            if anchor.size > walk.link.seq:
                what = f"is followed by nothing, but an anchor names {anchor.size} records"
                self._witnessed.append(Damage(last, self._last, "truncated", what))
                break
        return Verdict(
            records=walk.link.seq,
            segments=self._segments,
            origin=walk.origin,
            head=walk.link.head,
            damages=(*self._damages, *self._witnessed),
            reported=frozenset(self._reported),
            acknowledged=frozenset(self._acknowledged),
            anchors=self._compared,
            unkeyed=walk.unkeyed,
            unchecked=walk.unchecked,
            torn=self._torn,
        )

    def _note(self, line: bytes) -> None:
        data = orjson.loads(line).get("data", {})
        self._reported.update(data.get("damages", ()))
        self._acknowledged.update(data.get("acknowledged", ()))

    def _compare(self, name: str, number: int) -> None:
        anchor = self._anchors[self._walk.link.seq]
        self._compared += 1
        if (anchor.origin, anchor.head) != (self._walk.origin, self._walk.link.head):
            what = "is not the record that an anchor names"
            self._witnessed.append(Damage(name, number, "rewritten", what))
