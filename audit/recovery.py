"""What a start finds in the files that an earlier process left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.chain import Keyring, Link
from audit.ledger import Damage, OpenState
from audit.record import Record
from audit.segments import lines, newest_lines, torn_bytes
from audit.walk import Walk

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Found:
    """One segment as it was left."""

    link: Link
    """Where the chain goes on."""
    state: OpenState
    damage: Damage | None
    torn: int
    """Bytes of an incomplete last line."""
    size: int
    first: int
    """Number of the first record, 0 for an empty segment."""
    began: str
    """Date of the first record."""
    records: int


def last_link(path: Path, keyring: Keyring) -> Link | None:
    """Return where a closed segment ends, None when its last line cannot be believed."""
    with path.open("rb") as file:
        line = next(newest_lines(file), b"")
    walk = Walk(keyring)
    return None if walk.resume(line) else walk.link


def scan(path: Path, keyring: Keyring, before: Link | None) -> Found:
    """Check a segment that should continue ``before``; a log's very first when that is None."""
    walk, state = Walk(keyring, before), OpenState()
    damage: Damage | None = None
    first: Record | None = None
    last: Record | None = None
    number = 0
    with path.open("rb") as file:
        for number, line in enumerate(lines(file), start=1):
            first = first or Record.read(line)
            fault = None if damage else _check(walk, line, number)
            if fault:
                damage = Damage(path.name, number, *fault)
            if not damage:
                state.note_line(line)
            elif record := Record.read(line):
                last = record
                state.note(record.phase, record.corr, _as_fields(record))
        torn = torn_bytes(file)
    size = path.stat().st_size
    link = Link(last.seq, last.hash, walk.link.kid) if last else walk.link
    began = first.timestamp[:10] if first else ""
    return Found(link, state, damage, torn, size, first.seq if first else 0, began, number)


def _check(walk: Walk, line: bytes, number: int) -> tuple[str, str] | None:
    """Check a line; the first one may instead begin anew after damage, as its record says."""
    fault = walk.step(line)
    if fault and number == 1 and b'"phase":"recover"' in line:
        return walk.resume(line)
    return fault


def _as_fields(record: Record) -> dict[str, object]:
    names = ("corr", "timestamp", "user", "user_id", "platform", "command", "args", "channel")
    return {**{name: getattr(record, name) for name in names}, "data": record.data}
