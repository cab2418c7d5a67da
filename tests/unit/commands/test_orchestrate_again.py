"""Words about a run whose process was killed before it knew that they were heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.unit.commands.made_runs import put
from tgk.testing.operations import InlineOperations

if TYPE_CHECKING:
    from tests.conftest import World
    from tgk.outcome import Outcome


async def again(world: World, line: str, forgotten: str, **more: str) -> Outcome:
    """Run a line, and go on with it after a kill before what came of a step was remembered."""
    first = world.invocation(line, "dana", delivery="telegram:1", **more)
    await world.dispatcher.run(first)
    (operation,) = world.operations.ran
    memory = {corr: dict(steps) for corr, steps in world.operations.memory.items()}
    del memory[operation.corr][forgotten]
    later = InlineOperations(memory)
    later.bind(world.dispatcher.perform)

    async def unseen(reply: object) -> None:
        """Look away."""

    return await later.run(operation, unseen)


@pytest.mark.parametrize(
    ("line", "forgotten", "state"),
    [
        ("/orchestrate pause current --reason look", "pause", "paused"),
        ("/orchestrate complete current --force --typed WF-2026-002", "complete", "forced"),
    ],
)
async def test_a_word_is_heard_once_by_the_run_that_was_meant(
    world: World, line: str, forgotten: str, state: str
) -> None:
    """It is no conflict with itself, and never falls on the run that is current by then."""
    for number in (1, 2):
        put(world, f"WF-2026-00{number}")

    outcome = await again(world, line, forgotten)

    assert outcome.result == "success"
    assert (await world.runs.view("WF-2026-002")).state == state
    assert (await world.runs.view("WF-2026-001")).state == "running"


async def test_a_run_that_goes_on_is_named_in_the_audit_log(world: World) -> None:
    """Long before its end, once, with who started it and what."""
    line = "/orchestrate run --playbook deploy-web-app --parameters version=v1.4.0"
    following = asyncio.ensure_future(world.run(line, "dana"))
    while not world.shown:
        await asyncio.sleep(0)
    first, named = world.journal.intents
    world.runs.change("WF-2026-001", state="waiting")
    world.runs.change("WF-2026-001", state="succeeded")
    await following

    assert (first.links, named.links) == ({}, {"workflow": "WF-2026-001"})
    assert (named.corr, named.caller.person, named.args) == (first.corr, "dana", first.args)
    assert len(world.journal.intents) == 2


async def test_a_log_that_is_full_stops_no_run_that_has_begun(world: World) -> None:
    """It lacks a name until the end; that is said to the mechanics."""
    begun = world.runs.start

    async def filled(*given: object, **more: object) -> object:
        world.journal.broken = "0 MiB are left"
        return await begun(*given, **more)  # type: ignore[arg-type]

    world.runs.start = filled  # type: ignore[method-assign, assignment] # the disk fills up
    line = "/orchestrate run --playbook deploy-web-app --parameters version=v1.4.0"
    following = asyncio.ensure_future(world.run(line, "dana"))
    while not world.shown:
        await asyncio.sleep(0)
    world.journal.broken = ""
    world.runs.change("WF-2026-001", state="succeeded")

    assert (await following).result == "success"


async def test_another_try_begins_once(world: World) -> None:
    """The generation that the first life began is the one that is followed."""
    put(world, state="failed")
    line = "/orchestrate resume WF-2026-001 --from-step verify"
    world.runs.put((await world.runs.view("WF-2026-001")).model_copy(update={"state": "failed"}))
    original = world.runs.resume

    async def ends(*given: object, **more: object) -> object:
        view = await original(*given, **more)  # type: ignore[arg-type]
        return world.runs.change(view.id, state="succeeded")

    world.runs.resume = ends  # type: ignore[method-assign, assignment] # so that it can be followed

    outcome = await again(world, line, "resume")

    assert outcome.reply.data["id"] == "WF-2026-001.2"
