"""The files on the shelf: found, read once for each change, and written whole or not at all."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from orchestration.playbook.load import Loaded, load
from tgk.errors import ArgumentFault, Conflict, InvalidRequest, Missing, Refused, Unavailable
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tgk.ports.playbooks import Origin

MOST_FILES: Final = 500
MOST_DRAFTS: Final = 100
_ENDINGS: Final = (".yml", ".yaml")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LONGEST: Final = 256 * 1024
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
class Files:
    """Playbooks of several folders by name; drafts never hide what may run."""

    folders: tuple[Folder, ...]
    drafts: Path
    published: Path
    _read: dict[Path, Kept] = field(default_factory=dict)

    def all(self) -> dict[str, Kept]:
        """Return every playbook by name, read anew where its file has changed."""
        found: dict[str, Kept] = {}
        seen: set[Path] = set()
        for folder in (*self.folders, Folder(self.drafts, "draft", writable=True)):
            for path in _listed(folder.path):
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

    def save(self, name: str, text: str) -> Kept:
        """Keep a draft; raises InvalidRequest for a name, Conflict where another one has it."""
        if not _NAME.fullmatch(name):
            what = "lower-case letters, digits, dots and hyphens, such as nightly-restart"
            raise InvalidRequest("orchestrate create", [ArgumentFault("name", what)])
        standing = self.all().get(name)
        if standing and standing.origin != "draft":
            raise Conflict(
                f"{name} is not kept.",
                why=f"A playbook of that name stands in {standing.path.name}.",
                remedy="Choose another name.",
            )
        if standing is None and len([*_listed(self.drafts)]) >= MOST_DRAFTS:
            raise Conflict(
                f"{name} is not kept.",
                why=f"There are {MOST_DRAFTS} drafts.",
                remedy="Publish some of them, or delete their files.",
            )
        loaded = load(text.encode(), f"{name}.yml", draft=True)
        if loaded.playbook is not None and loaded.playbook.name != name:
            what = f"the text calls itself {loaded.playbook.name}"
            raise InvalidRequest("orchestrate create", [ArgumentFault("name", what)])
        _write(self.drafts / f"{name}.yml", text)
        return self.one(name)

    def publish(self, name: str) -> Kept:
        """Move a draft among those that may run."""
        draft = self.one(name)
        _write(self.published / draft.path.name, draft.text.decode())
        draft.path.unlink(missing_ok=True)
        return self.one(name)

    def mend(self, name: str, text: str) -> Kept:
        """Replace a text; raises Refused for one that is not ours to write."""
        standing = self.one(name)
        if standing.origin == "library":
            raise Refused(
                f"{name} is not changed.",
                why="It came with the program.",
                remedy="Copy it under your own playbooks, where it then comes first.",
            )
        _write(standing.path, text)
        return self.one(name)

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
        loaded = load(text, str(path), draft=origin == "draft")
        name = loaded.playbook.name if loaded.playbook else path.stem
        self._read[path] = Kept(name, path, origin, text, loaded, stamp)
        return self._read[path]


def _listed(folder: Path) -> Iterator[Path]:
    """Yield the playbooks of a folder, not of those inside it, in order and within bounds."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    files = [path for path in entries if path.suffix in _ENDINGS and path.is_file()]
    yield from files[:MOST_FILES]


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises Unavailable."""
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        why = f"{path.parent} cannot be written: {error.strerror or error}."
        raise Unavailable("the shelf", why, remedy="Make it writable, or copy the file.") from error
