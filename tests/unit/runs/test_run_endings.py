"""How runs end: ``finally`` in every ending, and what all-or-nothing takes back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestration.runs.heralds import Heralds
from tests.unit.runs.runs_world import BEN, DANA, world
from tgk.discovery import OutsideSteps
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from orchestration.playbook.model import Playbook
    from orchestration.runs.ports import Reached
    from tests.unit.runs.runs_world import World
    from tgk.ports.runs import RunView

TIDIED = """
name: story
{head}
steps: [{before}{{name: one, {step}}}]
finally:
  - {{name: broken, command: /mark broken --fails 9}}
  - {{name: tidied, command: "/mark tidied --value ${{default(error.type, 'well')}}"}}
"""
BAD_ONE = "command: /mark one --fails 9"
ALL = "transaction: true"
HTTP = "http: {url: 'https://hooks.example/x'}"
UNDO = "{{name: a, command: /mark a, undo: [{}]}}, "


class Broken(Heralds):
    """Heralds with a fault of ours: it strikes between two steps, when a run has begun."""

    async def tell(
        self, playbook: Playbook, event: str, run: RunView, values: Mapping[str, Any]
    ) -> None:
        """Break, but at the end."""
        if event == "start":
            raise KeyError(event)


class BrokenWire:
    """An outside with a fault of ours: it strikes in the middle of a step."""

    async def http(self, method: str, url: str, **more: Any) -> Reached:
        """Break."""
        raise KeyError(url)

    async def shell(self, program: str, arguments: Sequence[str], *, key: str) -> Reached:
        """Break as well."""
        raise KeyError(program)


def breaking(made: World) -> None:
    """Let every http step run into a fault of ours."""
    made.allowed = OutsideSteps(hosts=("https://hooks.example",))
    made.outward = BrokenWire()


async def ended(made: World, view: RunView, how: str) -> RunView:
    """Bring a run to the end that is wanted."""
    if how in ("forced", "late", "all late"):
        await made.seen(lambda: "one" in made.effects.running)
    if how == "forced":
        await made.runs.complete(view.id, who="dana", reason="enough")
    if how in ("forced", "late", "all late"):
        await made.until(lambda: "one" in made.effects.stopped)
        made.effects.held.clear()
    if how == "undoing":
        await made.seen(lambda: "back" in made.effects.running)
        await made.runs.complete(view.id, who="dana", reason="enough")
    if how == "denied":
        (question,) = await made.pending()
        await made.approvals.vote(question.id, BEN, approve=False, reason="no")
    return await made.end(view.id)


@pytest.mark.parametrize(
    ("how", "before", "step", "head", "state", "told"),
    [
        ("well", "", "command: /mark one", "", "failed", "well"),
        ("badly", "", BAD_ONE, "", "failed", "failure"),
        ("outputs", "", "command: /mark one", 'outputs: {x: "${steps.one.output.name / 0}"}',
         "failed", "well"),
        ("late", "", "command: /mark one", "timeout: 30", "timed_out", "cancelled"),
        ("forced", "", "command: /mark one", "", "forced", "cancelled"),
        ("denied", "", "approval: {prompt: Go}", "", "failed", "declined"),
        ("expired", "", "approval: {prompt: Go, timeout: 60}", "", "failed", "expired"),
        ("denied", "", "command: /ship one", "", "failed", "declined"),
        ("expired", "", "command: /ship one", "", "failed", "declined"),
        ("nonsense", "", "command: '/mark ${nothing[1]}'", "variables: {nothing: []}", "failed",
         "invalid"),
        ("undone", UNDO.format("/mark back"), BAD_ONE, ALL, "rolled_back", "failure"),
        ("all late", UNDO.format("/mark back"), "command: /mark one", f"{ALL}\ntimeout: 30",
         "rolled_back", "cancelled"),
        ("not all", UNDO.format("/mark back --fails 9"), BAD_ONE, ALL, "rollback_failed",
         "failure"),
        ("undoing", UNDO.format("/mark back"), BAD_ONE, ALL, "forced", "failure"),
        ("nothing done", "", BAD_ONE, ALL, "failed", "failure"),
        ("crashed", "", HTTP, "", "failed", "fault"),
        ("crashed", UNDO.format("/mark back"), HTTP, ALL,
         "rolled_back", "fault"),
        ("crashed", UNDO.format("{" + HTTP + "}"), BAD_ONE, ALL,
         "rollback_failed", "failure"),
        ("broken", "", "command: /mark one", "", "failed", "fault"),
    ],
)  # fmt: skip
async def test_finally_runs_in_every_ending_and_to_its_end(
    tmp_path: Path, how: str, before: str, step: str, head: str, state: str, told: str
) -> None:
    """A step of it that fails does not stop the next, and each can read what went wrong."""
    made = world(tmp_path)
    if how == "crashed":
        breaking(made)
    made.heralds = Broken() if how == "broken" else made.heralds
    async with made.open():
        if how in ("late", "forced", "all late"):
            made.effects.held["one"] = asyncio.Event()
        if how == "undoing":
            made.effects.held["back"] = asyncio.Event()
        started = await made.start(TIDIED.format(head=head, before=before, step=step))
        view = await ended(made, started, how)

    assert (view.state, made.effects.names[-1:]) == (state, ["tidied"]), view.reason
    assert ("back" in made.effects.names) == (state == "rolled_back")
    last = view.steps[-1]
    assert (last.name, [each.state for each in last.steps]) == ("finally", ["failed", "succeeded"])
    assert last.steps[1].output["value"] == told
    assert not [each for each in view.steps if each.state in ("running", "waiting")]


async def test_a_fault_ends_what_was_under_way_beside_it(tmp_path: Path) -> None:
    """Nobody waits for the other branch any more: its change is withdrawn, and ``finally`` runs."""
    made = world(tmp_path)
    breaking(made)
    async with made.open():
        made.effects.held["long"] = asyncio.Event()
        view = await made.play("""
