"""A bounded memory of answers that are true for a known time."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

Answer = TypeVar("Answer")


class TimedCache(Generic[Answer]):
    """Keeps the answers used last, each from the moment it was given until it may change."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[Hashable, tuple[float, float, Answer]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable, now: float) -> Answer | None:
        """Return the answer if it still holds; a clock set back makes it unknown."""
        found = self._entries.get(key)
        if found is None or not found[0] <= now < found[1]:
            return None
        self._entries.move_to_end(key)
        return found[2]

    def keep(self, key: Hashable, answer: Answer, now: float, until: float) -> Answer:
        """Remember an answer and return it."""
        self._entries[key] = (now, until, answer)
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return answer
