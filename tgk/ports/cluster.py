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


@dataclass(frozen=True, slots=True)
class Exchange:
    """Which version was wanted before, and which from now on."""

    before: str
    after: str


class Cluster(Protocol):
    """Raises Missing for an unknown deployment, Unavailable and Rejected as errors.py says."""

    async def workload(self, service: Service, environment: Environment) -> Workload:
        """Return the present state."""

    async def scale(self, service: Service, environment: Environment, replicas: int) -> int:
        """Set the wanted replicas through the scale subresource; returns the number before."""

    async def set_version(
        self, service: Service, environment: Environment, version: str, *, key: str
    ) -> Exchange:
        """Want another image tag; a key that did so already is only told again what it did."""

    async def roll_back(self, service: Service, environment: Environment, *, key: str) -> Exchange:
        """Want what was wanted before the last change; a key that did so does not do it twice.

        Raises Conflict when nothing was wanted before.
        """

    def watch(self, service: Service, environment: Environment) -> AsyncIterator[Workload]:
        """Yield the state now and at every change, until the reader stops; reconnects by itself."""
