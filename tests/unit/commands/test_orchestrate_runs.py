"""Runs that are started: with what, by whom, how they are followed and who hears of their end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.commands.made_runs import ending, labels, put, until
from tgk.ports.board import Place
from tgk.ports.runs import RunRequest

if TYPE_CHECKING:
    from tests.conftest import World

RUN = "/orchestrate run --playbook deploy-web-app --parameters version=v1.4.0"


async def test_every_option_of_run_reaches_the_engine(world: World) -> None:
    """Minutes become seconds; pairs become parameters; the environment is told as it was named."""
    runs = ending(world)

    line = f"{RUN} --parameters watch=60 --environment production --parallel --checkpoint"
    outcome = await world.run(f"{line} --timeout 30 --debug --verbose", "dana")

    assert outcome.result == "success"
    assert runs.requests == [
        RunRequest(
            playbook="deploy-web-app", parameters={"version": "v1.4.0", "watch": "60"},
            environment="production", parallel=True, checkpoint=True, timeout=1800.0, debug=True,
            verbose=True,
        )
    ]  # fmt: skip
    assert outcome.reply.data["id"] == "WF-2026-001"
    assert outcome.reply.data["state"] == "succeeded"


async def test_the_family_alone_runs(world: World) -> None:
    """As in ``/orchestrate --playbook …``."""
    runs = ending(world)
    name, raw = "orchestrate run", {"playbook": "daily-backup"}

    await world.dispatcher.run(world.asked(name, raw, world.caller("dana")))

    assert world.registry.defaults["orchestrate"] == name
    assert [each.playbook for each in runs.requests] == ["daily-backup"]


async def test_without_an_environment_the_playbook_s_own_default_stands(world: World) -> None:
    """The default of the estate is production; the playbook's is staging."""
    runs = ending(world)

    await world.run(RUN, "dana")

    assert runs.requests[0].environment is None


@pytest.mark.parametrize(
    "line",
    [
        f"{RUN} --environment production",
        f"{RUN} --parameters environment=production",
        "/orchestrate run --playbook monthly-audit",
        "/orchestrate schedule --playbook monthly-audit --cron '0 0 1 * *'",
    ],
)
async def test_an_environment_is_judged_however_it_is_named(world: World, line: str) -> None:
    """By the option, by a parameter, or by the default of a parameter."""
    runs = ending(world)

    before = await world.run(f"{RUN} --environment staging", "dana")
    forbid(world, "dana", "/orchestrate", "production")
    outcome = await world.run(line, "dana")

    assert (before.result, outcome.result) == ("success", "denied")
    assert len(runs.requests) == 1


async def test_a_resumed_run_is_judged_by_its_changed_environment(world: World) -> None:
    """What was begun elsewhere does not lead to where nothing may be run."""
    put(world, state="failed", parameters={"environment": "staging"})
    forbid(world, "dana", "/orchestrate", "production")

    outcome = await world.run(
        "/orchestrate resume WF-2026-001 --parameters environment=production", "dana"
    )

    assert outcome.result == "denied"
    assert "production" in outcome.reply.data["why"]


def forbid(world: World, person: str, permission: str, environment: str) -> None:
    """Put a deny over everything that the policy says."""
    guard = world.dispatcher.admission.guard
    asked = guard.decide

    class Stricter:
        version = guard.version

        def decide(self, caller: Any, wanted: str, target: Any) -> Any:
            found = asked(caller, wanted, target)
            hit = (caller.person, wanted, target.environment) == (person, permission, environment)
            return replace(found, allowed=False, rule="deny:1") if hit else found

    world.dispatcher.admission.guard = Stricter()  # type: ignore[assignment]


