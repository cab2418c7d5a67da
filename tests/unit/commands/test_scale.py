"""Scaling: bounds, the number before, and waiting until it is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import commands.scale
from tgk.ports.cluster import Workload
from tgk.testing.cluster import FakeCluster

if TYPE_CHECKING:
    import pytest

    from tests.conftest import World


async def test_scaling_keeps_the_wording_of_the_seed_and_offers_the_way_back(
    world: World,
) -> None:
    """Previous, new and ETA; the undo button carries the number before."""
    world.cluster.put("production", "event-gateway", Workload("Running", "v1.2.3", 2, 2))

    outcome = await world.run("/scale event-gateway 3", "dana")

    assert outcome.result == "success"
    assert outcome.reply.plain is not None
    assert outcome.reply.plain.headline == "Scaling event-gateway to 3 replicas"
    assert outcome.reply.plain.lines[:3] == ("Previous: 2", "New: 3", "ETA: ~30 seconds")
    assert [2] == [action.arguments["replicas"] for action in outcome.reply.actions]


async def test_a_number_outside_the_bounds_is_refused_before_the_cluster_is_asked(
    world: World,
) -> None:
    """The bounds of discovery.yml stand in the refusal."""
    world.cluster.put("production", "event-gateway", Workload("Running", "v1.2.3", 2, 2))

    outcome = await world.run("/scale event-gateway 30", "dana")

    assert outcome.result == "invalid"
    assert "1 to 6" in outcome.reply.data["why"]
    found = await world.cluster.workload(
        world.discovery.services["event-gateway"], world.discovery.environments["production"]
    )
    assert found.desired == 2


async def test_a_developer_may_not_scale(world: World) -> None:
    """The twin of the success: same words, another person, nothing done."""
    world.cluster.put("production", "event-gateway", Workload("Running", "v1.2.3", 2, 2))

    outcome = await world.run("/scale event-gateway 3", "devi")

    assert outcome.result == "denied"
    assert [] == world.operations.ran


async def test_replicas_that_do_not_come_up_are_a_failure_with_the_reason(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end says how many are ready, why not more, and offers the way back."""
    monkeypatch.setattr(commands.scale, "READY_WITHIN_SECONDS", 0.05)
    stuck = FakeCluster(settles=False)
    stuck.put("production", "event-gateway", Workload("Degraded", "v1", 2, 2, note="ImagePull"))
    object.__setattr__(world.dispatcher.backends, "cluster", stuck)

    outcome = await world.run("/scale event-gateway 3", "dana")

    assert outcome.result == "failure"
    assert outcome.reply.tone == "bad"
    assert "2 of 3 ready" in outcome.reply.model_dump_json()
    assert "ImagePull" in outcome.reply.model_dump_json()
    assert any(reply.tone == "running" for reply in world.shown)


async def test_an_old_undo_does_nothing_once_somebody_else_scaled(world: World) -> None:
    """A stale button is refused with the number that is wanted by now."""
    world.cluster.put("production", "event-gateway", Workload("Running", "v1.2.3", 5, 5))

    outcome = await world.run("/scale event-gateway 2 --expect 3", "dana")

    assert outcome.result == "denied"
    assert "wants 5 replicas by now" in outcome.reply.data["why"]
    assert [] == world.cluster.scaled
