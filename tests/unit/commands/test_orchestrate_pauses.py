"""Runs that are paused, resumed from where somebody says, or ended by hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.unit.commands.made_runs import labels, put, until
from tgk.ports.runs import Checkpoint, StepView

if TYPE_CHECKING:
    from tests.conftest import World


async def test_a_run_is_paused_for_a_reason_and_a_time(world: World) -> None:
    """The id CP-… of its checkpoint can be resumed from."""
    put(world)

    outcome = await world.run(
        '/orchestrate pause --workflow WF-2026-001 --reason "Manual verification required"'
        " --checkpoint --timeout 30",
        "dana",
    )
    listed = await world.run("/orchestrate checkpoints --workflow WF-2026-001", "devi")

    assert outcome.reply.title == "canary is paused"
    assert outcome.reply.data["state"] == "paused"
    assert "Manual verification required" in outcome.reply.data["reason"]
    until = (await world.runs.view("WF-2026-001")).until
    assert until is not None
    assert 1790 < (until - world.clock.now()).total_seconds() <= 1800
    assert labels(outcome) == ["Resume", "Details"]
    assert {block.kind for block in outcome.reply.blocks} == {"facts"}, "it stays as it is"
    assert [each["id"] for each in listed.reply.data["checkpoints"]] == ["CP-001"]
    assert labels(listed) == ["Resume from CP-001"]


async def test_a_pause_that_waits_for_steps_names_them(world: World) -> None:
    """Those under way, and none that has ended."""
    steps = [
        StepView(path=name, name=name, kind="command", state=state)
        for name, state in (("deploy", "succeeded"), ("verify", "running"), ("ask", "waiting"))
    ]
    put(world, steps=tuple(steps), pausing=True)

    outcome = await world.run("/orchestrate pause current", "dana")

    assert outcome.reply.title == "canary pauses after this step"
    assert outcome.reply.plain is not None
    assert "Under way: verify, ask" in outcome.reply.plain.lines


async def test_a_pause_without_words_names_who_did_it(world: World) -> None:
    """So that nobody has to ask."""
    put(world)

    outcome = await world.run("/orchestrate pause current", "dana")

    assert outcome.reply.data["reason"] == "dana: paused by dana"


async def test_a_paused_run_goes_on_and_is_followed(world: World) -> None:
    """To its end, like one that was just started."""
    put(world, state="paused")
    resumed = asyncio.ensure_future(world.run("/orchestrate resume WF-2026-001", "dana"))
    await until(lambda: world.shown)
    assert world.shown[-1].title == "canary is running"
    world.runs.change("WF-2026-001", state="succeeded")

    assert (await resumed).reply.title == "canary succeeded"
    assert not (await resumed).reply.mirrored  # whoever started it tells everybody else


@pytest.mark.parametrize(
    "options",
    [
        '--from-step "deploy-frontend"',
        "--skip-failed",
        '--parameters "version=v1.4.1, watch=60"',
        "--checkpoint CP-123",
    ],
)
async def test_a_failed_run_begins_anew_where_it_is_told(world: World, options: str) -> None:
    """Each option makes a new generation of the run."""
    put(world, state="failed")
    line = f"/orchestrate resume --workflow WF-2026-001 {options}"
    resumed = asyncio.ensure_future(world.run(line, "dana"))
    await until(lambda: world.shown)
    world.runs.change("WF-2026-001.2", state="succeeded")

    outcome = await resumed

    assert outcome.reply.data["id"] == "WF-2026-001.2"
    assert outcome.reply.data["previous"] == "WF-2026-001"
    if "parameters" in options:
        assert outcome.reply.data["parameters"] == {"version": "v1.4.1", "watch": "60"}


async def test_checkpoints_are_listed_with_a_way_back(world: World) -> None:
    """Oldest first, the newest as the first button; none while the run goes on."""
    put(world)
    for number, step in ((121, "deploy"), (123, "verify")):
        world.runs.keep(
            Checkpoint(id=f"CP-{number}", run="WF-2026-001", at=world.clock.now(), step=step,
                       reason="step", done=number - 120)
        )  # fmt: skip

    going = await world.run("/orchestrate checkpoints WF-2026-001", "dana")
    world.runs.change("WF-2026-001", state="failed")
    outcome = await world.run("/orchestrate checkpoints WF-2026-001", "dana")

    assert (going.reply.actions, "pause WF-2026-001 first" in str(going.reply)) == ((), True)
    assert outcome.reply.title == "2 checkpoints of WF-2026-001"
    assert [each["id"] for each in outcome.reply.data["checkpoints"]] == ["CP-121", "CP-123"]
    assert outcome.reply.actions[0].arguments == {
        "workflow": "WF-2026-001", "checkpoint": "CP-123",
    }  # fmt: skip


async def test_what_a_later_generation_went_past_is_offered_no_more(world: World) -> None:
    """Neither by a button nor by a name to complete; the list says why."""
    put(world)
    await world.run("/orchestrate pause WF-2026-001 --checkpoint", "dana")
    before = await world.run("/orchestrate checkpoints WF-2026-001", "dana")
    await world.runs.resume("WF-2026-001", who=world.caller("dana"), from_step="deploy")
    world.runs.change("WF-2026-001.2", state="failed")
    after = await world.run("/orchestrate checkpoints WF-2026-001", "dana")
    view = world.dispatcher.view(world.asked("status", {}, world.caller("dana")))
    named = {"workflow": "WF-2026-001"}

    assert (labels(before), labels(after)) == (["Resume from CP-001"], [])
    assert after.reply.title == "WF-2026-001.2 has no checkpoints"
    assert "WF-2026-001.2 has gone on since" in after.reply.model_dump_json()
    assert await view.complete("orchestrate resume", "checkpoint", "", named) == ()


async def test_to_complete_a_run_its_id_is_typed(world: World) -> None:
    """First the question, then the end; the reason is kept."""
    put(world)
    line = "/orchestrate complete --workflow WF-2026-001 --force --reason stuck"

    asked = await world.run(line, "alex")
    done = await world.run(f"{line} --typed WF-2026-001", "alex")

    over = await world.run(f"{line} --typed WF-2026-001", "alex")
    put(world)
    unread = await world.run(line, "alex", confirmed=True)

    assert asked.result == "pending"
    assert (over.result, over.reply.title) == ("denied", "WF-2026-001 is over already.")
    assert over.reply.data["do"] == "/orchestrate status WF-2026-001 shows how it ended."
    assert (unread.result, "needed: WF-2026-001" in unread.reply.data["why"]) == ("invalid", True)
    assert asked.reply.data["confirm"] == "--typed WF-2026-001"
    [button] = asked.reply.actions
    assert (button.asks, button.only, button.confirms) == (("typed",), "alex", True)
    assert (done.result, done.reply.data["state"]) == ("success", "forced")
    assert done.reply.data["reason"] == "alex: stuck"
