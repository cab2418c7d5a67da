"""The operator's own documents: runbooks and guides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document that fits a question."""

    path: str
    """Relative to the documents, with the heading's anchor: ``runbooks/api.md#rollback``."""
    title: str
    text: str
    score: float


class Library(Protocol):
    """Full-text search; never raises for any query text."""

    def search(self, question: str, limit: int = 3) -> tuple[Passage, ...]:
        """Return the best passages, best first; empty when nothing fits."""
