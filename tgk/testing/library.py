"""A library of passages given by a test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tgk.ports.library import Passage

if TYPE_CHECKING:
    from collections.abc import Iterable


class FakeLibrary:
    """Implements Library: a passage fits by how many of the question's words it shares."""

    def __init__(self, passages: Iterable[Passage] = ()) -> None:
        self._passages = tuple(passages)
        self.asked: list[str] = []

    def search(self, question: str, limit: int = 3) -> tuple[Passage, ...]:
        """Return what shares words of four letters or more, best first."""
        self.asked.append(question)
        words = set(_words(question))
        found = [
            Passage(passage.path, passage.title, passage.text, float(shared))
            for passage in self._passages
            if (shared := len(words & set(_words(f"{passage.title} {passage.text}"))))
        ]
        return tuple(sorted(found, key=lambda passage: -passage.score)[: max(0, limit)])


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]{4,}", text.lower())
