"""The fakes that other tests stand on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tgk.discovery import Environment, Service
from tgk.errors import Missing, Unavailable
from tgk.ports.cluster import Workload
from tgk.testing.clock import FakeClock
from tgk.testing.cluster import FakeCluster

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SERVICE = Service.model_validate({"kubernetes": {"deployment": "api"}})


async def test_a_clock_wakes_sleepers_in_order_when_advanced() -> None:
    """Nobody wakes early, and each sees the time it asked for."""
    clock = FakeClock(START)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("late", 20))
        tasks.create_task(sleeper("early", 10))
        await clock.until(lambda: clock.sleeping == 2)
        await clock.advance(15)
        assert woken == [("early", 10.0)]
        await clock.advance(15)

    assert woken == [("early", 10.0), ("late", 20.0)]
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=30), 30.0)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    """The clock goes on without it."""
    clock = FakeClock(START)
    sleeping = asyncio.ensure_future(clock.sleep(5))
    await clock.until(lambda: clock.sleeping == 1)
    sleeping.cancel()
    await clock.advance(10)

    assert clock.sleeping == 0
    assert sleeping.cancelled()


async def test_a_jump_moves_the_wall_clock_alone() -> None:
    """Durations do not notice."""
    clock = FakeClock(START)
    clock.jump(START - timedelta(hours=1))

    assert (clock.now(), clock.monotonic()) == (START - timedelta(hours=1), 0.0)
    await clock.sleep(0)


async def test_faults_come_as_often_as_ordered() -> None:
    """Twice here, until mended there."""
    cluster = FakeCluster(settles=False)
    cluster.put("default", "api", Workload("Running", "v1", 1, 1))
    down = Unavailable("Kubernetes", "It is down.")
    cluster.faults.order(down, times=2)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await cluster.workload(SERVICE, Environment())
    await cluster.workload(SERVICE, Environment())

    cluster.faults.order(down, times=None)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await cluster.workload(SERVICE, Environment())
    cluster.faults.mend()
    await cluster.workload(SERVICE, Environment())


async def test_a_cluster_that_does_not_settle_waits_for_the_hand() -> None:
    """A rollout can be looked at half way, and a deployment can vanish."""
    cluster = FakeCluster(settles=False)
    cluster.put("default", "api", Workload("Running", "v1", 1, 1))
    await cluster.scale(SERVICE, Environment(), 3)
    half = await cluster.workload(SERVICE, Environment())
    cluster.settle("default", "api")
    whole = await cluster.workload(SERVICE, Environment())
    cluster.drop("default", "api")

    assert (half.state, half.ready, half.desired) == ("Progressing", 1, 3)
    assert (whole.state, whole.ready) == ("Running", 3)
    assert cluster.scaled == [("default", "api", 3)]
    with pytest.raises(Missing):
        await cluster.workload(SERVICE, Environment())
