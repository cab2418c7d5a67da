"""Figures over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.discovery import Service


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a status card shows; None where no query is configured or nothing was measured."""

    cpu: float | None = None
    """Per cent."""
    error_rate: float | None = None
    """Per cent."""
    latency_p95: float | None = None
    """Milliseconds."""
    cpu_history: tuple[tuple[datetime, float], ...] = ()
    """The last hour, oldest first."""


class Metrics(Protocol):
    """Raises Unavailable and Rejected as errors.py says."""

    async def vitals(self, name: str, service: Service, environment: str) -> Vitals:
        """Return the figures of now and the last hour of CPU."""

    async def figure(self, query: str, at: datetime) -> float | None:
        """Return the number that a query gave at a time, None where nothing was measured.

        Of several series the highest counts: a query that wants another says so itself.
        """
