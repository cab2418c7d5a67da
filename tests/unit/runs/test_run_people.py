"""What people do to runs: approve, pause, resume, force, wait for one another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestration.runs.staging import RunLimits
from orchestration.runs.views import bare
from tests.unit.runs.runs_world import BEN, DANA, world
from tgk.errors import ConfigurationInvalid, Conflict, Denied, InvalidRequest, Missing, RateLimited
from tgk.ports.runs import RunFilter, RunRequest
from tgk.testing.guard import FakeGuard

if TYPE_CHECKING:
    from pathlib import Path

TWO = """
name: story
steps: [{name: one, command: /mark one}, {name: two, command: /mark two}]
"""


async def test_approvals_in_two_branches_are_two_questions(tmp_path: Path) -> None:
    """A yes to one never lets the other go on."""
    async with world(tmp_path).open() as made:
        started = await made.start("""
name: story
steps:
  - name: fan
    branches:
      - {name: a, steps: [{name: ask, type: approval, prompt: "First?"}, {command: /mark a}]}
      - {name: b, steps: [{name: ask2, type: approval, prompt: "Second?"}, {command: /mark b}]}
""")
        async with asyncio.timeout(10):
            while len(questions := await made.approvals.open()) < 2:
                await asyncio.sleep(0.01)
        waiting = await made.state(started.id, "waiting")
        first = next(each for each in questions if each.title == "First?")
        await made.approvals.vote(first.id, BEN, approve=True)
        await made.seen(lambda: made.effects.names == ["a"])
        left = await made.approvals.open()
        await made.approvals.vote(left[0].id, BEN, approve=False, reason="no")
        view = await made.end(started.id)

    assert [each.title for each in left] == ["Second?"]
    assert waiting.state == "waiting"
    assert view.state == "failed"
    assert made.effects.names == ["a"]


async def test_a_run_that_waits_for_people_gives_its_slot_back(tmp_path: Path) -> None:
    """With one slot, another run works meanwhile."""
    async with world(tmp_path, limits=RunLimits(at_once=1)).open() as made:
        asking = await made.start("""
name: asking
steps: [{name: ask, type: approval, prompt: "Go?"}, {command: /mark after}]
""")
        (question,) = await made.pending()
        await made.state(asking.id, "waiting")
        other = await made.start(TWO)
        queued = await made.state(other.id, "queued")
        began = made.clock.now()
        other = await made.end(other.id)
        stood = (made.clock.now() - began).total_seconds()
        await made.approvals.vote(question.id, BEN, approve=True)
        asking = await made.end(asking.id)

    assert queued.began is None
    assert stood < 5
    assert (other.state, asking.state) == ("succeeded", "succeeded")
    assert made.effects.names == ["one", "two", "after"]


async def test_a_paused_run_begins_no_more_steps_until_it_is_resumed(tmp_path: Path) -> None:
    """What is under way ends and is kept."""
    async with world(tmp_path).open() as made:
        made.effects.held["one"] = asyncio.Event()
        started = await made.start(TWO)
        await made.seen(lambda: "one" in made.effects.running)
        pausing = await made.runs.pause(
            started.id, who="dana", reason="look", until=None, checkpoint=True
        )
        made.effects.held.pop("one").set()
        paused = await made.state(started.id, "paused")
        kept = await made.runs.checkpoints(started.id)
        await made.runs.resume(started.id, who=DANA)
        view = await made.end(started.id)

    assert (pausing.pausing, paused.steps[0].state) == (True, "succeeded")
    assert [each.id for each in kept] == ["CP-001"]
    assert view.state == "succeeded"


async def test_a_pause_ends_by_itself(tmp_path: Path) -> None:
    """The moment given lets it go on, and the pause uses up none of the run's time."""
    async with world(tmp_path).open() as made:
        made.effects.held["one"] = asyncio.Event()
        started = await made.start(TWO, timeout=60)
        await made.seen(lambda: "one" in made.effects.running)
        until = made.clock.now() + timedelta(minutes=30)
        await made.runs.pause(started.id, who="dana", reason="look", until=until, checkpoint=False)
        made.effects.held.pop("one").set()
        paused = await made.state(started.id, "paused")
        view = await made.end(started.id)

    [lasts], [pause] = paused.pauses, view.pauses
    assert (view.state, lasts.ended, pause.began) == ("succeeded", None, lasts.began)
    assert pause.ended is not None
    assert timedelta() <= pause.ended - until < timedelta(minutes=1)


