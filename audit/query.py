"""Finds records, newest first, without a lock and while a writer is at work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from audit.record import Record
from audit.segments import first_line, lines, newest_lines, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from audit.segments import Segment, Snapshot

SLACK = timedelta(hours=1)
"""How far clocks may have jumped before whole segments are passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which records are wanted; what is not given does not matter."""

    user: str = ""
    """A person, or an account id."""
    command: str = ""
    """With or without the slash."""
    result: str = ""
    channel: str = ""
    corr: str = ""
    """The whole id, the beginning that people read out, or a run: then all that it did."""
    since: datetime | None = None
    until: datetime | None = None
    phases: frozenset[str] = frozenset()
    """Empty: all."""

    def may_fit(self, line: bytes) -> bool:
        """Say cheaply whether a line is worth parsing."""
        exact = (("result", self.result), ("channel", self.channel))
        return all(
            b'"%b":%b' % (name.encode(), _spelled(value)) in line for name, value in exact if value
        ) and (not self.user or _spelled(self.user) in line)

    def fits(self, record: Record) -> bool:
        """Say whether a record is wanted."""
        return (
            self._is_about(record)
            and (not self.since or record.at >= self.since)
            and (not self.until or record.at <= self.until)
        )

    def _is_about(self, record: Record) -> bool:
        wanted = (
            (self.user, (record.user, record.user_id)),
            (self.command and self.command.lstrip("/"), (record.command.lstrip("/"),)),
            (self.result, (record.result,)),
            (self.channel, (record.channel,)),
        )
        return (
            all(not value or value in among for value, among in wanted)
            and (record.corr.startswith(self.corr) or self._is_of_run(record))
            and (not self.phases or record.phase in self.phases)
        )

    def _is_of_run(self, record: Record) -> bool:
        """Say whether a record is of a step of the run, or of something that was done to it."""
        of_step = record.delivery.startswith((f"run:{self.corr}:", f"run:{self.corr}."))
        return of_step or record.args.get("workflow") == self.corr


def query(path: Path, wanted: Filter, limit: int | None = 100) -> Iterator[Record]:
    """Yield the newest records that fit; lines that are no records are passed over."""
    return islice(_newest(path, wanted), limit)


def oldest_first(path: Path, wanted: Filter) -> Iterator[Record]:
    """Yield every record that fits, in the order they were written."""
    with snapshot(path) as shot:
        for _, file in shot.oldest_first():
            yield from _fitting(lines(file), wanted)


def _newest(path: Path, wanted: Filter) -> Iterator[Record]:
    with snapshot(path) as shot:
        if shot.active:
            yield from _fitting(newest_lines(shot.active), wanted)
        for segment in _worth_reading(shot, wanted):
            with segment.path.open("rb") as file:
                yield from _fitting(newest_lines(file), wanted)


def _fitting(found: Iterator[bytes], wanted: Filter) -> Iterator[Record]:
    for line in found:
        if wanted.may_fit(line) and (record := Record.read(line)) and wanted.fits(record):
            yield record


def _worth_reading(shot: Snapshot, wanted: Filter) -> Iterator[Segment]:
    """Yield closed segments, newest first, whose first and next dates can hold what is wanted."""
    ends = _first_time(shot.active) if shot.active else None
    for segment in reversed(shot.closed):
        begins = _time_of(first_line(segment.path))
        too_old = wanted.since and ends and ends + SLACK < wanted.since
        too_new = wanted.until and begins and begins - SLACK > wanted.until
        if not too_old and not too_new:
            yield segment
        ends = begins


def _first_time(file: BinaryIO) -> datetime | None:
    file.seek(0)
    return _time_of(next(lines(file), b""))


def _time_of(line: bytes) -> datetime | None:
    record = Record.read(line)
    return record.at if record else None


def _spelled(value: str) -> bytes:
    """Return how a text stands in the file."""
    return orjson.dumps(value.encode("utf-8", "replace").decode())
