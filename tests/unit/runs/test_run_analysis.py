"""Where the time of runs went, and what that suggests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestration.runs.analysis import analyze
from tests.unit.runs.run_stories import (
    NOW,
    at,
    finished,
    run,
    second_generation,
    step,
    thirteen,
)
from tgk.ports.runs import Pausing

if TYPE_CHECKING:
    from tgk.ports.runs import RunView

EARLIER = [finished(1, 2), finished(0.9, 3), finished(1.1, 4)]


def test_working_and_waiting_are_told_apart() -> None:
    """An approval is waiting; two branches at once count once."""
    found = analyze(finished())

    assert found.seconds == 267
    assert found.waiting == 60
    assert found.working == pytest.approx(12 + 41 + 150 + 4)
    assert found.idle == pytest.approx(0)


def test_waiting_beside_work_is_work() -> None:
    """Nobody waits while something useful happens."""
    steps = [
        step("ask", "succeeded", 0, 100, kind="approval"), step("build", "succeeded", 20, 50),
    ]  # fmt: skip
    found = analyze(run(steps, "succeeded", ended=at(100)))

    assert (found.working, found.waiting, found.idle) == (50, 50, 0)


def test_what_people_decide_before_a_step_acts_is_waiting() -> None:
    """It is not the step's own time, nor what it usually needs."""
    ship = step("ship", "succeeded", 0, 100).model_copy(update={"freed": at(90)})
    asked = run([ship], "succeeded", ended=at(100))
    quick = run([step("ship", "succeeded", 0, 8)], "succeeded", ended=at(8), id="WF-2026-002")

    found = analyze(asked, [quick])
    (time,) = found.steps

    assert (found.working, found.waiting, found.idle) == (10, 90, 0)
    assert (time.seconds, time.waited, time.median) == (10, 90, 8)
    assert any("90% of the time (1 m 30 s) went into waiting" in each for each in found.suggestions)
    assert analyze(quick, [asked]).steps[0].median == 10


def paused(slower: float = 1.0, number: int = 1) -> RunView:
    """Return such a run that stood still for ten minutes before its last step."""
    whole = finished(slower, number)
    *before, last = whole.steps
    assert last.began is not None
    assert last.ended is not None
    late = {
        "began": last.began + timedelta(minutes=10),
        "ended": last.ended + timedelta(minutes=10),
    }
    pause = Pausing(began=last.began, ended=late["began"])
    assert whole.ended is not None
    return whole.model_copy(
        update={
            "steps": (*before, last.model_copy(update=late)),
            "ended": whole.ended + timedelta(minutes=10),
            "pauses": (pause,),
        }
    )


def test_a_pause_is_a_time_of_its_own_and_compared_with_nothing() -> None:
    """Neither work nor waiting; it makes its run no slower, and no other one faster."""
    plain, found = analyze(finished(), EARLIER), analyze(paused(), EARLIER)
    beside = analyze(finished(), [paused(0.9, 2), paused(1.0, 3), paused(1.1, 4)])

    assert (found.paused, found.seconds - plain.seconds) == (600, 600)
    assert (found.working, found.waiting, found.idle) == (plain.working, plain.waiting, 0)
    assert found.change == plain.change
    assert found.suggestions == plain.suggestions
    assert beside.median == plain.seconds


def test_whoever_is_asked_in_a_pause_keeps_nobody_waiting() -> None:
    """Where both are so, it is the pause; a pause that lasts ends by now."""
    ask = [step("ask", "waiting", 0, kind="approval")]
    view = run(ask, "paused", pauses=(Pausing(began=at(30)),))
    found = analyze(view, now=at(100))

    assert (found.working, found.waiting, found.paused, found.idle) == (0, 30, 70, 0)


def test_without_a_pause_nothing_under_way_is_idle() -> None:
    """Such as between two attempts."""
    steps = [step("a", "succeeded", 0, 10), step("b", "succeeded", 100, 10)]
    found = analyze(run(steps, "succeeded", ended=at(110)))

    assert (found.working, found.waiting, found.idle) == (20, 0, 90)


def test_steps_are_compared_with_their_own_past() -> None:
    """Median and p95 are of runs in which the step succeeded."""
    found = analyze(finished(1.3), EARLIER)
    steps = {each.name: each for each in found.steps}

    assert steps["deploy-api"].median == 130
    assert steps["deploy-api"].p95 == pytest.approx(143, rel=0.02)
    assert steps["deploy-api"].over == pytest.approx(39)
    assert found.earlier == 3
    assert found.change == pytest.approx(0.228, abs=0.01)


def test_other_playbooks_and_the_run_itself_are_no_history() -> None:
    """They would flatter it."""
    other = finished(5, 9).model_copy(update={"playbook": "daily-backup"})

    assert analyze(finished(1, 1), [other, finished(1, 1)]).earlier == 0


def test_the_slowest_steps_come_first() -> None:
    """At most five."""
    names = [each.name for each in analyze(finished()).slowest]

    assert names == ["deploy-api", "deploy-web", "council", "backup", "verify"]


