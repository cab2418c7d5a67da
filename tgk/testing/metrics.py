"""Figures set by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.ports.metrics import Vitals
from tgk.testing.faults import Faults

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.discovery import Service


class FakeMetrics:
    """Implements Metrics; what was not put was not measured, failures come from ``faults``."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._vitals: dict[tuple[str, str], Vitals] = {}
        self._figures: dict[str, list[tuple[datetime | None, float]]] = {}

    def put(self, name: str, environment: str, vitals: Vitals) -> None:
        """Set the figures of a service."""
        self._vitals[name, environment] = vitals

    async def vitals(self, name: str, service: Service, environment: str) -> Vitals:  # noqa: ARG002 - the port's shape
        """Return what was put, or figures that were never measured."""
        self.faults.check()
        return self._vitals.get((name, environment), Vitals())

    def measure(self, query: str, value: float, since: datetime | None = None) -> None:
        """Set what a query gives, from the beginning or since a time."""
        self._figures.setdefault(query, []).append((since, value))

    async def figure(self, query: str, at: datetime) -> float | None:
        """Return what the query gave then."""
        self.faults.check()
        then = [
            value for since, value in self._figures.get(query, ()) if since is None or since <= at
        ]
        return then[-1] if then else None
