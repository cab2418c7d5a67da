"""Playbooks in folders, read again when a file has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.load import load
from tgk.errors import ConfigurationInvalid, Missing
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from orchestration.playbook.load import Loaded
    from orchestration.playbook.model import Playbook

_ENDINGS = ("*.yaml", "*.yml")
_MOST_FILES = 1000
_MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: tuple[int, int]
    source: bytes
    loaded: Loaded


class FolderPlaybooks:
    """Implements Playbooks on folders; where two files have one name, the first folder's stands."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._read: dict[Path, _Read] = {}

    def get(self, name: str) -> Playbook:
        """Return a playbook; raises Missing, or ConfigurationInvalid with its errors."""
        path, entry = self._find(name)
        faults = [
            f"{path.name}:{each.span.line}:{each.span.column}: {each.message}"
            for each in entry.loaded.diagnostics
            if each.severity == "error"
        ]
        if entry.loaded.playbook is None or faults:
            raise ConfigurationInvalid(f"{name} cannot be run.", faults or ["nothing to read"])
        return entry.loaded.playbook

    def names(self) -> tuple[str, ...]:
        """Return every name, in order."""
        return tuple(sorted({_name(path, entry) for path, entry in self._all()}))

    def source(self, name: str) -> bytes:
        """Return the bytes of a playbook; raises Missing."""
        return self._find(name)[1].source

    def _find(self, name: str) -> tuple[Path, _Read]:
        found: dict[str, tuple[Path, _Read]] = {}
        for path, entry in self._all():
            found.setdefault(_name(path, entry), (path, entry))
        if name not in found:
            raise Missing("playbook", name, nearest(name, found), known=sorted(found))
        return found[name]

    def _all(self) -> Iterator[tuple[Path, _Read]]:
        paths = [
            path
            for folder in self._folders
            if folder.is_dir()
            for path in sorted(each for ending in _ENDINGS for each in folder.glob(ending))
        ]
        for path in paths[:_MOST_FILES]:
            yield path, self._entry(path)

    def _entry(self, path: Path) -> _Read:
        """Read a file unless it is as it was."""
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size)
        known = self._read.get(path)
        if known is None or known.stamp != stamp:
            source = path.read_bytes()[: _MOST_BYTES + 1]
            known = _Read(stamp, source, load(source, path.name))
            self._read[path] = known
        return known


def _name(path: Path, entry: _Read) -> str:
    return entry.loaded.playbook.name if entry.loaded.playbook else path.stem
