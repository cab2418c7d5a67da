"""Neighbouring looks at once, where somebody wants it so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.runs.runs_world import world

if TYPE_CHECKING:
    from pathlib import Path

    from tgk.ports.runs import RunView

STORY = """
name: looks
steps:
  - {name: one, command: /look one}
  - {name: two, command: /look two}
  - {name: three, command: "/look ${default(one.output.count, 0)}"}
  - {name: change, command: /mark change}
  - {name: four, command: /look four}
"""


def shape(view: RunView) -> list[tuple[str, list[str]]]:
    """Return the steps of the body, each with what is inside it."""
    return [
        (step.path, [inner.path for branch in step.steps for inner in branch.steps])
        for step in view.steps
    ]


async def test_looks_beside_each_other_are_played_at_once(tmp_path: Path) -> None:
    """One that uses another's result waits for it; what changes something stays where it is."""
    made = world(tmp_path)
    async with made.open():
        view = await made.play(STORY, parallel=True)

    assert view.state == "succeeded"
    assert shape(view) == [
        ("one+", ["one", "two"]), ("three", []), ("change", []), ("four", []),
    ]  # fmt: skip
    assert made.effects.names == ["change"]


async def test_nothing_is_played_at_once_that_nobody_asked_for(tmp_path: Path) -> None:
    """In the order of the file."""
    made = world(tmp_path)
    async with made.open():
        view = await made.play(STORY)

    assert [step.path for step in view.steps] == ["one", "two", "three", "change", "four"]


async def test_a_look_that_fails_ends_the_run_after_its_neighbours(tmp_path: Path) -> None:
    """Those that have begun come to their end; nothing behind them begins."""
    made = world(tmp_path)
    async with made.open():
        text = STORY.replace("/look one}", "/gone one}")
        view = await made.play(text, parallel=True)

    steps = {inner.path: inner.state for group in view.steps for branch in group.steps
             for inner in branch.steps}  # fmt: skip
    assert view.state == "failed"
    assert steps == {"one": "failed", "two": "succeeded"}
    assert made.effects.names == []
