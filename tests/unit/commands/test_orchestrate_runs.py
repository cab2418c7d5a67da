"""Verbs about runs: started, watched, paused, resumed, forced, looked at."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tgk.ports.board import Place
from tgk.ports.runs import Checkpoint, Pausing, RunRequest, RunView, StepView
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import World
    from tgk.outcome import Outcome

RUN = "/orchestrate run --playbook deploy-web-app --parameters version=v1.4.0"


def ending(world: World, state: str = "succeeded") -> FakeRuns:
    """Let every run end the moment it is started."""
    made = FakeRuns(world.clock, ends_as=state)
    world.dispatcher.backends = replace(world.dispatcher.backends, runs=made)
    return made


def put(world: World, run: str = "WF-2026-001", **more: Any) -> RunView:
    """Let a run exist: dana's, of canary, two minutes old, its first step done."""
    now = world.clock.now()
    steps = (
        StepView(path="deploy", name="deploy", kind="command", state="succeeded", attempt=2,
                 attempts=3, began=now - timedelta(seconds=100), ended=now, note="well",
                 reference="abc123"),
        StepView(path="verify", name="verify", kind="command", state="failed", attempt=1,
                 note="2 tests failed"),
    )  # fmt: skip
    facts: dict[str, Any] = {
        "id": run, "playbook": "canary", "digest": "0" * 64, "state": "running",
        "request": RunRequest(playbook="canary"), "starter": world.caller("dana"),
        "asked": now - timedelta(seconds=120), "began": now - timedelta(seconds=110),
        "parameters": {"version": "v1.4.0"}, "steps": steps,
    }  # fmt: skip
    return world.runs.put(RunView(**{**facts, **more}))


def labels(outcome: Outcome) -> list[str]:
    """Return the words on the buttons."""
    return [action.label for action in outcome.reply.actions]


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


async def until(so: Callable[[], Any]) -> None:
    """Let the others act until it is so."""
    async with asyncio.timeout(5):
        while not so():
            await asyncio.sleep(0)


async def test_for_debugging_the_log_has_what_each_step_found(world: World) -> None:
    """Only where it was asked for."""
    request = RunRequest(playbook="canary", debug=True)
    found = StepView(path="a", name="a", kind="command", state="succeeded", output={"passed": 9})
    put(world, request=request, steps=(found,))

    outcome = await world.run("/orchestrate status WF-2026-001 --detailed", "dana")

    [log] = [block for block in outcome.reply.blocks if block.kind == "log"]
    assert log.lines[1] == '    {"passed": 9}'


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


async def test_analyze_compares_with_earlier_runs(world: World) -> None:
    """Where the time went, as words, table and picture."""
    for number, seconds in ((1, 60), (2, 60), (3, 60), (4, 120)):
        began = world.clock.now() - timedelta(seconds=seconds)
        put(world, run=f"WF-2026-00{number}", state="succeeded", asked=began, began=began,
            ended=world.clock.now(), steps=())  # fmt: skip

    outcome = await world.run("/orchestrate analyze --workflow WF-2026-004", "dana")

    assert "100 % slower than usual" in outcome.reply.title
    assert (outcome.reply.data["earlier"], outcome.reply.data["median"]) == (3, 60.0)
    assert {"facts", "picture", "table"} <= {block.kind for block in outcome.reply.blocks}


async def test_analyze_tells_pauses_apart(world: World) -> None:
    """In the title, beside working and waiting, in the picture and for programs."""
    before = put(world, steps=())
    assert before.began is not None
    pause = Pausing(began=before.began, ended=before.began + timedelta(seconds=27))
    world.runs.change("WF-2026-001", state="succeeded", pauses=(pause,))
    outcome = await world.run("/orchestrate analyze WF-2026-001", "dana")

    [facts] = [block for block in outcome.reply.blocks if block.kind == "facts"]
    [picture] = [block for block in outcome.reply.blocks if block.kind == "picture"]
    assert ", 27 s of it paused, " in outcome.reply.title
    assert "27 s" in [fact.value for fact in facts.facts if fact.label == "Paused"]
    assert outcome.reply.data["paused"] == 27
    assert "for 27 s" in picture.alt


async def test_analyze_tells_steps_of_one_name_apart(world: World) -> None:
    """A step of a loop stands there with its path; the time of a quick one is not nothing."""
    end = world.clock.now()
    turns = tuple(
        StepView(path=f"each[{n}]/watch", name="watch", kind="command", state="succeeded",
                 began=end - timedelta(seconds=0.4), ended=end)
        for n in range(2)
    )  # fmt: skip
    loop = StepView(path="each", name="each", kind="foreach", state="succeeded", steps=turns,
                    began=end - timedelta(seconds=1), ended=end)  # fmt: skip
    put(world, state="succeeded", ended=end, steps=(loop,))

    outcome = await world.run("/orchestrate analyze --workflow WF-2026-001", "dana")

    [table] = [block for block in outcome.reply.blocks if block.kind == "table"]
    assert {row[:2] for row in table.rows} == {
        ("each[0]/watch", "0.4 s"), ("each[1]/watch", "0.4 s"),
    }  # fmt: skip


async def test_analyze_calls_nothing_usual_after_two_runs(world: World) -> None:
    """It says with how many it is compared; of a resumed run, what it goes on from."""
    for number in (1, 2, 3):
        put(world, run=f"WF-2026-00{number}", state="succeeded", began=world.clock.now(),
            ended=world.clock.now() + timedelta(seconds=60 * number), steps=())  # fmt: skip

    few = await world.run("/orchestrate analyze --workflow WF-2026-003", "dana")
    world.runs.change("WF-2026-003", previous="WF-2026-002")
    resumed = await world.run("/orchestrate analyze --workflow WF-2026-003", "dana")

    assert few.reply.title.endswith("2 earlier runs")
    assert resumed.reply.title.endswith("goes on from WF-2026-002")


async def test_a_trace_is_shown_and_exported(world: World) -> None:
    """As OTLP JSON in a file, with a diagram beside it; the data is the same."""
    put(world)

    shown = await world.run("/orchestrate trace --workflow WF-2026-001", "dana")
    exported = await world.run("/orchestrate trace --workflow WF-2026-001 --export", "dana")

    files = [block.filename for block in exported.reply.blocks if block.kind == "log"]
    assert files == ["WF-2026-001-otlp.json", "WF-2026-001.mmd"]
    assert labels(shown) == ["Export"]
    assert "resourceSpans" in exported.reply.data
    assert exported.reply.data == shown.reply.data


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
