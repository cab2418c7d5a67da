"""The audit log, as the dispatcher sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tgk.caller import Caller
    from tgk.outcome import Result


@dataclass(frozen=True, slots=True)
class Attempt:
    """One invocation, before anybody knows how it ends. ``corr`` joins its records."""

    corr: str
    command: str
    """With the slash, as seed 003 writes it: ``/deploy``."""
    args: Mapping[str, object]
    """As asked; the journal redacts before it hashes or writes."""
    caller: Caller
    delivery: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    """Ids that are known of what it does before that has ended, such as the run that it began."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an attempt ended."""

    result: Result
    allowed: bool | None = None
    """None when it never came to a decision."""
    rule: str = ""
    duration_ms: float = 0.0
    detail: str = ""
    """Why, in a line; for failures and denials."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Ids in other systems, such as the workflow run."""


class Journal(Protocol):
    """An append-only record for a judge.

    Both calls return once the record is durable, and raise JournalUnavailable when it cannot be.
    """

    async def intend(self, attempt: Attempt) -> None:
        """Record that a side effect is about to happen, or goes on under these links."""

    async def conclude(self, attempt: Attempt, conclusion: Conclusion) -> None:
        """Record how the attempt ended; for reads this is the only record."""
