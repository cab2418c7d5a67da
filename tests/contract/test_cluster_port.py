"""What every Cluster promises: the fake, and the real client against a Kubernetes API."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from integrations.kubernetes import KubernetesCluster
from integrations.off import OffCluster
from tgk.discovery import Environment, Service
from tgk.errors import Conflict, Missing, Unavailable
from tgk.ports.cluster import Workload
from tgk.testing.clock import FakeClock
from tgk.testing.cluster import FakeCluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import kmock as k

    from tgk.ports.cluster import Cluster

SERVICE = Service.model_validate({"kubernetes": {"deployment": "api", "namespace": "own"}})
PRODUCTION = Environment(namespace="production")
ANYWHERE = Environment()


class World(Protocol):
    """A cluster, and the hand that changes what is in it."""

    cluster: Cluster

    async def put(self, namespace: str, version: str, desired: int) -> None:
        """Create or replace the running deployment ``api``."""

    async def break_down(self) -> None:
        """Let every call fail from now on."""


class FakeWorld:
    """The fake."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()

    async def put(self, namespace: str, version: str, desired: int) -> None:
        """Put the workload."""
        state = Workload(state="Running", version=version, ready=desired, desired=desired)
        self.cluster.put(namespace, "api", state)

    async def break_down(self) -> None:
        """Order failures."""
        self.cluster.faults.order(Unavailable("Kubernetes", "It is down."), times=None)


class KubernetesWorld:
    """The real client against kmock."""

    def __init__(self, cluster: KubernetesCluster, server: k.KubernetesEmulator) -> None:
        self.cluster = cluster
        self.server = server
        self.version = 100

    async def put(self, namespace: str, version: str, desired: int) -> None:
        """Write the deployment as its controller would have left it."""
        self.version += 1
        body = self._deployment(namespace, version, desired)
        elsewhere = {"metadata": {"name": "web-1", "namespace": namespace}}
        self.server.objects["apps/v1/replicasets", namespace, "web-1"] = elsewhere
        if ("apps/v1/deployments", namespace, "api") in self.server.objects:
            path = f"/apis/apps/v1/namespaces/{namespace}/deployments/api"
            await (await self.server.patch(path, json=body)).read()
        else:
            self.server.objects["apps/v1/deployments", namespace, "api"] = body

    async def break_down(self) -> None:
        """Answer everything with an error."""
        self.server[re.compile(r"/.*")] << 503  # the emulator's way to add an answer

    def _deployment(self, namespace: str, version: str, desired: int) -> dict[str, Any]:
        return {
            "metadata": {
                "name": "api",
                "namespace": namespace,
                "generation": 1,
                "resourceVersion": str(self.version),
            },
            "spec": {
                "replicas": desired,
                "selector": {"matchLabels": {"app": "api"}},
                "template": {"spec": {"containers": [{"name": "api", "image": f"x:{version}"}]}},
            },
            "status": {
                "observedGeneration": 1,
                "replicas": desired,
                "updatedReplicas": desired,
                "readyReplicas": desired,
            },
        }


@pytest.fixture(params=["fake", "kubernetes"])
async def world(
    request: pytest.FixtureRequest, kmock: k.KubernetesEmulator, tmp_path: Path
) -> AsyncIterator[World]:
    """Each implementation in turn."""
    if request.param == "fake":
        yield FakeWorld()
        return
    path = tmp_path / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "current-context": "here",
                "clusters": [{"name": "here", "cluster": {"server": str(kmock.url)}}],
                "contexts": [{"name": "here", "context": {"cluster": "here"}}],
            }
        )
    )
    clock = FakeClock(flows=True)
    async with KubernetesCluster(clock=clock, kubeconfig=path, refresh=5, timeout=3) as cluster:
        yield KubernetesWorld(cluster, kmock)


async def test_a_running_deployment_is_told(world: World) -> None:
    """State, version and replicas."""
    await world.put("production", "v1", 2)

    found = await world.cluster.workload(SERVICE, PRODUCTION)

    assert (found.state, found.version, found.ready, found.desired) == ("Running", "v1", 2, 2)


