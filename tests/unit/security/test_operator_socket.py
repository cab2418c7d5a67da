"""The terminal's door: what a program that speaks to it by hand cannot do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.gateway.body import BODY_WITHIN, MOST_BYTES
from bot.gateway.operator import OperatorSocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import World


def client(world: World, *, body_within: float = BODY_WITHIN) -> httpx.AsyncClient:
    """Return a client of the socket."""
    door = OperatorSocket(world.dispatcher, world.policy.directory, body_within=body_within)
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


@pytest.mark.parametrize("path", ["/run", "/complete"])
async def test_a_question_over_the_bound_is_cut_off_while_it_arrives(
    world: World, path: str
) -> None:
    """413 soon after the bound, without reading the rest into memory."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b"x" * (1024 * 1024)

    async with client(world) as asking:
        answer = await asking.post(path, content=endless())

    assert 413 == answer.status_code
    assert str(MOST_BYTES) in answer.json()["error"]
    assert sent <= MOST_BYTES // (1024 * 1024) + 2


@pytest.mark.parametrize("path", ["/run", "/complete"])
async def test_a_question_that_does_not_come_ends_the_wait(world: World, path: str) -> None:
    """408: a program that says nothing does not keep a place for ever, and nothing is run."""
    held = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b'{"name": "whoami"'
        await held.wait()

    async with client(world, body_within=0.02) as asking:
        answer = await asking.post(path, content=stalled())

    assert 408 == answer.status_code
    assert [] == world.journal.results("/whoami")
