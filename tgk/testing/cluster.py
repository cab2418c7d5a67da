"""A cluster in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from tgk.errors import Conflict, Missing
from tgk.ports.cluster import Exchange
from tgk.testing.faults import Faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tgk.discovery import Environment, Service
    from tgk.ports.cluster import Workload


class FakeCluster:
    """Implements Cluster; deployments are put in by hand, failures come from ``faults``.

    With ``settles=False`` scaling leaves the pods as they are until ``settle`` is called.
    """

    def __init__(self, *, settles: bool = True) -> None:
        self.faults = Faults()
        self.scaled: list[tuple[str, str, int]] = []
        """(namespace, deployment, replicas), in order."""
        self._settles = settles
        self._history: dict[tuple[str, str], list[str]] = {}
        self._exchanged: dict[tuple[tuple[str, str], str], Exchange] = {}
        self._workloads: dict[tuple[str, str], Workload] = {}
        self._changed = asyncio.Event()

    def put(self, namespace: str, deployment: str, workload: Workload) -> None:
        """Create or replace a deployment; watchers see it."""
        self._workloads[namespace, deployment] = workload
        self._tell()

    def drop(self, namespace: str, deployment: str) -> None:
        """Delete a deployment."""
        del self._workloads[namespace, deployment]
        self._tell()

    def settle(self, namespace: str, deployment: str) -> None:
        """Let the pods become what is wanted."""
        now = self._workloads[namespace, deployment]
        state = _settled(now.desired)
        self.put(namespace, deployment, replace(now, state=state, ready=now.desired, note=""))

    async def workload(self, service: Service, environment: Environment) -> Workload:
        """Return what was put."""
        self.faults.check()
        return self._find(service, environment)

    async def scale(self, service: Service, environment: Environment, replicas: int) -> int:
        """Set the wanted replicas and return the number before."""
        self.faults.check()
        now = self._find(service, environment)
        namespace, deployment = _key(service, environment)
        self.scaled.append((namespace, deployment, replicas))
        self.put(namespace, deployment, replace(now, state="Progressing", desired=replicas))
        if self._settles:
            self.settle(namespace, deployment)
        return now.desired

    async def set_version(
        self, service: Service, environment: Environment, version: str, *, key: str
    ) -> Exchange:
        """Want another version, once for each key."""
        self.faults.check()
        return self._exchange(_key(service, environment), version, key)

    async def roll_back(self, service: Service, environment: Environment, *, key: str) -> Exchange:
        """Want the version before, once for each key."""
        self.faults.check()
        place = _key(service, environment)
        earlier = self._history.get(place, [])
        if not earlier and (place, key) not in self._exchanged:
            self._find(service, environment)
            raise Conflict(f"{place[1]} was not rolled back.", why="Nothing ran there before.")
        return self._exchange(place, earlier[-1] if earlier else "", key)

    def _exchange(self, place: tuple[str, str], version: str, key: str) -> Exchange:
        if (place, key) in self._exchanged:
            return self._exchanged[place, key]
        if place not in self._workloads:
            raise Missing("deployment", "/".join(place))
        now = self._workloads[place]
        done = self._exchanged[place, key] = Exchange(now.version, version)
        self._history.setdefault(place, []).append(now.version)
        self.put(*place, replace(now, state="Progressing", version=version, ready=0))
        if self._settles:
            self.settle(*place)
        return done

    async def watch(self, service: Service, environment: Environment) -> AsyncIterator[Workload]:
        """Yield the state now and at every change."""
        shown: Workload | None = None
        while True:
            changed = self._changed
            self.faults.check()
            now = self._find(service, environment)
            if now == shown:
                await changed.wait()
                continue
            shown = now
            yield now

    def _find(self, service: Service, environment: Environment) -> Workload:
        key = _key(service, environment)
        if key not in self._workloads:
            raise Missing("deployment", "/".join(key))
        return self._workloads[key]

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _key(service: Service, environment: Environment) -> tuple[str, str]:
    place = service.kubernetes
    return environment.namespace or place.namespace, place.deployment


def _settled(desired: int) -> Literal["Running", "Stopped"]:
    return "Running" if desired else "Stopped"