async def test_the_namespace_of_the_environment_wins(world: World) -> None:
    """Without one the service's own counts."""
    await world.put("production", "v1", 2)
    await world.put("own", "v2", 1)

    there = await world.cluster.workload(SERVICE, PRODUCTION)
    here = await world.cluster.workload(SERVICE, ANYWHERE)

    assert (there.version, here.version) == ("v1", "v2")


async def test_scaling_tells_the_number_before(world: World) -> None:
    """The wish is there at once, and wishing twice is harmless."""
    await world.put("production", "v1", 2)

    first = await world.cluster.scale(SERVICE, PRODUCTION, 5)
    second = await world.cluster.scale(SERVICE, PRODUCTION, 5)

    assert (first, second) == (2, 5)
    assert (await world.cluster.workload(SERVICE, PRODUCTION)).desired == 5


async def test_an_unknown_deployment_is_missing(world: World) -> None:
    """Reading, scaling and watching agree."""
    await world.put("own", "v1", 1)
    for call in (
        world.cluster.workload(SERVICE, PRODUCTION),
        world.cluster.scale(SERVICE, PRODUCTION, 1),
        anext(aiter(world.cluster.watch(SERVICE, PRODUCTION))),
    ):
        with pytest.raises(Missing, match="production/api"):
            await call


async def test_a_watch_tells_now_and_each_change(world: World) -> None:
    """A change in another namespace is not told."""
    await world.put("production", "v1", 2)
    await world.put("own", "v1", 2)
    states = aiter(world.cluster.watch(SERVICE, PRODUCTION))
    async with asyncio.timeout(20):
        first = await anext(states)
        await world.put("own", "v7", 7)
        await world.put("production", "v2", 2)
        second = await anext(states)
        await world.put("production", "v2", 3)
        third = await anext(states)
    await states.aclose()  # type: ignore[attr-defined]

    told = [(state.version, state.desired) for state in (first, second, third)]
    assert told == [("v1", 2), ("v2", 2), ("v2", 3)]


async def test_a_broken_cluster_is_unavailable(world: World) -> None:
    """Every call says so."""
    await world.put("production", "v1", 2)
    await world.break_down()
    for call in (
        world.cluster.workload(SERVICE, PRODUCTION),
        world.cluster.scale(SERVICE, PRODUCTION, 1),
        anext(aiter(world.cluster.watch(SERVICE, PRODUCTION))),
    ):
        with pytest.raises(Unavailable):
            await call


async def test_a_cluster_that_is_off_says_why() -> None:
    """Nothing is guessed while no cluster is configured."""
    off = OffCluster("Kubernetes", "KUBECONFIG is not set.", "Set KUBECONFIG.")
    for call in (
        off.workload(SERVICE, PRODUCTION),
        off.scale(SERVICE, PRODUCTION, 1),
        anext(aiter(off.watch(SERVICE, PRODUCTION))),
    ):
        with pytest.raises(Unavailable, match=r"It is off: KUBECONFIG is not set\."):
            await call


async def test_another_version_is_wanted_once_for_each_key(world: World) -> None:
    """A repeated key is told what it did; the old version has its pods no longer."""
    await world.put("production", "v1", 2)

    first = await world.cluster.set_version(SERVICE, PRODUCTION, "v2", key="k1")
    again = await world.cluster.set_version(SERVICE, PRODUCTION, "v2", key="k1")

    assert ("v1", "v2") == (first.before, first.after)
    assert first == again
    assert "v2" == (await world.cluster.workload(SERVICE, PRODUCTION)).version


async def test_there_is_no_way_back_where_nothing_was_before(world: World) -> None:
    """It is a conflict, and nothing is changed."""
    await world.put("production", "v1", 2)

    with pytest.raises(Conflict, match="was not rolled back"):
        await world.cluster.roll_back(SERVICE, PRODUCTION, key="k1")

    assert "v1" == (await world.cluster.workload(SERVICE, PRODUCTION)).version


async def test_a_change_of_what_is_not_there_is_missing(world: World) -> None:
    """With namespace and name, as for every other question."""
    await world.put("own", "v1", 1)
    for call in (
        world.cluster.set_version(SERVICE, PRODUCTION, "v2", key="k1"),
        world.cluster.roll_back(SERVICE, PRODUCTION, key="k1"),
    ):
        with pytest.raises(Missing, match="production/api"):
            await call
