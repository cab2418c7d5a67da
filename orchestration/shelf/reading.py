"""Files of playbooks in folders: found by name, and read once for each change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orchestration.playbook.load import Loaded, load
from tgk.errors import Missing
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tgk.ports.playbooks import Origin

MOST_FILES: Final = 500
_ENDINGS: Final = (".yml", ".yaml")
_LONGEST: Final = 256 * 1024
_ROOM: Final = "playbooks"
"""One byte more is read, so that the loader can say that it is too long."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A place of playbooks; earlier folders win over later ones."""

    path: Path
    origin: Origin
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """One file as it was read."""

    name: str
    path: Path
    origin: Origin
    text: bytes
    loaded: Loaded
    stamp: tuple[int, int]


@dataclass(slots=True)
class Reader:
    """Playbooks of several folders by name; the first folder that has a name wins."""

    folders: tuple[Folder, ...]
    _read: dict[Path, Kept] = field(default_factory=dict)

    def all(self) -> dict[str, Kept]:
        """Return every playbook by name, read anew where its file has changed."""
        found: dict[str, Kept] = {}
        seen: set[Path] = set()
        for folder in self.folders:
            for path in listed(folder.path):
                kept = self._kept(path, folder.origin)
                if kept is not None:
                    seen.add(path)
                    found.setdefault(kept.name, kept)
        self._read = {path: kept for path, kept in self._read.items() if path in seen}
        return dict(sorted(found.items()))

    def one(self, name: str) -> Kept:
        """Return one; raises Missing with names that look alike."""
        found = self.all()
        if name not in found:
            raise Missing("playbook", name, nearest(name, found), known=list(found))
        return found[name]

    def _kept(self, path: Path, origin: Origin) -> Kept | None:
        """Return a file as it stands; None when it went away meanwhile."""
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            known = self._read.get(path)
            if known is not None and known.stamp == stamp:
                return known
            with path.open("rb") as file:
                text = file.read(_LONGEST + 1)
        except OSError:
            return None
        loaded = load(text, _shown(path), draft=origin == "draft")
        name = loaded.playbook.name if loaded.playbook else path.stem
        self._read[path] = Kept(name, path, origin, text, loaded, stamp)
        return self._read[path]


def _shown(path: Path) -> str:
    """Return a path as reports name it: ``playbooks/library/canary.yml``, as in a checkout."""
    above = path.parts[:-1]
    within = next((n for n, part in enumerate(reversed(above), 1) if part == _ROOM), 1)
    return "/".join(path.parts[-1 - within :])


def listed(folder: Path) -> Iterator[Path]:
    """Yield the playbooks of a folder, not of those inside it, in order and within bounds."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    files = [path for path in entries if path.suffix in _ENDINGS and path.is_file()]
    yield from files[:MOST_FILES]
