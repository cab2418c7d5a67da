"""Other values for a run that goes on: nothing done with former ones is kept in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestration.playbook.load import load
from orchestration.runs.changes import readers_of
from tests.unit.runs.runs_world import DANA, world
from tgk.errors import Conflict, Missing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runs.runs_world import World
    from tgk.ports.runs import RunView

TEXT = """
name: story
parameters: [{name: version, default: v1}, {name: note, default: none}]
steps:
  - {name: before, command: /mark before}
  - {name: deploy, command: "/mark deploy-${version}"}
  - {name: ask, command: "/mark ask"}
"""
INNER = """
name: inner
parameters: [what, other]
steps: [{name: does, command: "/mark ${what}"}, {name: not, command: "/mark ${other}"}]
"""


async def failed(made: World) -> RunView:
    """Return a run that deployed v1 and failed behind it."""
    made.effects.failing["ask"] = 1
    return await made.play(TEXT)


async def test_a_kept_step_that_read_a_changed_value_is_not_kept_in_silence(tmp_path: Path) -> None:
    """The refusal names it and the ways out, and changes nothing."""
    async with world(tmp_path).open() as made:
        run = await failed(made)
        with pytest.raises(Conflict, match="not resumed with other values") as told:
            await made.runs.resume(run.id, who=DANA, parameters={"version": "v2"})
        after = await made.runs.view(run.id)

    assert told.value.why == "deploy was done with version=v1 and would be kept."
    assert told.value.remedy.startswith("--from-step deploy does it again from there")
    assert after.id == run.id


@pytest.mark.parametrize("given", [{"note": "well"}, {"version": "v1"}])
async def test_values_that_nothing_kept_has_read_are_changed_at_once(
    tmp_path: Path, given: dict[str, str]
) -> None:
    """So are those that are the same as before."""
    async with world(tmp_path).open() as made:
        run = await failed(made)
        again = await made.runs.resume(run.id, who=DANA, parameters=given)
        view = await made.end(again.id)

    assert (view.state, view.kept_with) == ("succeeded", "")
    assert made.effects.names == ["before", "deploy-v1", "ask"]


async def test_the_step_that_is_named_is_done_again_with_the_new_value(tmp_path: Path) -> None:
    """And then nothing is kept that read the former one."""
    async with world(tmp_path).open() as made:
        run = await failed(made)
        again = await made.runs.resume(
            run.id, who=DANA, parameters={"version": "v2"}, from_step="deploy"
        )
        view = await made.end(again.id)

    assert (view.state, view.kept_with) == ("succeeded", "")
    assert made.effects.names == ["before", "deploy-v1", "deploy-v2", "ask"]


async def test_a_later_step_that_is_named_says_with_what_the_earlier_is_kept(
    tmp_path: Path,
) -> None:
    """In the run and at the step, also in a generation that changes nothing more."""
    async with world(tmp_path).open() as made:
        run = await failed(made)
        again = await made.runs.resume(
            run.id, who=DANA, parameters={"version": "v2"}, from_step="ask"
        )
        view = await made.end(again.id)
        third = await made.runs.resume(view.id, who=DANA, from_step="ask")

    assert view.kept_with == third.kept_with == "version=v1: deploy"
    assert view.steps[1].note.startswith("kept with version=v1")
    assert made.effects.names[:3] == ["before", "deploy-v1", "ask"]


async def test_what_succeeded_is_resumed_only_from_a_step(tmp_path: Path) -> None:
    """Neither other values nor skipped failures make it run ``finally`` again."""
    async with world(tmp_path).open() as made:
        run = await made.play(TEXT)
        for more in ({}, {"skip_failed": True}, {"parameters": {"note": "x"}}):
            with pytest.raises(Conflict, match="has succeeded") as told:
                await made.runs.resume(run.id, who=DANA, **more)
        again = await made.runs.resume(run.id, who=DANA, from_step="ask")

    assert "--from-step" in told.value.remedy
    assert again.id == f"{run.id}.2"


async def test_where_nothing_goes_on_current_names_the_newest(tmp_path: Path) -> None:
    """With its playbook and its end."""
    async with world(tmp_path).open() as made:
        run = await failed(made)
        with pytest.raises(Missing, match="No run is going on") as told:
            await made.runs.current("dana")

    assert told.value.remedy == f"Newest: {run.id} (story, failed)."


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ('- {name: a, command: "/mark ${what}"}\n- {name: b, command: /mark b}', {"a"}),
        ('- {name: a, command: /mark a, condition: what == "x"}', {"a"}),
        ('- {name: s, set: {v: "${what}"}}\n- {name: b, command: "/mark ${s.output.v}"}',
         {"s", "b"}),
        ('- {name: s, set: {v: "${what}"}}\n- {name: b, command: "/mark ${steps.s.output.v}"}',
         {"s", "b"}),
        ('- {name: p, playbook: inner, parameters: {what: "${what}", other: x}}', {"p", "p/does"}),
        ("- {name: p, playbook: inner, parameters: {what: y, other: x}}", set()),
        ('- {name: e, items: ["${what}"], as: it, steps: [{name: i, command: /mark i}]}',
         {"e", "e/i"}),
        ('- {name: c, condition: what == "x", then: [{name: t, command: /mark t}]}',
         {"c", "c/then/t"}),
        ("- {name: g, steps: [{name: i, command: /mark i}]}", set()),
        ('- {name: w, wait: "${what}"}', {"w"}),
        ('- {name: a, approval: {prompt: "${what}?"}}', {"a"}),
    ],
)  # fmt: skip
def test_a_value_is_followed_through_all_that_is_computed_from_it(
    steps: str, found: set[str]
) -> None:
    """Through conditions, set steps, loops and other playbooks."""
    text = f"name: story\nparameters: [what]\nsteps:\n{steps}\n"
    book, inner = (load(each.encode(), "story.yaml").playbook for each in (text, INNER))
    assert book is not None
    assert inner is not None

    assert readers_of(book, {"story": book, "inner": inner}, {"what"}) == found


async def test_the_first_try_can_still_be_looked_at(tmp_path: Path) -> None:
    """The bare id means the newest generation, ``.1`` behind it the first."""
    async with world(tmp_path).open() as made:
        run = await failed(made)
        again = await made.runs.resume(run.id, who=DANA)
        await made.end(again.id)
        newest, first = await made.runs.view(run.id), await made.runs.view(f"{run.id}.1")
        with pytest.raises(Conflict, match="has ended") as told:
            await made.runs.complete(run.id, who="dana", reason="")

    assert (newest.state, first.id, first.state) == ("succeeded", run.id, "failed")
    assert told.value.why == "Done."