name: story
steps:
  - branches:
      - {name: a, steps: [{name: long, command: /mark long}]}
      - {name: b, steps: [{wait: 1s}, {name: bad, http: {url: "https://hooks.example/x"}}]}
finally: [/mark last]
""")

    assert (view.state, view.reason) == ("failed", "#1/b/bad: b: fault: KeyError")
    assert (made.effects.stopped, made.effects.names) == (["long"], ["last"])
    assert view.steps[0].steps[0].steps[0].state == "cancelled"


async def test_how_the_body_ended_is_judged_once(tmp_path: Path) -> None:
    """A kill in ``finally`` leaves a body that was in time in time, however long it lasts."""
    text = (
        "name: story\ntransaction: true\ntimeout: 30\n"
        "steps: [{name: one, command: /mark one, undo: [/mark back]}]\n"
        "finally: [/mark slow, {wait: 60}, /mark last]\n"
    )
    first = world(tmp_path)
    async with first.open(grace=0.05):
        started = await first.start(text)
        await first.until(lambda: "slow" in first.effects.names)

    later = FakeClock()
    await later.advance(3600)
    second = world(tmp_path, clock=later)
    async with second.open():
        view = await second.end(started.id)

    assert (view.state, view.reason) == ("succeeded", "")
    assert second.effects.names == ["one", "slow", "last"]


async def test_a_word_of_force_stops_what_is_played_when_it_is_said(tmp_path: Path) -> None:
    """In ``finally`` the first word stops that, and the end says what the run was before."""
    async with world(tmp_path).open() as made:
        made.effects.held["tidied"] = asyncio.Event()
        started = await made.start(
            "name: story\nsteps: [{name: one, command: /mark one --fails 9}]\n"
            "finally: [/mark tidied]\n"
        )
        await made.seen(lambda: "tidied" in made.effects.running)
        await made.runs.complete(started.id, who="dana", reason="enough")
        view = await made.end(started.id)

    assert (view.state, made.effects.stopped) == ("forced", ["tidied"])
    assert view.reason == "dana: enough; it was failed one: one failed"


async def test_finally_goes_on_where_a_kill_cut_it_off(tmp_path: Path) -> None:
    """What of it was done is not done again, and the end is that of the body."""
    text = """
