"""Where log lines are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tgk.discovery import Service

Level = Literal["debug", "info", "warn", "error"]


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The last ``limit`` lines not after ``before`` and not older than ``since``."""

    limit: int = 50
    since: timedelta | None = None
    before: datetime | None = None
    level: Level | None = None
    """The lowest level wanted; lines whose level is not known are kept."""
    contains: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line and when it was written."""

    at: datetime
    text: str
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines, oldest first."""

    lines: tuple[LogLine, ...]
    source: str
    """``loki`` or ``cloudwatch``."""
    more: bool
    """Whether older lines exist."""


class Logs(Protocol):
    """Raises Unavailable and Rejected as errors.py says."""

    async def tail(self, name: str, service: Service, environment: str, query: LogQuery) -> LogPage:
        """Return the newest lines that fit the query."""
