"""The terminal's door: what a program that speaks to it by hand cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from bot.gateway.operator import OperatorSocket

if TYPE_CHECKING:
    from tests.conftest import World


def client(world: World) -> httpx.AsyncClient:
    """Return a client of the socket."""
    door = OperatorSocket(world.dispatcher, world.policy.directory)
    return httpx.AsyncClient(transport=httpx.ASGITransport(door.app()), base_url="http://socket")


def tags(world: World) -> list[str]:
    """Return what was deployed, in order."""
    return [each.inputs["tag"] for each in world.pipelines.dispatched]


async def test_two_changes_without_an_id_are_two_changes(world: World) -> None:
    """The second is not answered with the end of the first, nor missing from the log."""
    async with client(world) as asking:
        for tag in ("v1.4.0", "v1.3.0"):
            raw = {"env": "staging", "tag": tag}
            await asking.post("/run", json={"name": "deploy", "raw": raw, "user": "dana"})

    assert ["v1.4.0", "v1.3.0"] == tags(world)


async def test_an_id_of_the_terminal_joins_nothing_of_another_door(world: World) -> None:
    """Whatever it is called, it stays the terminal's own."""
    await world.run("/deploy staging v1.4.0", "dana", delivery="telegram:1")
    raw = {"env": "staging", "tag": "v1.3.0"}
    asked = {"name": "deploy", "raw": raw, "user": "dana", "delivery": "telegram:1"}

    async with client(world) as asking:
        await asking.post("/run", json=asked)
        too_long = await asking.post("/run", json={**asked, "delivery": "x" * 129})

    assert ["v1.4.0", "v1.3.0"] == tags(world)
    assert 400 == too_long.status_code


async def test_a_person_is_only_named_whole(world: World) -> None:
    """Principals, roles and lists of people are no names."""
    raw = {"service": "event-gateway", "replicas": 3}
    async with client(world) as asking:
        for user in ("role:admin", "cli:user:alex", "alex,dana", "ALEX", " alex", "alex\n", "*"):
            answer = await asking.post("/run", json={"name": "scale", "raw": raw, "user": user})
            assert '"denied"' in answer.text

    assert [] == world.cluster.scaled