name: story
steps: [{name: bad, command: /mark bad --fails 9}]
finally: [{name: first, command: /mark first}, {name: slow, command: /mark slow}, /mark last]
"""
    first = world(tmp_path)
    async with first.open(grace=0.05):
        first.effects.held["slow"] = asyncio.Event()
        started = await first.start(text)
        await first.seen(lambda: "slow" in first.effects.running)

    async with world(tmp_path).open() as second:
        view = await second.state(started.id, "failed")

    assert view.reason == "bad: bad failed"
    assert second.effects.names == ["first", "slow", "last"]


async def test_force_twice_stops_finally_too(tmp_path: Path) -> None:
    """Somebody who insists gets the end at once."""
    async with world(tmp_path).open() as made:
        made.effects.held.update({"one": asyncio.Event(), "tidied": asyncio.Event()})
        started = await made.start("name: story\nsteps: [/mark one]\nfinally: [/mark tidied]\n")
        await made.until(lambda: "one" in made.effects.running)
        await made.runs.complete(started.id, who="dana", reason="enough")
        await made.until(lambda: "tidied" in made.effects.running)
        await made.runs.complete(started.id, who="dana", reason="now")
        view = await made.end(started.id)

    assert (view.state, view.reason) == ("forced", "dana: enough")
    assert sorted(made.effects.stopped) == ["one", "tidied"]


async def test_a_run_forced_before_it_began_does_nothing_at_all(tmp_path: Path) -> None:
    """It waits for a lock of somebody's; there is nothing to tidy."""
    async with world(tmp_path).open() as made:
        await made.locks.acquire("env:x", "ana", "freeze")
        started = await made.start(
            "name: story\nlocks: ['env:x']\nsteps: [/mark one]\nfinally: [/mark tidied]\n"
        )
        await made.state(started.id, "queued")
        await made.runs.complete(started.id, who="dana", reason="enough")
        view = await made.end(started.id)

    assert (view.state, made.effects.names) == ("forced", [])


async def test_what_completed_inside_of_others_is_taken_back_in_reverse(tmp_path: Path) -> None:
    """Groups, loops, branches and other playbooks alike; what failed or was skipped is left."""
    made = world(tmp_path)
    made.write("""
name: inner
parameters: [{name: what, required: true}]
steps: [{name: do, command: "/mark do-${what}", undo: ["/mark undo-${what}"]}]
""")
    async with made.open():
        view = await made.play("""
name: story
transaction: true
steps:
  - name: group
    undo: [/mark undo-group]
    steps: [{name: a, command: /mark a, undo: ["/mark undo-${a.output.name}"]}]
  - {name: never, command: /mark never, condition: "1 == 2", undo: [/mark undo-never]}
  - name: each
    items: [x, y]
    as: it
    steps: [{name: do, command: "/mark i-${it}", undo: ["/mark undo-${it}"]}]
  - {name: sub, playbook: inner, parameters: {what: z}}
  - {name: kept, command: /mark kept --fails 9, continue_on_error: true, undo: [/mark undo-kept]}
  - {name: c, command: /mark c --fails 9, undo: [/mark undo-c]}
finally: [/mark last]
""")

    assert view.state == "rollback_failed"
    assert view.reason.endswith("kept, c failed themselves and were not rolled back: look at it")
    done = ["a", "i-x", "i-y", "do-z"]
    undone = ["undo-z", "undo-y", "undo-x", "undo-group", "undo-a"]
    assert made.effects.names == [*done, *undone, "last"]


async def test_undoing_goes_on_where_a_kill_cut_it_off(tmp_path: Path) -> None:
    """Nothing is rolled back twice."""
    text = """
name: story
transaction: true
steps:
  - {name: a, command: /mark a, undo: [/mark undo-a]}
  - {name: b, command: /mark b, undo: [/mark undo-b]}
  - {name: c, command: /mark c --fails 9}
"""
    first = world(tmp_path)
    async with first.open(grace=0.05):
        first.effects.held["undo-a"] = asyncio.Event()
        started = await first.start(text)
        await first.seen(lambda: "undo-a" in first.effects.running)
        undoing = await first.runs.view(started.id)

    async with world(tmp_path).open() as second:
        view = await second.state(started.id, "rolled_back")

    assert undoing.state == "undoing"
    assert second.effects.names == ["a", "b", "undo-b", "undo-a"]
    assert [step.state for step in view.steps[:2]] == ["undone", "undone"]