async def test_force_stops_what_is_under_way_and_still_tidies_up(tmp_path: Path) -> None:
    """The run ends as forced, by name."""
    async with world(tmp_path).open() as made:
        made.effects.held["one"] = asyncio.Event()
        started = await made.start(TWO + "finally: [/mark tidied]\n")
        await made.seen(lambda: "one" in made.effects.running)
        await made.runs.complete(started.id, who="dana", reason="enough")
        view = await made.end(started.id)
        with pytest.raises(Conflict):
            await made.runs.complete(started.id, who="dana", reason="again")

    assert (view.state, view.reason) == ("forced", "dana: enough")
    assert made.effects.names == ["tidied"]


async def test_a_failed_run_goes_on_as_another_generation(tmp_path: Path) -> None:
    """What succeeded is kept and not done again."""
    async with world(tmp_path).open() as made:
        made.effects.failing["two"] = 1
        failed = await made.play(TWO)
        again = await made.runs.resume(failed.id, who=DANA)
        view = await made.end(again.id)
        newest = await made.runs.view(failed.id)

    assert (failed.state, view.state, newest.id) == ("failed", "succeeded", f"{failed.id}.2")
    assert [step.state for step in view.steps] == ["kept", "succeeded"]
    assert made.effects.names == ["one", "two"]


@pytest.mark.parametrize("fails", [0, 9])
async def test_skipping_what_failed_of_a_paused_run_leaves_finally_to_its_one_end(
    tmp_path: Path, fails: int
) -> None:
    """Where nothing has failed it simply goes on; else another generation does, and says so."""
    async with world(tmp_path).open() as made:
        made.effects.held["two"] = asyncio.Event()
        started = await made.start(f"""
name: story
steps:
  - {{name: one, command: /mark one --fails {fails}, continue_on_error: true}}
  - {{name: two, command: /mark two}}
  - {{name: three, command: /mark three}}
finally: [/mark tidied]
""")
        await made.seen(lambda: "two" in made.effects.running)
        await made.runs.pause(started.id, who="dana", reason="look", until=None, checkpoint=False)
        made.effects.held.pop("two").set()
        await made.state(started.id, "paused")
        again = await made.runs.resume(started.id, who=DANA, skip_failed=True)
        view = await made.end(again.id)
        old = bare(await made.runs._ledger.load(started.id))

    anew = f"{started.id}.2"
    assert (view.id, old.continued) == ((anew, anew) if fails else (started.id, ""))
    assert view.state == "succeeded"
    assert made.effects.names == [*([] if fails else ["one"]), "two", "three", "tidied"]


@pytest.mark.parametrize(
    ("wish", "done"),
    [
        ({"from_step": "two"}, ["one", "two", "two", "three"]),
        ({"skip_failed": True}, ["one", "two"]),
        ({"from_step": "one"}, ["one", "two", "one", "two", "three"]),
    ],
)
async def test_a_generation_begins_where_it_is_told(
    tmp_path: Path, wish: dict[str, object], done: list[str]
) -> None:
    """From a step, or past the failed one."""
    async with world(tmp_path).open() as made:
        made.effects.failing["three"] = 1
        failed = await made.play(TWO.replace("]", ", {name: three, command: /mark three}]"))
        again = await made.runs.resume(failed.id, who=DANA, **wish)
        view = await made.end(again.id)

    assert view.state == "succeeded"
    assert made.effects.names == done


