"""Finds records, newest first, without a lock and while a writer is at work."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
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

_RUN = re.compile(r"WF-[0-9]{4}-[0-9]{3,}(?:\.[0-9]+)?")
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
    related: frozenset[str] = frozenset()
    """Ids of invocations that belong to the run that is wanted, such as the one that began it."""

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
            (self.command and self.command.lstrip("/"), _called(record.command)),
            (self.result, (record.result,)),
            (self.channel, (record.channel,)),
        )
        return (
            all(not value or value in among for value, among in wanted)
            and (record.corr.startswith(self.corr) or self._is_of_run(record))
            and (not self.phases or record.phase in self.phases)
        )

    def _is_of_run(self, record: Record) -> bool:
        """Say whether a record is of a step of the run, or of something that was done to it.

        A vote is of what was asked about, be that a run or any other invocation.
        """
        of_run = (f"run:{self.corr}:", f"run:{self.corr}.")
        question = record.links.get("question", "")
        return (
            record.delivery.startswith(of_run)
            or question.startswith((*of_run, self.corr))
            or self.is_told_of(record)
            or record.corr in self.related
            or question in self.related
        )

    def is_told_of(self, record: Record) -> bool:
        """Say whether a record names the run, as asked for or as what came of it."""
        came = record.links.get("workflow", "")
        return self.corr in (record.args.get("workflow"), came, came.partition(".")[0])


def _called(command: str) -> tuple[str, str]:
    """Return what people may call a command: its name, or its family for all of it."""
    name = command.lstrip("/")
    return name, name.partition(" ")[0]


def query(path: Path, wanted: Filter, limit: int | None = 100) -> Iterator[Record]:
    """Yield the newest records that fit; lines that are no records are passed over."""
    return islice(_newest(path, _with_related(path, wanted)), limit)


def oldest_first(path: Path, wanted: Filter) -> Iterator[Record]:
    """Yield every record that fits, in the order they were written."""
    wanted = _with_related(path, wanted)
    with snapshot(path) as shot:
        for _, file in shot.oldest_first():
            yield from _fitting(lines(file), wanted)


def _with_related(path: Path, wanted: Filter) -> Filter:
    """Return the filter of a run with the ids of what began, changed and made it up.

    What began it does not know the run's name before it ends, and votes know only what asked.
    """
    if not _RUN.fullmatch(wanted.corr):
        return wanted
    named, bare = wanted.corr.encode(), Filter(corr=wanted.corr)
    with snapshot(path) as shot:
        found = (Record.read(line) for _, file in shot.oldest_first() for line in lines(file)
                 if named in line)  # fmt: skip
        corrs = frozenset(each.corr for each in found if each and bare.fits(each))
    return replace(wanted, related=corrs)


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
