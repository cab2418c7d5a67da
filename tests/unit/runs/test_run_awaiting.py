"""What a run says it waits for: a lock and who has it, people, a time; also while it pauses."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestration.runs.staging import RunLimits
from tests.unit.runs.runs_world import BEN, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runs.runs_world import World

LOCKED = """
name: {name}
locks: ["env:staging"]
steps: [{{command: /mark {name}}}]
"""


async def waits(made: World, run: str, for_: str = "") -> str:
    """Return what it says once it says something of this kind."""
    async with asyncio.timeout(10):
        while not (found := str((await made.runs.view(run)).waits_for)).startswith(for_ or "its"):
            await asyncio.sleep(0.01)
    return found


async def test_a_run_names_the_lock_and_the_person_who_has_it(tmp_path: Path) -> None:
    """With the reason that the person gave."""
    async with world(tmp_path).open() as made:
        await made.locks.acquire("env:staging", "alex", "maintenance")
        started = await made.start(LOCKED.format(name="edit"))
        said = await waits(made, started.id, "lock")
        await made.locks.release("env:staging")
        view = await made.end(started.id)

    assert said == "lock env:staging: alex has it (maintenance)"
    assert (view.state, view.waits_for) == ("succeeded", "")


async def test_a_run_names_the_run_that_has_the_lock_of_its_step(tmp_path: Path) -> None:
    """By its id and what it does."""
    async with world(tmp_path).open() as made:
        made.effects.held["first"] = asyncio.Event()
        first = await made.start(LOCKED.format(name="first"))
        await made.seen(lambda: "first" in made.effects.running)
        second = await made.start("""
name: second
steps: [{name: do, command: /mark second, locks: ["env:staging"]}]
""")
        said = await waits(made, second.id, "lock")
        made.effects.held["first"].set()
        await made.end(second.id)

    assert said == f"lock env:staging: {first.id} has it (first {first.id})"


async def test_a_run_does_not_wait_for_the_lock_that_it_has(tmp_path: Path) -> None:
    """Only for what it waits for."""
    async with world(tmp_path).open() as made:
        started = await made.start("""
name: story
locks: ["env:staging"]
steps: [{name: hold, wait: 60}]
""")
        said = await waits(made, started.id, "until")
        await made.end(started.id)

    assert said.endswith(" UTC (hold)")


async def test_a_run_without_a_slot_waits_for_its_turn(tmp_path: Path) -> None:
    """As many work as may."""
    async with world(tmp_path, limits=RunLimits(at_once=1)).open() as made:
        made.effects.held["first"] = asyncio.Event()
        await made.start(LOCKED.format(name="first"))
        await made.seen(lambda: "first" in made.effects.running)
        second = await made.start("name: second\nsteps: [/mark second]\n")
        said = await waits(made, second.id)
        made.effects.held["first"].set()
        await made.end(second.id)

    assert said == "its turn: as many runs work as may at once"


async def test_a_pause_inside_a_wait_holds_behind_it(tmp_path: Path) -> None:
    """Meanwhile it says what it waits for, why it pauses and until when."""
    async with world(tmp_path).open() as made:
        started = await made.start("""
name: story
steps: [{name: hold, wait: 60}, {command: /mark after}]
""")
        await made.state(started.id, "waiting")
        until = made.clock.now() + timedelta(minutes=30)
        view = await made.runs.pause(
            started.id, who="dana", reason="look", until=until, checkpoint=False
        )
        paused = await _then(made, started.id)
        end = await made.end(started.id)

    assert (view.state, view.pausing, view.reason) == ("waiting", True, "dana: look")
    assert view.waits_for.startswith("until ")
    assert view.waits_for.endswith(" UTC (hold)")
    assert (view.until, paused) == (until, [])
    assert (end.state, made.effects.names) == ("succeeded", ["after"])
    assert made.clock.now() >= until


async def _then(made: World, run: str) -> list[str]:
    """Let the wait go by; returns what was done by then."""
    async with asyncio.timeout(20):
        while (await made.runs.view(run)).state != "paused":
            await made.clock.advance(10)  # type: ignore[attr-defined] # of the fake
            await asyncio.sleep(0.02)
    return made.effects.names


async def test_a_pause_inside_of_an_approval_holds_after_the_yes(tmp_path: Path) -> None:
    """The yes counts, and nothing is begun by it."""
    async with world(tmp_path).open() as made:
        started = await made.start("""
name: story
steps: [{name: ask, type: approval, prompt: "Go?"}, {command: /mark after}]
""")
        (question,) = await made.pending()
        said = await waits(made, started.id, "approval")
        await made.runs.pause(started.id, who="dana", reason="look", until=None, checkpoint=False)
        await made.approvals.vote(question.id, BEN, approve=True)
        await made.state(started.id, "paused")

    assert said == f"approval {question.id} (ask)"
    assert made.effects.names == []
