"""Names that a run is given: what there is not is refused before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import DANA, world
from tgk.errors import InvalidRequest

if TYPE_CHECKING:
    from pathlib import Path

TYPED = """
name: story
parameters:
  - {name: e, type: environment, default: staging}
  - {name: c, type: component, default: event-gateway}
  - {name: v, type: service, default: event-gateway}
  - {name: u, type: user, default: dana}
steps: ["/mark ${e}", "/mark two"]
"""


def people(name: str) -> tuple[str, ...]:
    """Know dana, and a role."""
    return {"dana": ("dana",), "admins": ("alex",)}.get(name, ())


@pytest.mark.parametrize(
    ("given", "told", "near"),
    [
        ({"e": "mars"}, 'there is no environment "mars"', ()),
        ({"e": "stagin"}, 'there is no environment "stagin"', ("staging",)),
        ({"c": "event-gatewy"}, 'there is no component "event-gatewy"', ("event-gateway",)),
        ({"v": "nosuch"}, 'there is no service "nosuch"', ()),
        ({"u": "nobody"}, 'there is nobody called "nobody"', ()),
        ({"u": "admins"}, 'there is nobody called "admins"', ()),
    ],
)
async def test_a_name_of_nothing_is_refused_at_the_start(
    tmp_path: Path, given: dict[str, str], told: str, near: tuple[str, ...]
) -> None:
    """With what it may have been, and no run of it."""
    made = world(tmp_path)
    made.voters = people
    async with made.open():
        with pytest.raises(InvalidRequest) as refused:
            await made.start(TYPED, parameters=given)
        (fault,) = refused.value.faults

    assert fault.name == next(iter(given))
    assert fault.message.startswith(told)
    assert fault.suggestions[:1] == near
    assert made.effects.names == []


async def test_names_that_there_are_pass_and_others_are_refused_to_a_later_try(
    tmp_path: Path,
) -> None:
    """A resume with other values is checked like a start."""
    made = world(tmp_path)
    made.voters = people
    async with made.open():
        made.effects.failing["two"] = 1
        run = await made.play(TYPED, parameters={"e": "production"})
        with pytest.raises(InvalidRequest, match="was not run") as refused:
            await made.runs.resume(run.id, who=DANA, parameters={"u": "nobody"})

    assert made.effects.names == ["production"]
    assert "nobody" in (refused.value.why or "")


async def test_a_playbook_that_is_played_is_not_given_names_of_nothing_either(
    tmp_path: Path,
) -> None:
    """The step that computed the name fails, and says it."""
    made = world(tmp_path)
    made.write("""
name: inner
parameters: [{name: where, type: environment}]
steps: ["/mark ${where}"]
""")
    async with made.open():
        view = await made.play("""
name: story
steps:
  - {name: plan, set: {where: ma}}
  - {name: sub, playbook: inner, parameters: {where: "${plan.output.where}rs"}}
""")

    assert view.state == "failed"
    assert 'there is no environment "mars"' in view.reason
    assert made.effects.names == []


async def test_a_condition_means_the_environment_whatever_it_was_called(tmp_path: Path) -> None:
    """In the run itself, and in a playbook that it plays."""
    inner = """
name: inner
parameters: [{name: where, type: environment}]
steps: [{command: "/mark inside", condition: where == "development"}]
"""
    story = """
name: story
parameters: [{name: environment, type: environment}]
steps:
  - {command: "/mark outside", condition: environment == "development"}
  - {playbook: inner, parameters: {where: dev}}
"""
    made = world(tmp_path)
    made.write(inner)
    async with made.open():
        view = await made.play(story, parameters={"environment": "dev"})

    assert (view.state, made.effects.names) == ("succeeded", ["outside", "inside"])
    assert view.parameters["environment"] == "development"