async def test_what_is_under_way_ends_where_a_failure_drains(tmp_path: Path) -> None:
    """Nothing more is begun, but the handler of what was under way still runs."""
    async with world(tmp_path).open() as made:
        made.effects.held["long"] = asyncio.Event()
        started = await made.start("""
name: story
steps:
  - name: fan
    fail_fast: drain
    branches:
      - {name: a, steps: [{name: bad, command: /mark bad --fails 9}]}
      - name: b
        steps:
          - {name: long, command: /mark long, retry: 3, on_failure: [/mark mended]}
          - /mark never
      - name: c
        steps: [{name: far, wait: 1s}, /mark neither]
""")
        await made.seen(lambda: "long" in made.effects.running)
        await made.seen(
            lambda: any(step.halted for play in made.runs._plays.values()
                        for step in play.means.memory)
        )  # fmt: skip
        made.effects.failing["long"] = 1
        made.effects.held.pop("long").set()
        view = await made.end(started.id)

    assert (view.state, view.reason) == ("failed", "fan/a/bad: a: bad failed")
    assert made.effects.names == ["mended"]
    long = view.steps[0].steps[1].steps[0]
    assert (long.state, long.attempt) == ("failed", 1)


async def test_a_branch_that_was_cut_short_is_shown_as_it_is_told(tmp_path: Path) -> None:
    """Its steps that ran succeeded, and it did not; one that came to its end did."""
    async with world(tmp_path).open() as made:
        made.effects.held.update({"half": asyncio.Event(), "all": asyncio.Event()})
        started = await made.start("""
name: story
steps:
  - name: fan
    fail_fast: drain
    branches:
      - {name: a, steps: [{name: bad, command: /mark bad --fails 9}]}
      - {name: b, steps: [{command: /mark half}, /mark never]}
      - {name: c, steps: [{command: /mark all}]}
""")
        await made.seen(lambda: {"half", "all"} <= made.effects.running)
        await made.seen(
            lambda: any(step.halted for play in made.runs._plays.values()
                        for step in play.means.memory)
        )  # fmt: skip
        for name in ("half", "all"):
            made.effects.held.pop(name).set()
        view = await made.end(started.id)

    [fan] = view.steps
    assert fan.output == {"a": "failed", "b": "cancelled", "c": "succeeded"}
    assert {each.name: each.state for each in fan.steps} == fan.output
    assert [each.state for each in fan.steps[1].steps] == ["succeeded", "skipped"]


async def test_a_choice_to_cancel_stands_after_a_kill(tmp_path: Path) -> None:
    """The branch that was stopped is not begun again in the next life."""
    first = world(tmp_path)
    async with first.open(grace=0.05):
        first.effects.held.update({"long": asyncio.Event(), "told": asyncio.Event()})
        started = await first.start("""
name: story
steps:
  - name: fan
    on_failure: [/mark told]
    branches:
      - {name: a, steps: [{name: bad, command: /mark bad --fails 9}]}
      - {name: b, steps: [{name: long, command: /mark long}, /mark never]}
""")
        await first.seen(lambda: "told" in first.effects.running)

    async with world(tmp_path).open() as second:
        view = await second.state(started.id, "failed")

    assert second.effects.names == ["told"]
    assert view.steps[0].steps[1].steps[0].state == "cancelled"


async def test_a_failed_run_that_was_taken_back_is_played_again_in_full(tmp_path: Path) -> None:
    """What was undone is not kept by the next generation."""
    async with world(tmp_path).open() as made:
        made.effects.failing["b"] = 1
        failed = await made.play("""
name: story
transaction: true
steps:
  - {name: a, command: /mark a, undo: [/mark undo-a]}
  - {name: look, command: /look x}
  - {name: b, command: /mark b}
""")
        again = await made.runs.resume(failed.id, who=DANA)
        view = await made.end(again.id)

    assert (failed.state, view.state) == ("rolled_back", "succeeded")
    assert made.effects.names == ["a", "undo-a", "a", "b"]
    assert [step.state for step in view.steps] == ["succeeded", "kept", "succeeded"]
