"""Who may let a run reach outside of the commands: the policy says so, by host and by program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import DANA, world
from tests.unit.runs.test_run_outward import ALLOWED, Outside
from tgk.errors import Denied
from tgk.testing.guard import FakeGuard

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runs.runs_world import World

INSIDE = {"/mark", "/look"}
HTTP = "name: story\nsteps: [{name: call, http: {url: 'https://hooks.example/${run.id}'}}]\n"
SHELL = "name: story\nsteps: [{name: do, shell: [tool, --all]}]\n"
DEEP = """
name: story
steps:
  - name: each
    foreach: {items: [1], as: it}
    steps: [{command: /mark a, on_failure: [{name: b, shell: [tool]}]}]
finally: [{name: last, http: {url: 'https://hooks.example/x'}}]
"""


def bounded(folder: Path, *permissions: str) -> World:
    """Return a world in which dana may use these, and marks."""
    made = world(folder, guard=FakeGuard({"dana": {*INSIDE, *permissions}, "alex": {"*"}}))
    made.allowed, made.outward = ALLOWED, Outside()
    return made


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (HTTP, ["/http hooks.example (call)"]),
        (SHELL, ["/shell tool (do)"]),
        (DEEP, ["/shell tool (each/", "/http hooks.example (finally/last)"]),
    ],
)
async def test_who_may_not_reach_it_does_not_start_it(
    tmp_path: Path, text: str, named: list[str]
) -> None:
    """Wherever the step stands; the refusal names the host or the program, and who may."""
    made = bounded(tmp_path)
    async with made.open():
        with pytest.raises(Denied) as refused:
            await made.start(text)

    assert [each for each in named if each not in refused.value.why] == []
    assert "alex" in refused.value.remedy
    assert made.outward.asked == []


@pytest.mark.parametrize(("text", "right"), [(HTTP, "/http"), (SHELL, "/shell")])
async def test_who_may_reach_it_does(tmp_path: Path, text: str, right: str) -> None:
    """With the one permission, and no other."""
    made = bounded(tmp_path, right)
    async with made.open():
        view = await made.play(text)
        asked = {(what, target.service) for _, what, target in made.guard.asked}

    assert view.state == "succeeded"
    assert (right, "hooks.example" if right == "/http" else "tool") in asked


@pytest.mark.parametrize(("environment", "may"), [("staging", True), ("production", False)])
async def test_a_right_for_one_environment_is_none_for_another(
    tmp_path: Path, environment: str, may: bool
) -> None:
    """The environment is the one that the run is aimed at."""
    made = bounded(tmp_path, "/http@staging")
    async with made.open():
        if may:
            view = await made.play(HTTP, environment=environment)
            assert view.state == "succeeded"
        else:
            with pytest.raises(Denied):
                await made.start(HTTP, environment=environment)


async def test_a_run_that_names_no_environment_needs_the_right_in_each(tmp_path: Path) -> None:
    """Leaving it out, or calling the parameter otherwise, evades no rule."""
    text = HTTP.replace("steps:", "parameters: {where: {default: staging}}\nsteps:")
    everywhere = ("/http@-", "/http@development", "/http@staging")
    made = bounded(tmp_path, *everywhere)
    async with made.open():
        with pytest.raises(Denied):
            await made.start(text)

    more = tmp_path / "more"
    more.mkdir()
    made = bounded(more, *everywhere, "/http@production")
    async with made.open():
        assert (await made.play(text)).state == "succeeded"


async def test_a_right_that_was_taken_away_counts_at_the_step_itself(tmp_path: Path) -> None:
    """Nothing is called, nothing tried again, and the audit log has the refusal."""
    made = bounded(tmp_path, "/http")
    held = HTTP.replace("[{", "[/mark hold, {retry: 3, ")
    async with made.open():
        made.effects.held["hold"] = asyncio.Event()
        started = await made.start(held)
        await made.seen(lambda: "hold" in made.effects.running)
        made.guard._table = {DANA.person: INSIDE}
        made.effects.held.pop("hold").set()
        view = await made.end(started.id)

    assert (view.state, made.outward.asked) == ("failed", [])
    assert (view.steps[1].attempt, view.steps[1].note) == (
        1, "the policy does not let dana do /http hooks.example",
    )  # fmt: skip
    (refused,) = [end for each, end in made.journal.conclusions if each.command.endswith("step")]
    assert (refused.result, refused.allowed) == ("denied", False)


async def test_whoever_resumes_it_needs_the_right_themselves(tmp_path: Path) -> None:
    """A run of somebody with more rights lends them to nobody."""
    made = bounded(tmp_path, "/http")
    made.outward = None
    async with made.open():
        failed = await made.play(HTTP)
        made.outward = Outside()
        ben = DANA.model_copy(update={"person": "ben", "user_id": "7000006"})
        with pytest.raises(Denied):
            await made.runs.resume(failed.id, who=ben, from_step="call")

    assert failed.state == "failed"
