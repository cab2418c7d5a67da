"""Steps one after another: what they see, what stops them, what is remembered of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import world

if TYPE_CHECKING:
    from pathlib import Path

    from tgk.ports.runs import RunView


def states(view: RunView) -> dict[str, str]:
    """Return the state of each step at the top, by path."""
    return {step.path: step.state for step in view.steps}


async def test_steps_run_in_order_and_read_what_came_before(tmp_path: Path) -> None:
    """A later step may use the output of an earlier one."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
parameters: [{name: version, required: true}]
steps:
  - {name: build, command: '/mark build --value "${version}"'}
  - {name: ship, command: "/mark ship-${build.output.value}", condition: build.success}
outputs: {shipped: "${ship.output.name}"}
""", parameters={"version": "v1"})

    assert (view.state, view.reason) == ("succeeded", "")
    assert made.effects.names == ["build", "ship-v1"]
    assert view.outputs == {"shipped": "ship-v1"}
    assert states(view) == {"build": "succeeded", "ship": "succeeded"}