async def test_a_generation_may_begin_at_a_checkpoint_with_other_parameters(tmp_path: Path) -> None:
    """Only what had ended by then is kept; later steps read the new values."""
    async with world(tmp_path).open() as made:
        made.effects.failing["b-x"] = 1
        failed = await made.play(
            """
name: story
parameters: [{name: v, default: x}]
steps: ['/mark a-${v}', '/mark b-${v}']
""",
            checkpoint=True,
        )
        first = (await made.runs.checkpoints(failed.id))[0]
        again = await made.runs.resume(
            failed.id, who=DANA, checkpoint=first.id, parameters={"v": "y"}
        )
        view = await made.end(again.id)

    assert view.state == "succeeded"
    assert made.effects.names == ["a-x", "b-y"]


@pytest.mark.parametrize(
    ("wish", "done"),
    [
        ({"from_step": "two", "parameters": {"v": "y"}}, ["one-x", "two-y", "tidied-y"]),
        ({"from_step": "one"}, ["one-x", "one-x", "two-x", "tidied-x"]),
        ({"from_step": "one", "parameters": {"v": "y"}}, ["one-x", "one-y", "two-y", "tidied-y"]),
    ],
)
async def test_a_paused_run_goes_on_otherwise_as_another_generation(
    tmp_path: Path, wish: dict[str, object], done: list[str]
) -> None:
    """What it found is kept, its locks go over, and ``finally`` is left to the new one."""
    async with world(tmp_path).open() as made:
        made.effects.held["one-x"] = asyncio.Event()
        started = await made.start("""
name: story
parameters: [{name: v, default: x}]
locks: ['env:x']
steps: [{name: one, command: '/mark one-${v}'}, {name: two, command: '/mark two-${v}'}]
finally: ['/mark tidied-${v}']
""")
        await made.seen(lambda: "one-x" in made.effects.running)
        await made.runs.pause(started.id, who="dana", reason="look", until=None, checkpoint=False)
        with pytest.raises(Conflict, match="nothing is under way"):
            await made.runs.resume(started.id, who=DANA, **wish)
        made.effects.held.pop("one-x").set()
        await made.state(started.id, "paused")
        again = await made.runs.resume(started.id, who=DANA, **wish)
        view = await made.end(again.id)
        old = bare(await made.runs._ledger.load(started.id))

    assert (old.state, old.reason) == ("cancelled", "another generation goes on from here")
    assert (view.id, view.previous, view.state) == (f"{old.id}.2", old.id, "succeeded")
    assert view.steps[0].state == ("succeeded" if wish["from_step"] == "one" else "kept")
    assert made.effects.names == done


async def test_what_makes_no_sense_leaves_a_paused_run_as_it_was(tmp_path: Path) -> None:
    """An unknown step or value is refused before anything is ended."""
    async with world(tmp_path).open() as made:
        made.effects.held["one"] = asyncio.Event()
        started = await made.start(TWO)
        await made.seen(lambda: "one" in made.effects.running)
        await made.runs.pause(started.id, who="dana", reason="look", until=None, checkpoint=False)
        made.effects.held.pop("one").set()
        await made.state(started.id, "paused")
        with pytest.raises(Missing):
            await made.runs.resume(started.id, who=DANA, from_step="tow")
        with pytest.raises(InvalidRequest):
            await made.runs.resume(started.id, who=DANA, parameters={"x": "1"})
        paused = await made.runs.view(started.id)
        await made.runs.resume(started.id, who=DANA)
        view = await made.end(started.id)

    assert (paused.state, view.state) == ("paused", "succeeded")


