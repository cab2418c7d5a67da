"""What is said of a run in another process holds from that moment, before its player hears it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.runs.records import Heir, Pause, Wish
from tests.unit.runs.runs_world import DANA, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runs.runs_world import World

TWO = """
name: story
steps: [{name: one, command: /mark one}, {name: two, command: /mark two}]
finally: [/mark last]
"""
TRIES = """
name: story
steps: [{name: two, command: /mark two --fails 1, retry: {max: 1, delay: 0.01}}]
finally: [/mark last]
"""


def paused(at: Any, **more: Any) -> dict[str, Any]:
    """Return what a pause changes."""
    return {"pause": Pause(who="ben", reason="look", at=at, **more)}


async def rested(made: World, run: str) -> None:
    """Let a moment pass, again and again, until the run is paused."""
    async with asyncio.timeout(10):
        while (await made.runs.view(run)).state != "paused":
            await made.clock.advance(0.02)  # type: ignore[attr-defined] # a fake one
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(("text", "held", "done"), [(TWO, "one", ["one"]), (TRIES, "two", [])])
async def test_no_step_and_no_other_try_begins_after_a_pause(
    tmp_path: Path, text: str, held: str, done: list[str]
) -> None:
    """It was said before the next began; told of it later, the run goes on as any other."""
    async with world(tmp_path).open() as made:
        made.effects.held[held] = asyncio.Event()
        run = await made.start(text)
        await made.seen(lambda: held in made.effects.running)
        now = made.clock.now()
        await made.runs._ledger.say(run.id, "", lambda _: paused(now))
        made.effects.held.pop(held).set()
        await rested(made, run.id)
        before = made.effects.names
        await made.runs.resume(run.id, who=DANA)
        view = await made.end(run.id)

    assert (before, view.state, made.effects.names[-2:]) == (done, "succeeded", ["two", "last"])


async def test_a_pause_that_is_over_by_then_holds_nobody_up(tmp_path: Path) -> None:
    """Its time went by while the step before was under way."""
    async with world(tmp_path).open() as made:
        made.effects.held["one"] = asyncio.Event()
        run = await made.start(TWO)
        await made.seen(lambda: "one" in made.effects.running)
        now = made.clock.now()
        until = now + timedelta(seconds=5)
        await made.runs._ledger.say(run.id, "", lambda _: paused(now, until=until))
        await made.clock.advance(6)  # type: ignore[attr-defined] # a fake one
        made.effects.held.pop("one").set()
        view = await made.end(run.id)

    assert (view.state, made.effects.names) == ("succeeded", ["one", "two", "last"])


async def test_a_run_that_has_an_heir_begins_nothing_any_more(tmp_path: Path) -> None:
    """It gives way at once, and what it found is kept in the next generation."""
    async with world(tmp_path).open() as made:
        made.effects.held["one"] = asyncio.Event()
        run = await made.start(TWO)
        await made.seen(lambda: "one" in made.effects.running)
        record = await made.runs._ledger.load(run.id)
        named = {"id": f"{run.id}.2", "generation": 2, "previous": run.id, "delivery": "other"}
        heir = Heir(record=record.model_copy(update=named), wish=Wish())
        told = {"superseded": True, "heir": heir}
        await made.runs._ledger.say(run.id, "", lambda _: told)
        made.effects.held.pop("one").set()
        old = await made.end(run.id)
        view = await made.end(f"{run.id}.2")

    assert (old.state, view.state, view.steps[0].state) == ("cancelled", "succeeded", "kept")
    assert made.effects.names == ["one", "two", "last"]
