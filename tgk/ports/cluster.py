"""Where services run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from tgk.discovery import Environment, Service


@dataclass(frozen=True, slots=True)
class Workload:
    """What the cluster says of one service."""

    state: Literal["Running", "Progressing", "Degraded", "Stopped"]
    version: str
    ready: int
    desired: int
    updated_at: datetime | None = None
    note: str = ""
    """Why it is not running as wanted, such as ``ImagePullBackOff``."""


class Cluster(Protocol):
    """Raises Missing for an unknown deployment, Unavailable and Rejected as errors.py says."""

    async def workload(self, service: Service, environment: Environment) -> Workload:
        """Return the present state."""

    async def scale(self, service: Service, environment: Environment, replicas: int) -> int:
        """Set the wanted replicas through the scale subresource; returns the number before."""

    def watch(self, service: Service, environment: Environment) -> AsyncIterator[Workload]:
        """Yield the state now and at every change, until the reader stops; reconnects by itself."""
