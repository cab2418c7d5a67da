"""Follows the log as it grows, from one file into the next."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING

from audit.query import Filter, query
from audit.record import Record
from audit.segments import lines, snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from audit.segments import Snapshot
    from tgk.ports.time import Clock

_SEQ = re.compile(rb'\{"v":[0-9]+,"seq":([0-9]{1,18}),')
INTERVAL = 0.25
"""Seconds between two looks at a file that did not grow."""


async def tail(
    path: Path,
    clock: Clock,
    *,
    last: int = 10,
    follow: bool = False,
    wanted: Filter | None = None,
) -> AsyncIterator[Record]:
    """Yield the last records that fit, oldest of them first; then new ones until it is closed."""
    chosen = wanted or Filter()
    begin = await asyncio.to_thread(_newest, path)
    shown = await asyncio.to_thread(lambda: list(query(path, chosen, last)))
    reader = _Reader(path, begin)
    for record in reversed(shown):
        if record.seq <= begin:
            yield record
    while follow:
        fresh = await asyncio.to_thread(reader.fresh)
        for record in fresh:
            if chosen.fits(record):
                yield record
        if not fresh:
            await clock.sleep(INTERVAL)


def _newest(path: Path) -> int:
    newest = next(query(path, Filter(), 1), None)
    return newest.seq if newest else 0


class _Reader:
    """Remembers what was read of the growing file, and reads on from there."""

    def __init__(self, path: Path, seq: int) -> None:
        self._path = path
        self._seq = seq
        self._file: int | None = None
        self._offset = 0

    def fresh(self) -> list[Record]:
        """Return the records after the last one returned, in order."""
        with snapshot(self._path) as shot:
            own = os.fstat(shot.active.fileno()).st_ino if shot.active else None
            found: list[Record] = []
            if own != self._file:
                found = [record for line in self._closed(shot) for record in self._after(line)]
                self._file, self._offset = own, 0
            if shot.active:
                found += [
                    record for line in self._grown(shot.active) for record in self._after(line)
                ]
        self._seq = max([self._seq, *(record.seq for record in found)])
        return found

    def _closed(self, shot: Snapshot) -> Iterator[bytes]:
        """Yield the lines of closed segments that can hold records not seen yet."""
        following = [*(segment.first for segment in shot.closed[1:]), self._seq + 2]
        for segment, after in zip(shot.closed, following, strict=False):
            if after > self._seq + 1:
                with segment.path.open("rb") as file:
                    yield from lines(file)

    def _grown(self, file: BinaryIO) -> list[bytes]:
        file.seek(self._offset)
        whole, found, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(found)
        return whole.split(b"\n")

    def _after(self, line: bytes) -> list[Record]:
        """Return the record of a line unless it was seen; parses only those that were not."""
        match = _SEQ.match(line)
        if not match or int(match[1]) <= self._seq:
            return []
        record = Record.read(line)
        return [record] if record else []
