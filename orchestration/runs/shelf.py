"""Playbooks that may run: those of the folders, read again when a file has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.runs.authority import faulty
from orchestration.shelf.reading import Folder, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orchestration.playbook.model import Playbook


class FolderPlaybooks:
    """Implements Playbooks on folders; where two files have one name, the first folder's stands."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._reader = Reader(tuple(Folder(path, "own") for path in folders))

    def get(self, name: str) -> Playbook:
        """Return a playbook; raises Missing, or ConfigurationInvalid with its errors."""
        kept = self._reader.one(name)
        faults = [
            f"{kept.path.name}:{each.span.line}:{each.span.column}: {each.message}"
            for each in kept.loaded.diagnostics
            if each.severity == "error"
        ]
        if kept.loaded.playbook is None or faults:
            raise faulty(name, faults or ["nothing to read"])
        return kept.loaded.playbook

    def source(self, name: str) -> bytes:
        """Return the bytes of a playbook; raises Missing."""
        return self._reader.one(name).text
