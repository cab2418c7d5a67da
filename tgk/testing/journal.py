"""An audit log in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import JournalUnavailable

if TYPE_CHECKING:
    from tgk.ports.journal import Attempt, Conclusion


class FakeJournal:
    """Implements Journal; set ``broken`` to say why nothing can be written."""

    def __init__(self) -> None:
        self.intents: list[Attempt] = []
        self.conclusions: list[tuple[Attempt, Conclusion]] = []
        self.broken = ""

    async def intend(self, attempt: Attempt) -> None:
        """Record the intent."""
        self._require_working()
        self.intents.append(attempt)

    async def conclude(self, attempt: Attempt, conclusion: Conclusion) -> None:
        """Record the end."""
        self._require_working()
        self.conclusions.append((attempt, conclusion))

    @property
    def last(self) -> Conclusion:
        """The newest end."""
        return self.conclusions[-1][1]

    def results(self, command: str = "") -> list[str]:
        """Return how every attempt ended, or those of one command such as ``/deploy``."""
        return [
            conclusion.result
            for attempt, conclusion in self.conclusions
            if command in ("", attempt.command)
        ]

    def _require_working(self) -> None:
        if self.broken:
            raise JournalUnavailable(self.broken)
