"""Playbooks that are played by steps, and loops: what they promise inside of others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runs.runs_world import World

INNER = """
name: inner
parameters: [{name: n, type: int, default: 1}]
transaction: true
locks: ['inner-${n}']
timeout: 60
steps:
  - {name: a, command: '/mark a-${n}', undo: ['/mark undo-a-${n}']}
  - {name: b, command: '/mark b-${n}'}
finally: ['/mark tidied-${n}']
outputs: {did: "${b.output.name}"}
"""


def halted(made: World) -> list[str]:
    """Return how steps have halted what is inside of them."""
    memories = [play.means.memory for play in made.runs._plays.values()]
    return [step.halted for memory in memories for step in memory if step.halted]


async def test_another_playbook_takes_back_its_own_and_tidies_up(tmp_path: Path) -> None:
    """All or nothing inside of a step, before the run's own handlers."""
    made = world(tmp_path)
    made.write(INNER)
    async with made.open():
        made.effects.failing["b-2"] = 9
        view = await made.play("""
name: story
steps:
  - name: sub
    playbook: inner
    parameters: {n: 2}
    recover: true
    on_failure: ['/mark told --value ${error.type}']
  - /mark next
""")

    assert view.state == "succeeded"
    assert made.effects.names == ["a-2", "undo-a-2", "tidied-2", "told", "next"]
    assert view.steps[0].state == "failed"
    assert view.steps[0].output["rolled_back"] is True
    assert view.steps[0].steps[0].state == "undone"


async def test_every_attempt_of_another_playbook_is_all_or_nothing(tmp_path: Path) -> None:
    """What the first attempt took back is done again by the second, and then stands."""
    made = world(tmp_path)
    made.write(INNER)
    async with made.open():
        made.effects.failing["b-1"] = 1
        view = await made.play("""
name: story
transaction: true
steps:
  - {name: sub, playbook: inner, retry: {max: 1, delay: 1}}
  - {name: bad, command: /mark bad --fails 9}
""")

    assert view.state == "rolled_back"
    assert made.effects.names == [
        "a-1", "undo-a-1", "tidied-1", "a-1", "b-1", "tidied-1", "undo-a-1",
    ]  # fmt: skip


async def test_another_playbook_has_no_more_time_than_it_says(tmp_path: Path) -> None:
    """It has timed out, was taken back, and its last words were said."""
    made = world(tmp_path)
    made.write(INNER)
    async with made.open():
        made.effects.held["b-1"] = asyncio.Event()
        started = await made.start("name: story\nsteps: [{name: sub, playbook: inner}]\n")
        await made.seen(lambda: "b-1" in made.effects.running)
        await made.until(lambda: "b-1" in made.effects.stopped)
        made.effects.held.clear()
        view = await made.end(started.id)

    assert (view.state, view.steps[0].state) == ("failed", "timed_out")
    assert made.effects.names == ["a-1", "undo-a-1", "tidied-1"]


async def test_another_playbook_holds_its_locks_while_it_is_played(tmp_path: Path) -> None:
    """Two of them beside each other take turns; then the lock is free."""
    made = world(tmp_path)
    made.write(INNER)
    async with made.open():
        view = await made.play("""
name: story
steps:
  - name: fan
    branches:
      - {name: x, steps: [{name: one, playbook: inner}]}
      - {name: y, steps: [{name: two, playbook: inner}]}
""")
        left = await made.locks.held()

    assert (view.state, left) == ("succeeded", ())
    assert made.effects.names == ["a-1", "b-1", "tidied-1"] * 2


async def test_a_value_that_does_not_fit_fails_the_step_before_anything_is_done(
    tmp_path: Path,
) -> None:
    """The parameter's type counts inside, too; another try would be the same."""
    made = world(tmp_path)
    made.write(INNER)
    async with made.open():
        view = await made.play("""
name: story
variables: {n: many}
steps:
  - {name: what, command: "/mark ${n}"}
  - {name: sub, playbook: inner, parameters: {n: "${what.output.name}"}, retry: 2}
""")

    assert (view.state, made.effects.names) == ("failed", ["many"])
    assert view.steps[1].attempt == 1
    assert "whole number" in view.reason


async def test_a_run_forced_inside_of_another_playbook_tidies_up_both(tmp_path: Path) -> None:
    """Nothing is taken back: that was not what somebody asked for."""
    made = world(tmp_path)
    made.write(INNER)
    async with made.open():
        made.effects.held["b-1"] = asyncio.Event()
        started = await made.start(
            "name: story\nsteps: [{name: sub, playbook: inner}]\nfinally: [/mark last]\n"
        )
        await made.seen(lambda: "b-1" in made.effects.running)
        await made.runs.complete(started.id, who="dana", reason="enough")
        await made.seen(lambda: "b-1" in made.effects.stopped)
        made.effects.held.clear()
        view = await made.end(started.id)

    assert (view.state, made.effects.names) == ("forced", ["a-1", "tidied-1", "last"])


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        ("cancel", ["b-0"]),
        ("drain", ["b-0", "b-1"]),
        ("'off'", ["b-0", "b-1", "c-0", "c-1"]),
    ],
)
async def test_a_failing_item_does_to_the_others_what_the_author_says(
    tmp_path: Path, mode: str, names: list[str]
) -> None:
    """Two at once: stop them, begin no more items, or nothing."""
    async with world(tmp_path).open() as made:
        made.effects.held.update({"a-1": asyncio.Event(), "b-1": asyncio.Event()})
        made.effects.failing["a-1"] = 9
        started = await made.start(f"""
name: story
steps:
  - name: each
    items: [a, b, c]
    as: it
    max_parallel: 2
    fail_fast: {mode}
    steps:
      - {{name: wait, command: "/mark ${{it}}-0", condition: "it != 'a'"}}
      - {{name: do, command: "/mark ${{it}}-1"}}
""")
        await made.seen(lambda: {"a-1", "b-1"} <= made.effects.running)
        made.effects.held.pop("a-1").set()
        if mode == "cancel":
            await made.seen(lambda: "b-1" in made.effects.stopped)
        elif mode == "drain":
            await made.seen(lambda: bool(halted(made)))
        else:
            await made.seen(lambda: "c-1" in made.effects.names)
        made.effects.held.pop("b-1").set()
        view = await made.end(started.id)

    [each] = view.steps
    assert view.state == "failed"
    assert sorted(made.effects.names) == names
    assert [one["status"] for one in each.output["items"]] == [one.state for one in each.steps]
