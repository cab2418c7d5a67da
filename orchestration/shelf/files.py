"""The files on the shelf: found, read once for each change, and written whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal
from uuid import uuid4

from orchestration.playbook.load import load
from orchestration.shelf.reading import Folder, Kept, Reader, listed
from tgk.errors import ArgumentFault, Conflict, InvalidRequest, Refused, Unavailable

if TYPE_CHECKING:
    from pathlib import Path


MOST_DRAFTS: Final = 100
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(slots=True)
class Files:
    """Playbooks of several folders by name; drafts never hide what may run."""

    folders: tuple[Folder, ...]
    drafts: Path
    published: Path
    _reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        drafts = Folder(self.drafts, "draft", writable=True)
        self._reader = Reader((*self.folders, drafts))

    def all(self) -> dict[str, Kept]:
        """Return every playbook by name, read anew where its file has changed."""
        return self._reader.all()

    def one(self, name: str) -> Kept:
        """Return one; raises Missing with names that look alike."""
        return self._reader.one(name)

    def save(self, name: str, text: str, *, who: str, replace: bool) -> Kept:
        """Keep a draft, and what it replaces beside it.

        Raises InvalidRequest for a name, Conflict where another one has it: a playbook, or without
        ``replace`` a draft with another text.
        """
        if not _NAME.fullmatch(name):
            form = "lower-case letters, digits, dots and hyphens, such as nightly-restart"
            raise _unfit(form, "Choose another name.")
        standing = self.all().get(name)
        if standing and standing.origin == "draft" and not replace:
            self._require_same(standing, text)
        if standing and standing.origin != "draft":
            raise Conflict(
                f"{name} is not kept.",
                why=f"A playbook of that name stands in {standing.path.name}.",
                remedy="Choose another name.",
            )
        if standing is None and len([*listed(self.drafts)]) >= MOST_DRAFTS:
            raise Conflict(
                f"{name} is not kept.",
                why=f"There are {MOST_DRAFTS} drafts.",
                remedy="Publish some of them, or delete their files.",
            )
        loaded = load(text.encode(), f"{name}.yml", draft=True)
        if loaded.playbook is not None and loaded.playbook.name != name:
            own = loaded.playbook.name
            raise _unfit(f"the text calls itself {own}", f"Name it {own}, or mend its name: line.")
        path = self.drafts / f"{name}.yml"
        if standing and standing.text != text.encode():
            _write(_beside(path, "bak"), standing.text.decode(errors="replace"))
        _write(_beside(path, "by"), who)
        _write(path, text)
        return self.one(name)

    def _require_same(self, standing: Kept, text: str) -> None:
        """Refuse another text; the same one again is what a restart asks for."""
        if standing.text == text.encode():
            return
        by = _beside(standing.path, "by")
        who = by.read_text(encoding="utf-8") if by.is_file() else "somebody"
        at = datetime.fromtimestamp(standing.stamp[0] / 1e9, UTC)
        raise Conflict(
            f"{standing.name} is not kept.",
            why=f"A draft of that name stands, by {who} at {at:%Y-%m-%d %H:%M} UTC.",
            remedy=f"Go on with it: /orchestrate build {standing.name}. Or say --replace.",
        )

    def publish(self, name: str, text: str) -> Kept:
        """Move a draft with this text among those that may run.

        Raises Conflict where it says something else by now, or its file is another playbook's.
        """
        draft = self.one(name)
        place = self.published / draft.path.name
        if draft.origin != "draft" or draft.text != text.encode():
            why = "Somebody has changed it since you read it."
            raise Conflict(f"{name} is not published.", why=why, remedy="Read it again.")
        if place.exists() and place.read_bytes() != draft.text:  # the same is what a kill left
            why = f"{place.name} is there already, under another name."
            raise Conflict(f"{name} is not published.", why=why, remedy="Choose another name.")
        _write(place, text)
        for path in (draft.path, _beside(draft.path, "bak"), _beside(draft.path, "by")):
            path.unlink(missing_ok=True)
        return self.one(name)

    def mend(self, name: str, text: str) -> Kept:
        """Replace a text; the file keeps its mode and owner, and a link to it stays a link.

        Raises Refused for one that is not ours to write, Unavailable where it cannot be kept so.
        """
        standing = self.one(name)
        if standing.origin == "library":
            raise Refused(
                f"{name} is not changed.",
                why="It came with the program.",
                remedy="Copy it under your own playbooks, where it then comes first.",
            )
        _write(standing.path.resolve(), text, anew=True)
        return self.one(name)


def _beside(draft: Path, what: Literal["bak", "by"]) -> Path:
    """Return where the text before a draft is, or who wrote it last."""
    return draft.with_name(f"{draft.name}.{what}")


def _unfit(message: str, remedy: str) -> InvalidRequest:
    """Return the refusal of a name, in words that fit whatever command it was given to."""
    error = InvalidRequest("orchestrate import", [ArgumentFault("name", message)], remedy=remedy)
    error.what = "The draft is not kept."
    return error


def _write(path: Path, text: str, *, anew: bool = False) -> None:
    """Write a file whole or not at all, ``anew`` as whose it was; raises Unavailable."""
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("x", encoding="utf-8") as file:
            if anew:
                _like(path.stat(), file.fileno())
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        why = f"{path.parent} cannot be written: {error.strerror or error}."
        raise Unavailable("the shelf", why, remedy="Make it writable, or copy the file.") from error


def _like(old: os.stat_result, new: int) -> None:
    """Give a new file the owner and the mode of the old one."""
    now = os.fstat(new)
    if (now.st_uid, now.st_gid) != (old.st_uid, old.st_gid):
        os.fchown(new, old.st_uid, old.st_gid)
    os.fchmod(new, stat.S_IMODE(old.st_mode))
