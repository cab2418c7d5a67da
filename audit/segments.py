"""The files of a log: one that grows, and closed ones named by their first record."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Segment:
    """One closed file of a log; ``first`` is the number of its first record."""

    path: Path
    first: int

    @property
    def name(self) -> str:
        """What people call it."""
        return self.path.name


def closed_path(path: Path, first: int) -> Path:
    """Return the name that a segment gets when it is closed."""
    return path.with_name(f"{path.stem}.{first:012d}{path.suffix}")


def closed_segments(path: Path) -> list[Segment]:
    """Return the closed segments, oldest first."""
    shape = re.compile(re.escape(path.stem) + r"\.([0-9]{12})" + re.escape(path.suffix))
    found = [
        Segment(entry, int(match[1]))
        for entry in path.parent.iterdir()
        if (match := shape.fullmatch(entry.name))
    ]
    return sorted(found, key=lambda segment: segment.first)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every segment as it was at one moment, although a writer may close one meanwhile."""

    closed: tuple[Segment, ...]
    active: BinaryIO | None
    path: Path

    def oldest_first(self) -> Iterator[tuple[str, BinaryIO]]:
        """Yield the name and the opened file of each segment."""
        for segment in self.closed:
            with segment.path.open("rb") as file:
                yield segment.name, file
        if self.active:
            self.active.seek(0)
            yield self.path.name, self.active


@contextmanager
def snapshot(path: Path) -> Iterator[Snapshot]:
    """Open the log for reading, without a lock."""
    with ExitStack() as stack:
        try:
            active = stack.enter_context(path.open("rb"))
        except FileNotFoundError:
            active = None  # a log that has not begun, or one between two segments
        own = os.fstat(active.fileno()).st_ino if active else None
        closed = closed_segments(path) if path.parent.is_dir() else []
        others = tuple(entry for entry in closed if entry.path.stat().st_ino != own)
        yield Snapshot(others, active, path)


def lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield whole lines without their ends; a line that is still being written is left out."""
    rest = b""
    while block := file.read(BLOCK):
        head, found, tail = block.rpartition(b"\n")
        if not found:
            rest += block
            continue
        yield from (rest + head).split(b"\n")
        rest = tail


def first_line(path: Path) -> bytes:
    """Return the first whole line, empty when there is none."""
    with path.open("rb") as file:
        return next(lines(file), b"")


def newest_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield whole lines from the last to the first; a torn last line is left out."""
    position = file.seek(0, os.SEEK_END)
    rest: bytes | None = None
    while position > 0:
        size = min(BLOCK, position)
        position -= size
        file.seek(position)
        block = file.read(size) + (rest or b"")
        parts = block.split(b"\n")
        if rest is None:
            parts.pop()  # after the last end of line: nothing, or a torn line
        if not parts:
            continue
        rest = parts[0]
        yield from reversed(parts[1:])
    if rest is not None:
        yield rest


def torn_bytes(file: BinaryIO) -> int:
    """Return how many bytes follow the last end of line."""
    size = file.seek(0, os.SEEK_END)
    position = size
    while position > 0:
        step = min(BLOCK, position)
        position -= step
        file.seek(position)
        found = file.read(step).rfind(b"\n")
        if found >= 0:
            return size - (position + found + 1)
    return size


def sync_directory(directory: Path) -> None:
    """Make creations and renames in a directory survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
