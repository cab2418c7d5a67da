"""Watching a deployment through kmock, with streams that end and break."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from integrations.kubernetes import KubernetesCluster
from tests.unit.integrations.kubernetes_world import (
    DEPLOYMENTS,
    PATH,
    PODS,
    PRODUCTION,
    SERVICE,
    deployment,
    kubeconfig,
    pod,
)
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import kmock as k


@pytest.fixture
def clock() -> FakeClock:
    """A clock that jumps over every pause."""
    return FakeClock(flows=True)


@pytest.fixture
async def cluster(
    kmock: k.KubernetesEmulator, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[KubernetesCluster]:
    """The real client against kmock, with one healthy deployment."""
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment()
    path = kubeconfig(tmp_path, str(kmock.url))
    async with KubernetesCluster(clock=clock, kubeconfig=path, refresh=5, timeout=3) as opened:
        yield opened


async def test_a_watch_tells_the_state_now_and_each_change(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster
) -> None:
    """A patch made by somebody else arrives through the stream."""
    states = cluster.watch(SERVICE, PRODUCTION)
    async with asyncio.timeout(10):
        first = await anext(states)
        await kmock.patch(
            f"{PATH}/event-gateway",
            json={"metadata": {"resourceVersion": "101"}, "spec": {"replicas": 4}},
        )
        second = await anext(states)
    await states.aclose()  # type: ignore[attr-defined]

    assert [first.desired, second.desired] == [2, 4]


@pytest.mark.parametrize(
    "dropped",
    [
        b"",
        b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n',
        b"half a li",
        410,
        503,
    ],
)
async def test_a_watch_survives_a_stream_that_ends(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster, clock: FakeClock, dropped: object
) -> None:
    """End of file, 410 and garbage lead to another look, with a pause and without an error."""
    states = cluster.watch(SERVICE, PRODUCTION)
    first = await anext(states)
    kmock[f"get {PATH}", {"watch": "true"}] << dropped
    following = asyncio.ensure_future(anext(states))
    async with asyncio.timeout(10):
        await clock.until(lambda: len(clock.slept) >= 2)
        kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment(desired=3)
        second = await following
    await states.aclose()  # type: ignore[attr-defined]

    assert [first.desired, second.desired] == [2, 3]


async def test_a_watch_waits_out_an_outage(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster, clock: FakeClock
) -> None:
    """Failed looks after the first are repeated with growing pauses."""
    states = cluster.watch(SERVICE, PRODUCTION)
    await anext(states)
    kmock[f"get {PATH}"] << 503
    kmock[f"get {PATH}/event-gateway"] << 503
    following = asyncio.ensure_future(anext(states))
    async with asyncio.timeout(10):
        await clock.until(lambda: 4.0 in clock.slept)
        kmock[f"get {PATH}/event-gateway"] ** 10 << deployment(desired=3)
        second = await following
    await states.aclose()  # type: ignore[attr-defined]

    assert second.desired == 3


async def test_a_quiet_watch_looks_again_after_a_while(
    kmock: k.KubernetesEmulator, tmp_path: Path, clock: FakeClock
) -> None:
    """Pods that begin to fail change the note without any event of the deployment."""
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment(updatedReplicas=1)
    path = kubeconfig(tmp_path, str(kmock.url))
    async with KubernetesCluster(clock=clock, kubeconfig=path, refresh=0.1) as cluster:
        states = cluster.watch(SERVICE, PRODUCTION)
        first = await anext(states)
        kmock.objects[PODS, "production", "event-gateway-1"] = pod("ErrImagePull")
        async with asyncio.timeout(10):
            second = await anext(states)
        await states.aclose()  # type: ignore[attr-defined]

    assert (first.note, second.note) == ("", "ErrImagePull")
