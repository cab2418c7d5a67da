"""Figures set by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.ports.metrics import Vitals
from tgk.testing.faults import Faults

if TYPE_CHECKING:
    from tgk.discovery import Service


class FakeMetrics:
    """Implements Metrics; what was not put was not measured, failures come from ``faults``."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._vitals: dict[tuple[str, str], Vitals] = {}

    def put(self, name: str, environment: str, vitals: Vitals) -> None:
        """Set the figures of a service."""
        self._vitals[name, environment] = vitals

    async def vitals(self, name: str, service: Service, environment: str) -> Vitals:  # noqa: ARG002 - the port's shape
        """Return what was put, or figures that were never measured."""
        self.faults.check()
        return self._vitals.get((name, environment), Vitals())