async def test_a_playbook_with_errors_never_starts(tmp_path: Path) -> None:
    """The checker's word counts, for every playbook that is reached."""
    made = world(tmp_path)
    made.write("name: inner\nsteps: ['/mark ${nothing}', '/mark x --nmae y']\n")
    async with made.open():
        with pytest.raises(ConfigurationInvalid) as caught:
            await made.start("name: story\nsteps: [{name: sub, playbook: inner}]\n")
        found = await made.runs.find(RunFilter())

    assert any("nmae" in fault for fault in caught.value.faults)
    assert any(fault.startswith("inner.yaml:2:") for fault in caught.value.faults)
    assert found == ()


async def test_the_same_delivery_starts_one_run(tmp_path: Path) -> None:
    """Repeated requests get the first."""
    async with world(tmp_path).open() as made:
        one = await made.start(TWO, delivery="same")
        two = await made.start(TWO, delivery="same")
        await made.end(one.id)
        found = await made.runs.find(RunFilter())

    assert (one.id, len(found)) == (two.id, 1)
    assert one.id == f"WF-{made.clock.now().year}-001"


async def test_no_more_runs_work_at_once_than_allowed_and_urgent_ones_go_first(
    tmp_path: Path,
) -> None:
    """Lower priority numbers first, then the order of asking."""
    async with world(tmp_path, limits=RunLimits(at_once=1)).open() as made:
        made.effects.held["a"] = asyncio.Event()
        views = [await made.start("name: a\nsteps: [/mark a]\n")]
        await made.seen(lambda: "a" in made.effects.running)
        for name, priority in (("late", 10), ("urgent", 1)):
            views.append(
                await made.start(f"name: {name}\nsteps: [/mark {name}]\n", priority=priority)
            )
            await made.state(views[-1].id, "queued")
        await asyncio.sleep(0.1)
        made.effects.held.pop("a").set()
        ends = [await made.end(view.id) for view in views]

    assert [end.state for end in ends] == ["succeeded"] * 3
    assert made.effects.names == ["a", "urgent", "late"]


async def test_locks_let_one_run_after_the_other(tmp_path: Path) -> None:
    """Both want the same environment."""
    text = "name: {0}\nlocks: ['env:x']\nsteps: [/mark {0}]\n"
    async with world(tmp_path).open() as made:
        made.effects.held["a"] = asyncio.Event()
        one = await made.start(text.format("a"))
        await made.seen(lambda: "a" in made.effects.running)
        two = await made.start(text.format("b"))
        await asyncio.sleep(0.05)
        held = await made.locks.held()
        before = list(made.effects.running)
        made.effects.held.pop("a").set()
        ends = [await made.end(each.id) for each in (one, two)]
        after = await made.locks.held()

    assert [(lock.key, lock.holder) for lock in held] == [("env:x", one.id)]
    assert before == ["a"]
    assert [end.state for end in ends] == ["succeeded"] * 2
    assert after == ()


async def test_whoever_may_not_do_a_step_may_not_start_the_run(tmp_path: Path) -> None:
    """Every command is named, those of handlers too, and nothing is begun."""
    guard = FakeGuard({"dana": {"/look"}})
    async with world(tmp_path, guard=guard).open() as made:
        with pytest.raises(Denied, match=r"/mark \(one\).*/gone \(one/on_failure/#1\)"):
            await made.start("""
name: story
steps: [{name: one, command: /mark one, on_failure: [/gone x]}, /look y]
""")
        found = await made.runs.find(RunFilter())

    assert found == ()


async def test_every_fault_of_the_parameters_is_named(tmp_path: Path) -> None:
    """Missing, mistyped and unknown at once."""
    async with world(tmp_path).open() as made:
        with pytest.raises(InvalidRequest) as caught:
            await made.start(
                """
name: story
parameters: [{name: n, type: int, required: true}, {name: m, required: true}]
steps: ['/mark a-${n}-${m}']
""",
                parameters={"n": "many", "k": "1"},
            )
        with pytest.raises(Missing):
            await made.runs.start(RunRequest(playbook="stori"), DANA, delivery="x")

    assert sorted(fault.name for fault in caught.value.faults) == ["k", "m", "n"]