async def test_missing_parameters_are_asked_for(world: World) -> None:
    """Each with its words; an empty line of a form is no value."""
    runs = ending(world)

    outcome = await world.run("/orchestrate run deploy-web-app --parameters version=", "dana")

    assert outcome.result == "invalid"
    assert "version: needed: What to deploy, such as v1.4.0" in outcome.reply.data["why"]
    [action] = outcome.reply.actions
    assert (action.label, action.asks) == ("Fill in version", ("parameters.version",))
    assert [blank.description for blank in action.blanks] == ["What to deploy, such as v1.4.0"]
    assert runs.requests == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/orchestrate run --playbook deploy-web-ap", "deploy-web-app"),
        ("/orchestrate run daily-backup --parameters nonsense", "is not key=value"),
        ("/orchestrate run daily-backup --timeout 0", "timeout"),
        ("/orchestrate run daily-backup --environment moon", "production"),
        ("/orchestrate pause WF-2026-009", "WF-2026-001"),
        ("/orchestrate pause current --timeout 99999", "timeout"),
        ("/orchestrate resume WF-2026-001 --parameters =", "is not key=value"),
        ("/orchestrate status --history 0", "history"),
        ("/orchestrate complete WF-2026-001", "force: needed"),
        ("/orchestrate complete WF-2026-001 --force --typed WF-2026-002", "not WF-2026-001"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(world: World, line: str, why: str) -> None:
    """Nothing is done, and the next step is named."""
    if "resume" in line or "complete" in line or "pause" in line:
        put(world)
    outcome = await world.run(line, "alex")

    words = f"{outcome.reply.title} {outcome.reply.data}"
    assert outcome.result in ("invalid", "denied")
    assert why in words


async def test_a_run_is_shown_live_and_ends_with_its_log(world: World) -> None:
    """The card has the picture and the steps; the end tells what failed, with the whole log."""
    running = asyncio.ensure_future(world.run(RUN, "dana"))
    await until(lambda: world.shown)
    world.runs.change("WF-2026-001", steps=put(world, run="WF-2026-009").steps)
    await until(lambda: len(world.shown) > 1)
    world.runs.change("WF-2026-001", state="failed", reason="verify: 2 tests failed")
    outcome = await running

    kinds = [[block.kind for block in reply.blocks] for reply in world.shown]
    assert "picture" in kinds[1]
    assert [(2, 2)] == [
        (block.done, block.total) for block in world.shown[1].blocks if block.kind == "progress"
    ]
    assert outcome.result == "failure"
    assert outcome.reply.title == "deploy-web-app failed"
    log = next(block for block in outcome.reply.blocks if block.kind == "log")
    assert log.filename == "WF-2026-001.log"
    assert "audit abc123" in log.lines[1]
    assert "verify: 2 tests failed" in outcome.reply.model_dump_json()
    assert labels(outcome) == ["Resume", "Resume, skip failed", "Details"]


async def test_the_end_of_a_run_is_told_to_the_council_and_deployments(world: World) -> None:
    """With the same card, whoever started it and wherever."""
    ending(world)

    await world.run(RUN, "dana")

    told = {shown.place.room: shown.reply.title for shown in world.board.shows}
    assert told["council"] == told["#deployments"] == "deploy-web-app succeeded"


async def test_the_log_stands_in_the_thread_of_the_card(world: World) -> None:
    """Where the card is in Discord, at each change; nothing of the kind elsewhere."""
    ending(world)
    place = Place(platform="discord", room="#deployments")
    raw = {"playbook": "daily-backup"}

    await world.dispatcher.run(
        world.asked("orchestrate run", raw, world.caller("dana"), origin=place)
    )
    await world.run("/orchestrate run daily-backup", "dana")

    logs = [shown for shown in world.board.shows if shown.key.endswith(":log")]
    card = next(ref for key, ref in world.board.refs.items() if key.startswith("op:"))
    assert [shown.key for shown in logs] == ["run:WF-2026-001:log"]
    assert (logs[0].place.room, logs[0].place.under) == (card.channel, card.message)
    [log] = [block for block in logs[0].reply.blocks if block.kind == "log"]
    assert log.filename == "WF-2026-001.log"


async def test_a_dry_run_is_nobody_else_s_news(world: World) -> None:
    """Neither the council nor the channel hears of a plan."""
    await world.run("/orchestrate run daily-backup --dry-run", "dana")

    assert world.board.shows == []


@pytest.mark.parametrize(
    ("verb", "people"),
    [
        ("run daily-backup", {"alex", "dana"}),
        ("pause WF-2026-001", {"alex", "dana"}),
        ("status --all", {"alex", "dana", "devi", "ben"}),
        ("checkpoints WF-2026-001", {"alex", "dana", "devi", "ben"}),
        ("analyze WF-2026-001", {"alex", "dana"}),
    ],
)
async def test_who_may_do_what_is_the_policy_s(world: World, verb: str, people: set[str]) -> None:
    """Developers look, release managers run; everybody else is refused."""
    allowed = set()
    for person in ("alex", "dana", "devi", "vik", "ben", "oli"):
        runs = ending(world)
        runs.put(put(world))
        if (await world.run(f"/orchestrate {verb}", person)).result != "denied":
            allowed.add(person)

    assert allowed == people


async def test_names_are_completed(world: World) -> None:
    """Playbooks, runs with current first, checkpoints of the run that is named, schedules."""
    put(world)
    await world.run("/orchestrate pause WF-2026-001 --checkpoint", "dana")
    await world.run("/orchestrate schedule daily-backup '0 2 * * *'", "dana")
    view = world.dispatcher.view(world.asked("status", {}, world.caller("dana")))

    assert await view.complete("orchestrate run", "playbook", "mon", {}) == ("monthly-audit",)
    found = await view.complete("orchestrate pause", "workflow", "", {})
    assert found == ("current", "WF-2026-001")
    named = {"workflow": "WF-2026-001"}
    assert await view.complete("orchestrate resume", "checkpoint", "", named) == ("CP-001",)
    assert await view.complete("orchestrate resume", "checkpoint", "", {}) == ()
    assert await view.complete("orchestrate schedule", "name", "", {}) == ("daily-backup",)
