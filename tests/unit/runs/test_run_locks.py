"""Locks of runs and steps: in order, over one another, and never for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestration.locks import StoredLocks
from orchestration.runs.deadlocks import Deadlock, Waiting, circle, inside, require_no_circle
from orchestration.runs.staging import RunLimits
from tests.unit.runs.runs_world import world
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

CROSS = """
name: {0}
locks: ['{0}']
steps: [/mark {0}-first, {{name: cross, command: /mark {0}-cross, locks: ['{1}']}}]
finally: [/mark {0}-tidied]
"""


@pytest.mark.parametrize(
    ("holder", "outer", "is_inside"),
    [
        ("WF-1", "WF-1", True),
        ("WF-1:a", "WF-1", True),
        ("WF-1:a/b", "WF-1:a", True),
        ("WF-1:a[2]/b", "WF-1:a", True),
        ("WF-1:a/b", "WF-1:a/", True),
        ("WF-1:ab", "WF-1:a", False),
        ("WF-1.2", "WF-1", False),
        ("WF-1", "WF-1:a", False),
        ("ana", "an", False),
    ],
)
def test_a_part_holds_what_the_whole_holds(holder: str, outer: str, *, is_inside: bool) -> None:
    """A step is inside of its run and of the steps around it, and of nothing of a like name."""
    assert inside(holder, outer) == is_inside


def test_a_circle_is_found_over_any_number_of_runs() -> None:
    """Three wait for one another; whoever stands aside is no part of it."""
    held = {"a": "R1", "b": "R2", "c": "R3", "d": "ana"}
    rows = [Waiting("R2:x", "c"), Waiting("R3:y", "a"), Waiting("R4", "a"), Waiting("R4", "d")]

    found = circle(Waiting("R1:s", "b"), held, rows)

    assert found == (Waiting("R1:s", "b"), Waiting("R2:x", "c"), Waiting("R3:y", "a"))
    assert circle(Waiting("R4", "a"), held, rows) is None
    assert circle(Waiting("R1:s", "d"), held, rows) is None
    assert circle(Waiting("R1:s", "a"), held, rows) is None


def test_only_who_came_last_gives_way() -> None:
    """Whoever waits in the same circle goes on waiting, and gets the lock."""
    held = {"a": "R1", "b": "R2"}
    first, last = Waiting("R1:s", "b"), Waiting("R2:t", "a")

    require_no_circle(first, held, [first, last])
    with pytest.raises(Deadlock, match="step t of R2 waits for a, which R1 holds"):
        require_no_circle(last, held, [first, last])


async def test_of_two_that_wait_for_one_another_one_gives_way(tmp_path: Path) -> None:
    """It fails with who holds what; the other one goes on."""
    async with world(tmp_path).open() as made:
        made.effects.held.update({"a-first": asyncio.Event(), "b-first": asyncio.Event()})
        runs = [await made.start(CROSS.format(*pair)) for pair in ("ab", "ba")]
        await made.seen(lambda: {"a-first", "b-first"} <= made.effects.running)
        for event in (made.effects.held.pop("a-first"), made.effects.held.pop("b-first")):
            event.set()
        ends = [await made.end(each.id) for each in runs]
        left = await made.locks.held()

    assert sorted(end.state for end in ends) == ["failed", "succeeded"]
    failed = next(end for end in ends if end.state == "failed")
    other = next(end.id for end in ends if end is not failed)
    assert f"step cross of {failed.id} waits for" in failed.reason
    assert f"step cross of {other} waits for" in failed.reason
    assert {"a-tidied", "b-tidied"} <= set(made.effects.names)
    assert left == ()


async def test_what_a_run_holds_is_held_by_its_steps(tmp_path: Path) -> None:
    """A step inside of another that has the lock does not wait for itself."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
locks: [run]
steps:
  - name: group
    locks: [group]
    steps: [{name: one, command: /mark one, locks: [run, group, own]}]
""")

    assert (view.state, made.effects.names) == ("succeeded", ["one"])


@pytest.mark.parametrize("where", ["run", "step"])
async def test_nobody_waits_for_a_lock_for_ever(tmp_path: Path, where: str) -> None:
    """After the longest time the run or the step fails, naming who has the lock and why."""
    text = {
        "run": "name: story\nlocks: [x]\nsteps: [/mark one]\nfinally: [/mark tidied]\n",
        "step": "name: story\nsteps: [{name: s, command: /mark one, locks: [x]}]\n"
        "finally: [/mark tidied]\n",
    }
    async with world(tmp_path, limits=RunLimits(lock_wait=60)).open() as made:
        await made.locks.acquire("x", "ana", "freeze")
        view = await made.play(text[where])

    assert view.state == "failed"
    assert "x is locked by ana. freeze; waited for 60 s" in view.reason
    assert made.effects.names == ([] if where == "run" else ["tidied"])


async def test_how_long_a_lock_is_waited_for_is_counted_over_a_restart(tmp_path: Path) -> None:
    """Forty seconds before and thirty after it are more than the sixty that anybody waits."""
    limits, clock = RunLimits(lock_wait=60), FakeClock()
    async with world(tmp_path, limits=limits, clock=clock).open(grace=0.05) as first:
        await first.locks.acquire("x", "ana", "freeze")
        started = await first.start(
            "name: story\nsteps: [{name: s, command: /mark one, locks: [x]}]\n"
        )
        await first.state(started.id, "waiting")
        await clock.advance(40)

    async with world(tmp_path, limits=limits, clock=FakeClock(clock.now())).open() as second:
        before = second.clock.now()
        view = await second.end(started.id)

    assert "x is locked by ana. freeze; waited for 60 s" in view.reason
    assert (second.clock.now() - before).total_seconds() < 40


async def test_a_process_that_stops_leaves_the_lock_to_the_next_life(tmp_path: Path) -> None:
    """Nobody gets in between while the step that has it is under way."""
    async with world(tmp_path).open(grace=0.05) as first:
        first.effects.held["one"] = asyncio.Event()
        started = await first.start(
            "name: story\nsteps: [{name: s, command: /mark one, locks: [x]}]\n"
        )
        await first.seen(lambda: "one" in first.effects.running)

    store = world(tmp_path)
    async with store.store:
        held = await StoredLocks(store.store, store.clock).held()
    async with world(tmp_path).open() as second:
        view = await second.state(started.id, "succeeded")
        left = await second.locks.held()

    assert [(lock.key, lock.holder) for lock in held] == [("x", f"{started.id}:s")]
    assert (second.effects.names, left, view.state) == (["one"], (), "succeeded")
