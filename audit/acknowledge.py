"""How somebody at a terminal tells a running process that damage was seen."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who has seen which damage."""

    by: str
    damages: tuple[str, ...]


def request_acknowledgement(path: Path, by: str, damages: Iterable[str]) -> None:
    """Leave a note beside the log; the writer takes it up before the next change."""
    note = _note(path)
    draft = note.with_suffix(".new")
    handle = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        os.write(handle, orjson.dumps({"by": by, "damages": sorted(damages)}))
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.rename(note)


def take_request(path: Path) -> Acknowledgement | None:
    """Return the note and remove it; None when there is none, or none that can be read."""
    note = _note(path)
    try:
        raw = orjson.loads(note.read_bytes())
        found = Acknowledgement(str(raw["by"]), tuple(map(str, raw["damages"])))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        found = None
    note.unlink()
    return found


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".acknowledged")
