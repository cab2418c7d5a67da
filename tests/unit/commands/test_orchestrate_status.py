"""Runs that are looked at: which there are, one in full, and which one is ``current``."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.unit.commands.made_runs import put
from tgk.ports.runs import RunRequest, StepView

if TYPE_CHECKING:
    from tests.conftest import World


async def test_for_debugging_the_log_has_what_each_step_found(world: World) -> None:
    """Only where it was asked for."""
    request = RunRequest(playbook="canary", debug=True)
    found = StepView(path="a", name="a", kind="command", state="succeeded", output={"passed": 9})
    put(world, request=request, steps=(found,))

    outcome = await world.run("/orchestrate status WF-2026-001 --detailed", "dana")

    [log] = [block for block in outcome.reply.blocks if block.kind == "log"]
    assert log.lines[1] == '    {"passed": 9}'


async def test_status_lists_what_goes_on_and_what_has_ended(world: World) -> None:
    """Without options what goes on; with all or a history what ended as well."""
    put(world)
    put(world, run="WF-2026-002", state="succeeded", ended=world.clock.now())
    old = world.clock.now() - timedelta(days=9)
    put(world, run="WF-2026-003", state="failed", asked=old, ended=old)

    async def seen(options: str) -> list[str]:
        outcome = await world.run(f"/orchestrate status {options}", "devi")
        return [each["id"] for each in outcome.reply.data["runs"]]

    assert await seen("") == await seen("--running") == ["WF-2026-001"]
    assert await seen("--all") == ["WF-2026-003", "WF-2026-002", "WF-2026-001"]
    assert await seen("--history 7") == ["WF-2026-002", "WF-2026-001"]
    assert await seen("--history 7 --all") == ["WF-2026-002", "WF-2026-001"]
    assert await seen("--history 30 --running") == ["WF-2026-001"]
    both = await world.run("/orchestrate status --running --all", "devi")
    assert (both.result, both.reply.data["why"]) == ("invalid", "running: not with --all")


async def test_status_shows_one_run_in_full(world: World) -> None:
    """By its id, or as current; detailed brings the log of every step."""
    put(world)

    short = await world.run("/orchestrate status --workflow current", "dana")
    whole = await world.run("/orchestrate status --workflow WF-2026-001 --detailed", "dana")

    assert short.reply.data == whole.reply.data
    assert short.reply.plain is not None
    assert short.reply.plain.headline == "WF-2026-001 canary is running"
    logs = [block for block in whole.reply.blocks if block.kind == "log"]
    assert logs[0].lines == (
        "11:58:20 began     deploy (attempt 2 of 3)",
        "12:00:00 succeeded deploy (attempt 2 of 3 · well) audit abc123",
        "--:--:-- failed    verify (2 tests failed)",
    )
    assert whole.reply.plain is not None
    assert [line for line in logs[0].lines if line not in whole.reply.plain.lines] == []
    assert not [block for block in short.reply.blocks if block.kind == "log"]


async def test_runs_are_counted_as_people_say_it(world: World) -> None:
    """One is one; what goes on is told where not all of it does."""
    put(world)
    going = await world.run("/orchestrate status", "dana")
    world.runs.change("WF-2026-001", state="failed")
    over = await world.run("/orchestrate status --all", "dana")
    none = await world.run("/orchestrate checkpoints WF-2026-001", "dana")

    assert (going.reply.title, over.reply.title) == ("1 run", "1 run, none going on")
    assert none.reply.plain is not None
    assert "--checkpoint" in none.reply.plain.lines[0]


async def test_nothing_to_see_says_what_to_do(world: World) -> None:
    """An empty list is not an error."""
    outcome = await world.run("/orchestrate status", "dana")

    assert outcome.result == "success"
    assert "/orchestrate library" in outcome.reply.model_dump_json()


async def test_current_is_one_s_own_or_the_only_one(world: World) -> None:
    """Of several that are not theirs somebody must name one; without any, the newest are named."""
    none = await world.run("/orchestrate status --workflow current", "alex")
    put(world)
    only = await world.run("/orchestrate status --workflow current", "alex")
    put(world, run="WF-2026-002")
    several = await world.run("/orchestrate status --workflow current", "alex")
    own = await world.run("/orchestrate status --workflow current", "dana")

    assert (none.result, only.result, several.result) == ("invalid", "success", "denied")
    assert "WF-2026-001, WF-2026-002" in several.reply.data["why"]
    assert own.reply.data["id"] == "WF-2026-002"


@pytest.mark.parametrize("verb", ["status", "analyze", "trace", "checkpoints"])
async def test_when_all_is_over_current_is_the_newest_of_ones_own(world: World, verb: str) -> None:
    """Whoever was called about a failure looks back without knowing its id."""
    put(world, "WF-2026-001", state="failed", ended=world.clock.now())
    put(world, "WF-2026-002", state="failed", ended=world.clock.now())
    put(world, "WF-2026-003", starter=world.caller("ben"), state="succeeded")

    own = await world.run(f"/orchestrate {verb} current", "dana")
    none = await world.run(f"/orchestrate {verb} current", "alex")

    assert "WF-2026-002" in own.reply.model_dump_json()
    assert (none.result, "Newest" in none.reply.data["do"]) == ("invalid", True)


async def test_current_of_resume_is_the_paused_one(world: World) -> None:
    """Else the newest of one's own, such as one that failed; pausing never means what is over."""
    put(world, "WF-2026-001", state="paused")
    put(world, "WF-2026-002", state="running")
    going = asyncio.ensure_future(world.run("/orchestrate resume current", "dana"))
    while (await world.runs.view("WF-2026-001")).state != "running":
        await asyncio.sleep(0)
    world.runs.change("WF-2026-001", state="succeeded")
    world.runs.change("WF-2026-002", state="failed")
    await going
    anew = asyncio.ensure_future(world.run("/orchestrate resume current --skip-failed", "dana"))
    while (await world.runs.view("WF-2026-002")).id != "WF-2026-002.2":
        await asyncio.sleep(0)
    world.runs.change("WF-2026-002.2", state="succeeded")

    assert (await anew).result == "success"
    assert (await anew).reply.mirrored
    assert (await world.run("/orchestrate pause current", "dana")).result == "invalid"