async def test_a_stopped_process_leaves_its_runs_to_the_next(tmp_path: Path) -> None:
    """Working, paused and waiting runs go on; nothing is done twice, a pause stays a pause."""
    first = world(tmp_path)
    async with first.open(grace=0.05):
        first.effects.held["one"] = asyncio.Event()
        working = await first.start(TWO)
        await first.until(lambda: "one" in first.effects.running)
        asking = await first.start("""
name: asking
steps: [/mark before, {name: ask, type: approval, prompt: "Go?"}, /mark after]
""")
        await first.pending()
        await first.runs.pause(asking.id, who="dana", reason="look", until=None, checkpoint=False)

    async with world(tmp_path).open() as second:
        view = await second.end(working.id)
        (question,) = await second.pending()
        await second.approvals.vote(question.id, BEN, approve=True)
        paused = await second.state(asking.id, "paused")
        await second.runs.resume(asking.id, who=DANA)
        asked = await second.end(asking.id)

    assert (view.state, asked.state, paused.reason) == ("succeeded", "succeeded", "dana: look")
    assert sorted(second.effects.names) == ["after", "before", "one", "two"]


async def test_one_person_starts_only_so_many_runs_a_minute(tmp_path: Path) -> None:
    """Repeated deliveries do not count, and a minute later there is room again."""
    limits = RunLimits(per_minute=2)
    async with world(tmp_path, limits=limits).open() as made:
        for number in range(2):
            view = await made.start("name: story\nsteps: [/mark one]\n", delivery=f"d{number}")
            await made.end(view.id)
        again = await made.start("name: story\nsteps: [/mark one]\n", delivery="d1")
        with pytest.raises(RateLimited) as caught:
            await made.start("name: story\nsteps: [/mark one]\n")
        await made.clock.advance(caught.value.retry_after + 1)
        later = await made.start("name: story\nsteps: [/mark one]\n")
        await made.end(later.id)

    assert again.id == view.id
    assert 0 < caught.value.retry_after <= 60
    assert later.id.endswith("-003")


@pytest.mark.parametrize(
    "steps",
    [
        '[{name: ask, type: approval, prompt: "Go?"}]',
        "[{name: ask, command: /ship one}]",
    ],
)
async def test_nobody_is_asked_about_a_run_that_was_declared_over(
    tmp_path: Path, steps: str
) -> None:
    """The question is withdrawn with the reason, and a late yes is told so."""
    async with world(tmp_path).open() as made:
        started = await made.start(f"name: story\nsteps: {steps}\n")
        (question,) = await made.pending()
        await made.runs.complete(started.id, who="dana", reason="enough")
        view = await made.end(started.id)
        left = await made.approvals.open()
        with pytest.raises(Conflict, match="no longer needed") as told:
            await made.approvals.vote(question.id, BEN, approve=True)

    assert (view.state, left) == ("forced", ())
    assert told.value.why == f"{view.id} was ended by hand."
    assert "one" not in made.effects.names


async def test_a_question_ends_with_its_step_though_the_run_goes_on(tmp_path: Path) -> None:
    """The branch beside it failed, and the council has nothing to answer any more."""
    async with world(tmp_path).open() as made:
        started = await made.start("""
name: story
steps:
  - name: fan
    continue_on_error: true
    branches:
      - {name: a, steps: [{name: ask, type: approval, prompt: "Stay?"}]}
      - {name: b, steps: [{command: /mark held}, {command: /gone x}]}
  - {name: last, type: approval, prompt: "And now?"}
""")
        made.effects.held["held"] = asyncio.Event()
        await made.pending()
        made.effects.held["held"].set()
        async with asyncio.timeout(10):
            while [each.title for each in await made.approvals.open()] != ["And now?"]:
                await asyncio.sleep(0.01)
        (left,) = await made.approvals.open()
        await made.approvals.vote(left.id, BEN, approve=True)
        view = await made.end(started.id)

    assert view.state == "succeeded"
