"""Watches of the simulated Kubernetes: what changed since it was read is told."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import yaml

from sandbox.kubernetes import KubernetesEmulator
from sandbox.serving import served
from sandbox.world import World
from tests.conftest import ROOT
from tgk.discovery import Discovery
from tgk.testing.clock import FakeClock

NAME = "event-gateway"


async def test_a_change_between_a_look_and_its_watch_is_told_at_once() -> None:
    """As Kubernetes does: else whoever follows a quick change would wait for the next one."""
    discovery = Discovery.model_validate(yaml.safe_load((ROOT / "discovery.yml").read_text()))
    world = World(discovery, FakeClock())
    unit = world.units["production", NAME]
    read = unit.revision
    world.scale(unit, 3)
    wanted = {
        "watch": "true", "resourceVersion": str(read), "timeoutSeconds": "5",
        "fieldSelector": f"metadata.name={unit.deployment}",
    }  # fmt: skip

    async with served({"/k": KubernetesEmulator(world).app()}) as address, asyncio.timeout(3):
        url = f"{address}/k/apis/apps/v1/namespaces/{unit.namespace}/deployments"
        async with aiohttp.ClientSession() as session, session.get(url, params=wanted) as answer:
            event = json.loads(await answer.content.readline())

    assert event["object"]["metadata"]["resourceVersion"] == str(unit.revision) != str(read)