def test_the_critical_path_is_named() -> None:
    """By paths, in order."""
    assert analyze(finished()).critical == (
        "validate", "backup", "roll/api/deploy-api", "roll/api/verify", "council", "switch",
    )  # fmt: skip


def test_a_step_that_often_needs_another_attempt_is_flaky() -> None:
    """Counted over all runs."""
    (flaky,) = analyze(finished(), EARLIER).flaky

    assert (flaky.name, flaky.repeated, flaky.runs, flaky.most) == ("deploy-api", 4, 4, 2)


def test_kept_steps_took_no_time() -> None:
    """They belong to the earlier generation."""
    found = analyze(second_generation(), now=NOW)

    assert [each.name for each in found.steps] == ["deploy"]


def test_a_slow_run_is_explained_by_its_worst_critical_step() -> None:
    """Where to look stands in the first sentence."""
    found = analyze(finished(1.5), EARLIER)

    assert found.suggestions[0] == (
        "The run took 6 m 08 s, 38% longer than the median of 3 runs (4 m 27 s). "
        "deploy-api alone took 1 m 05 s more than usual: look there first."
    )


def test_a_flaky_step_is_named_with_its_share() -> None:
    """Raising retries is not the answer."""
    found = analyze(finished(), EARLIER)

    assert any(
        said.startswith("deploy-api needed more than one attempt in 4 of 4 runs")
        for said in found.suggestions
    )


def test_much_waiting_for_an_approval_is_said() -> None:
    """With its share and what could be done."""
    steps = [step("ask", "succeeded", 0, 90, kind="approval"), step("go", "succeeded", 90, 10)]
    found = analyze(run(steps, "succeeded", ended=at(100)))

    assert found.suggestions[0].startswith(
        "90% of the time (1 m 30 s) went into waiting, most of it for ask."
    )


def test_a_timeout_below_what_is_usual_is_said() -> None:
    """It fails runs that would have succeeded."""
    good = [
        run([step("go", "succeeded", 0, took)], "succeeded", ended=at(took), id=f"WF-{took}")
        for took in (50, 58, 55)
    ]  # fmt: skip
    late = run([step("go", "timed_out", 0, 60)], "timed_out", ended=at(60))

    assert (
        "go timed out, and needs up to 58 s when it succeeds: its timeout leaves too little"
        in (analyze(late, good).suggestions[0])
    )


def test_two_long_neighbours_could_run_at_once() -> None:
    """Said only while the run did not do so already."""
    steps = [step("one", "succeeded", 0, 40), step("two", "succeeded", 40, 50)]
    alone = run(steps, "succeeded", ended=at(90))
    request = alone.request.model_copy(update={"parallel": True})
    beside = alone.model_copy(update={"request": request})

    assert any("put them into a parallel step: about 40 s" in s for s in analyze(alone).suggestions)
    assert not any("parallel step" in said for said in analyze(beside).suggestions)


def test_an_uneven_branch_is_named() -> None:
    """The others are not worth speeding up."""
    found = analyze(finished())

    assert any(
        said.startswith("In roll, branch api ran 1 m 28 s longer than the next.")
        for said in found.suggestions
    )


def test_a_long_queue_is_said() -> None:
    """It is no fault of the playbook."""
    view = run([step("a", "succeeded", 0, 1)], "succeeded", asked=at(-120), ended=at(1))

    assert any("waited 2 m 00 s for a slot" in said for said in analyze(view).suggestions)


def test_nothing_is_suggested_for_a_usual_run() -> None:
    """Silence is an answer."""
    steps = [step("a", "succeeded", 0, 1), step("b", "succeeded", 1, 1)]
    usual = [run(steps, "succeeded", ended=at(2), id=f"WF-{n}") for n in range(4)]

    assert analyze(usual[0], usual).suggestions == ()


def test_a_run_under_way_is_analysed_up_to_now() -> None:
    """Nothing that has not begun counts."""
    found = analyze(thirteen(), now=NOW)

    assert found.seconds == 271
    assert "roll/api/deploy-api" in found.critical
    assert all(each.seconds <= 271 for each in found.steps)


def test_a_run_that_has_not_begun_has_no_times() -> None:
    """And no division by them."""
    found = analyze(run([step("a")], "queued", began=None), now=NOW)

    assert (found.seconds, found.steps, found.change) == (0, (), None)
    assert found.queued == 271


def test_what_was_skipped_or_kept_decided_nothing() -> None:
    """It took no time, whatever moment it was noted at."""
    steps = [
        step("a", "succeeded", 0, 5),
        step("b", "skipped", 5, 0),
        step("c", "kept", 5, 0),
        step("d", "succeeded", 5, 5),
    ]

    assert analyze(run(steps, "succeeded", ended=at(10))).critical == ("a", "d")


def test_a_run_that_was_resumed_after_its_end_is_no_measure_of_whole_ones() -> None:
    """It played only what was left."""
    resumed = finished(0.1, 2).model_copy(update={"previous": "WF-2026-009"})

    found = analyze(finished(1, 1), [resumed, finished(1, 3)])

    assert (found.earlier, found.median) == (1, 267.0)
