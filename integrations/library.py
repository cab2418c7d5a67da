"""Search over the operator's own Markdown, held in memory and read again when it changes."""

from __future__ import annotations

import os
import re
import sqlite3
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

from integrations.sections import sections
from tgk.errors import ConfigurationInvalid
from tgk.ports.library import Passage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tgk.ports.time import Clock

_WORD = re.compile(r"[^\W_]+")
_INNER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MOST_WORDS = 32
_LONGEST_WORD = 64
_LONGEST_QUESTION = 4000
_LONGEST_ANSWER = 50
_COMMON = (
    "a an and are as at be by can current currently do does for from has have how i in is it its"
    " me my of on or our please s t tell that the there this to us was we what when where which"
    " who why will with you your"
)
_TABLE = (
    "CREATE VIRTUAL TABLE passages USING fts5("
    "title, path, body, parts, anchor UNINDEXED, tokenize='porter unicode61 remove_diacritics 2')"
)
_BEST = (
    "SELECT path || iif(anchor = '', '', '#' || anchor), title, body,"
    " -bm25(passages, 5.0, 2.0, 1.0, 3.0) AS score"
    " FROM passages WHERE passages MATCH ? ORDER BY score DESC, rowid LIMIT ?"
)

Stamp = dict[Path, tuple[int, int]]
"""Each file's time of change and size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is read at most; what lies beyond is listed as skipped."""

    files: int = 500
    file_bytes: int = 256 * 1024
    total_bytes: int = 4 * 1024 * 1024


@dataclass(slots=True)
class _Shelf:
    """One reading of the folders."""

    index: sqlite3.Connection
    stamp: Stamp
    skipped: list[str] = field(default_factory=list)


class MarkdownLibrary:
    """Implements Library over folders of Markdown below ``root``.

    Looks for changed files at most every ``recheck`` seconds, when something is searched.
    """

    def __init__(
        self,
        *,
        root: Path,
        folders: Sequence[str],
        clock: Clock,
        recheck: float = 5.0,
        bounds: Bounds | None = None,
    ) -> None:
        self._folders = _named(root, folders)
        self._clock = clock
        self._recheck = recheck
        self._bounds = bounds or Bounds()
        self._checked = clock.monotonic()
        self._shelf = self._read(self._stamp())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything; nothing can be searched afterwards."""
        self._shelf.index.close()

    @property
    def skipped(self) -> tuple[str, ...]:
        """What was not read, and why; for a line at start."""
        return tuple(self._shelf.skipped)

    def search(self, question: str, limit: int = 3) -> tuple[Passage, ...]:
        """Return the best passages, one for each heading, best first."""
        self._refresh()
        words = _words(question)
        wanted = min(max(limit, 0), _LONGEST_ANSWER)
        if not words or not wanted:
            return ()
        match = " OR ".join(f'"{word}"' for word in words)
        rows = self._shelf.index.execute(_BEST, (match, wanted * 4))
        best: dict[str, Passage] = {}
        for path, title, text, score in rows:
            best.setdefault(path, Passage(path, title, text, score))
        return tuple(best.values())[:wanted]

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if now - self._checked < self._recheck:
            return
        self._checked = now
        stamp = self._stamp()
        if stamp != self._shelf.stamp:
            old, self._shelf = self._shelf, self._read(stamp)
            old.index.close()

    def _stamp(self) -> Stamp:
        found: Stamp = {}
        for folder in self._folders.values():
            for path in _markdown(folder):
                if len(found) > self._bounds.files:
                    return found
                status = _status(path, folder)
                if status:
                    found[path] = status
        return found

    def _read(self, stamp: Stamp) -> _Shelf:
        shelf = _Shelf(_empty(), stamp)
        shelf.skipped += [f"{f}: not a folder" for f in self._folders.values() if not f.is_dir()]
        left = self._bounds.total_bytes
        for place, (path, (_, size)) in enumerate(stamp.items()):
            name = self._name(path)
            if place >= self._bounds.files or size > min(left, self._bounds.file_bytes):
                shelf.skipped.append(f"{name}: too much to read")
                continue
            left -= size
            try:
                text = _text(path, self._bounds.file_bytes)
            except OSError as error:
                shelf.skipped.append(f"{name}: {error.strerror}")
                continue
            _add(shelf.index, name, text)
        return shelf

    def _name(self, path: Path) -> str:
        label, folder = next(
            (label, folder)
            for label, folder in self._folders.items()
            if path.is_relative_to(folder)
        )
        return f"{label}/{path.relative_to(folder).as_posix()}"


def _named(root: Path, folders: Iterable[str]) -> dict[str, Path]:
    """Return each folder under its last name, or whole where two share it."""
    found: dict[str, Path] = {}
    for folder in folders:
        path = Path(os.path.normpath(root / folder))
        found[folder.strip("/") if path.name in found else path.name] = path
    return found


def _markdown(folder: Path) -> Iterator[Path]:
    for place, inner, names in os.walk(folder, followlinks=False):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith((".md", ".markdown")) and not name.startswith("."):
                yield Path(place) / name


def _status(path: Path, folder: Path) -> tuple[int, int] | None:
    """Return when a file changed; None for what leads out of the folder or is gone."""
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve())
        status = path.stat()
    except (OSError, RuntimeError):
        return None
    return (status.st_mtime_ns, status.st_size) if inside and path.is_file() else None


def _text(path: Path, most: int) -> str:
    with path.open("rb") as file:
        return file.read(most).decode(errors="replace")


def _empty() -> sqlite3.Connection:
    # Searches may come from any thread; an index is never written after it was built.
    index = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    try:
        index.execute(_TABLE)
    except sqlite3.OperationalError as error:
        fault = "This Python's sqlite3 was built without FTS5, which /ask searches with."
        raise ConfigurationInvalid("Documents cannot be searched.", [fault]) from error
    return index


def _add(index: sqlite3.Connection, name: str, text: str) -> None:
    rows = [
        (section.title, name, section.text, _inner_words(section.title), section.anchor)
        for section in sections(text, Path(name).stem)
    ]
    index.execute("BEGIN")
    index.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", rows)
    index.execute("COMMIT")


def _inner_words(text: str) -> str:
    """Return the words inside joined ones: ``HighCPUUsage`` is also high CPU usage."""
    joined = (_INNER.sub(" ", word) for word in _WORD.findall(text))
    return " ".join(word for word in joined if " " in word)


def _words(question: str) -> list[str]:
    """Return what a question is about; its common words only when there is nothing else.

    Neighbours also count as one word, so that "roll back" finds "Rollback".
    """
    asked = question[:_LONGEST_QUESTION]
    found = _WORD.findall(f"{asked} {_inner_words(asked)}".lower())
    common = _COMMON.split()
    telling = [word for word in found if word not in common] or found
    pairs = [first + second for first, second in pairwise(telling)]
    words = dict.fromkeys([*telling[:_MOST_WORDS], *pairs[:_MOST_WORDS]])
    return [word for word in words if len(word) <= _LONGEST_WORD]
