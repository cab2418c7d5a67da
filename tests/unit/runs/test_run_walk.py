"""Steps one after another: what they see, what stops them, what is remembered of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import world

if TYPE_CHECKING:
    from pathlib import Path

    from tgk.ports.runs import RunView


def states(view: RunView) -> dict[str, str]:
    """Return the state of each step at the top, by path."""
    return {step.path: step.state for step in view.steps}


async def test_steps_run_in_order_and_read_what_came_before(tmp_path: Path) -> None:
    """A later step may use the output of an earlier one."""
    async with world(tmp_path).open() as made:
        view = await made.play(
            """
name: story
parameters: [{name: version, required: true}]
steps:
  - {name: build, command: '/mark build --value "${version}"'}
  - {name: ship, command: "/mark ship-${build.output.value}", condition: build.success}
outputs: {shipped: "${ship.output.name}"}
""",
            parameters={"version": "v1"},
        )

    assert (view.state, view.reason) == ("succeeded", "")
    assert made.effects.names == ["build", "ship-v1"]
    assert view.outputs == {"shipped": "ship-v1"}
    assert states(view) == {"build": "succeeded", "ship": "succeeded"}


async def test_a_step_whose_condition_is_false_is_skipped_and_has_a_result(tmp_path: Path) -> None:
    """Skipped is a status of its own, not a success."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
steps:
  - {name: first, command: /mark first, condition: "1 == 2"}
  - {name: second, command: /mark second, condition: "!first.success"}
""")

    assert view.state == "succeeded"
    assert states(view) == {"first": "skipped", "second": "succeeded"}


async def test_a_failed_step_ends_the_list_and_its_handler_reads_the_error(tmp_path: Path) -> None:
    """What comes after it is not begun; the run stays failed although the handler worked."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
steps:
  - name: risky
    command: /mark risky --fails 9
    on_failure:
      - command: "/mark told --value ${error.step}"
  - /mark never
finally:
  - /mark tidied
""")

    assert (view.state, view.reason) == ("failed", "risky: risky failed")
    assert made.effects.names == ["told", "tidied"]


@pytest.mark.parametrize(
    ("heal", "state"), [("recover: true", "succeeded"), ("recover: false", "failed")]
)
async def test_only_recover_lets_a_handler_heal(tmp_path: Path, heal: str, state: str) -> None:
    """The step's own status stays as it was."""
    async with world(tmp_path).open() as made:
        view = await made.play(f"""
name: story
steps:
  - name: risky
    command: /mark risky --fails 9
    {heal}
    on_failure: [/mark mended]
  - /mark next
""")

    assert view.state == state
    assert view.steps[0].state == "failed"
    assert ("next" in made.effects.names) == (state == "succeeded")


async def test_continue_on_error_changes_the_run_and_not_the_step(tmp_path: Path) -> None:
    """The list goes on after the failure."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
steps:
  - {name: risky, command: /mark risky --fails 9, continue_on_error: true}
  - {name: seen, command: /mark seen, condition: "risky.status == 'failed'"}
""")

    assert view.state == "succeeded"
    assert states(view) == {"risky": "failed", "seen": "succeeded"}


async def test_retry_counts_tries_after_the_first(tmp_path: Path) -> None:
    """``retry: 2`` succeeds at the third attempt, and each attempt is another change."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
steps: [{name: flaky, command: /mark flaky --fails 2, retry: 2}]
""")

    assert view.state == "succeeded"
    assert (view.steps[0].attempt, view.steps[0].attempts) == (3, 3)
    assert made.effects.names == ["flaky"]


async def test_a_refusal_is_never_tried_again(tmp_path: Path) -> None:
    """What the command does not understand stays so."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
variables: {n: many}
steps: [{name: wrong, command: "/mark wrong --fails ${n}", retry: 3}]
""")

    assert (view.state, view.steps[0].attempt) == ("failed", 1)


async def test_an_attempt_that_takes_too_long_is_withdrawn(tmp_path: Path) -> None:
    """The change under way is stopped for good before the next attempt."""
    async with world(tmp_path).open() as made:
        made.effects.held["slow"] = asyncio.Event()
        started = await made.start("""
name: story
steps: [{name: slow, command: /mark slow, timeout: 30}]
""")
        await made.seen(lambda: "slow" in made.effects.running)
        view = await made.end(started.id)
        left = await made.engine.pending()

    assert (view.state, view.steps[0].state) == ("failed", "timed_out")
    assert made.effects.stopped == ["slow"]
    ((_, conclusion),) = made.journal.conclusions
    assert conclusion.detail == "Declined: It was stopped. Its time was used up."
    assert not [each for each in left if not each.startswith("run:")]


async def test_branches_run_at_once_and_are_read_from_outside(tmp_path: Path) -> None:
    """Both sides are under way at the same time."""
    async with world(tmp_path).open() as made:
        made.effects.held.update({"one": asyncio.Event(), "two": asyncio.Event()})
        started = await made.start("""
name: story
steps:
  - name: fan
    branches:
      - {name: a, steps: [{name: one, command: /mark one}]}
      - {name: b, steps: [{name: two, command: /mark two}]}
  - {command: "/mark ${one.output.name}-${two.output.name}"}
""")
        await made.seen(lambda: {"one", "two"} <= made.effects.running)
        for name in ("one", "two"):
            made.effects.held.pop(name).set()
        view = await made.end(started.id)

    assert view.state == "succeeded"
    assert made.effects.names[-1] == "one-two"


@pytest.mark.parametrize(("mode", "beside"), [("cancel", "cancelled"), ("off", "succeeded")])
async def test_a_failing_branch_stops_the_others_only_when_wished(
    tmp_path: Path, mode: str, beside: str
) -> None:
    """``cancel`` withdraws what is under way, ``off`` lets it end."""
    async with world(tmp_path).open() as made:
        made.effects.held["long"] = asyncio.Event()
        started = await made.start(f"""
name: story
steps:
  - name: fan
    fail_fast: {mode if mode != "off" else "'off'"}
    branches:
      - {{name: a, steps: [{{name: bad, command: /mark bad --fails 9}}]}}
      - {{name: b, steps: [{{name: long, command: /mark long}}]}}
""")
        if mode == "off":
            await made.seen(lambda: "long" in made.effects.running)
            made.effects.held["long"].set()
        view = await made.end(started.id)

    assert view.state == "failed"
    assert view.steps[0].steps[1].steps[0].state == beside


async def test_items_of_a_loop_run_in_order_or_so_many_at_once(tmp_path: Path) -> None:
    """Each item has a path and values of its own."""
    async with world(tmp_path).open() as made:
        made.effects.held.update({"p-a": asyncio.Event(), "p-b": asyncio.Event()})
        started = await made.start("""
name: story
steps:
  - {name: each, items: [a, b, c], as: it, steps: [{name: do, command: "/mark s-${it}"}]}
  - name: wide
    items: [a, b, c]
    as: it
    max_parallel: 2
    steps: [{name: go, command: "/mark p-${it}"}]
""")
        await made.seen(lambda: {"p-a", "p-b"} <= made.effects.running)
        for name in ("p-a", "p-b"):
            made.effects.held.pop(name).set()
        view = await made.end(started.id)

    assert view.state == "succeeded"
    assert made.effects.names[:3] == ["s-a", "s-b", "s-c"]
    assert sorted(made.effects.names[3:]) == ["p-a", "p-b", "p-c"]
    assert made.effects.most == 2
    assert [item.path for item in view.steps[0].steps] == ["each[0]", "each[1]", "each[2]"]
    assert view.steps[0].steps[1].steps[0].path == "each[1]/do"


async def test_all_or_nothing_takes_back_what_completed_in_reverse(tmp_path: Path) -> None:
    """The run ends as rolled back, and finally comes last."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
transaction: true
steps:
  - {name: a, command: /mark a, undo: [/mark undo-a]}
  - {name: b, command: /mark b, undo: [/mark undo-b]}
  - {name: c, command: /mark c --fails 9}
finally: [/mark last]
""")

    assert view.state == "rolled_back"
    assert made.effects.names == ["a", "b", "undo-b", "undo-a", "last"]
    assert [step.state for step in view.undoes] == ["succeeded", "succeeded"]


async def test_an_undo_that_fails_is_told(tmp_path: Path) -> None:
    """The others are taken back all the same."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
transaction: true
steps:
  - {name: a, command: /mark a, undo: [/mark undo-a]}
  - {name: b, command: /mark b, undo: [/mark undo-b --fails 9]}
  - {name: c, command: /mark c --fails 9}
""")

    assert view.state == "rollback_failed"
    assert made.effects.names == ["a", "b", "undo-a"]


async def test_the_time_of_a_run_is_used_up_by_work(tmp_path: Path) -> None:
    """It is timed out, and finally still runs."""
    async with world(tmp_path).open() as made:
        made.effects.held["slow"] = asyncio.Event()
        view = await made.play(
            "name: story\nsteps: [/mark slow]\nfinally: [/mark tidied]\n", timeout=60
        )

    assert view.state == "timed_out"
    assert made.effects.names == ["tidied"]


async def test_waiting_for_a_time_and_until_something_holds(tmp_path: Path) -> None:
    """A wait asks its command again and again."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
steps:
  - {name: rest, wait: {for: 10m}}
  - {name: poll, wait: {until: "output.count >= 3", every: 10, command: /look it}}
  - {name: late, wait: {until: "1 == 2", every: 10, timeout: 30}}
""")

    assert view.state == "failed"
    assert states(view) == {"rest": "succeeded", "poll": "succeeded", "late": "timed_out"}


async def test_another_playbook_is_played_with_values_of_its_own(tmp_path: Path) -> None:
    """Its outputs are the step's."""
    made = world(tmp_path)
    made.write("""
name: inner
parameters: [{name: what, required: true}]
steps: [{name: do, command: "/mark inner-${what}"}]
outputs: {did: "${do.output.name}"}
""")
    async with made.open():
        view = await made.play("""
name: story
steps:
  - {name: sub, playbook: inner, parameters: {what: x}}
  - /mark after-${sub.output.did}
""")

    assert view.state == "succeeded"
    assert made.effects.names == ["inner-x", "after-inner-x"]
    assert view.steps[0].steps[0].path == "sub/do"


async def test_what_ran_at_once_says_how_each_part_ended(tmp_path: Path) -> None:
    """By the name of a branch, by the item of a loop; later steps can go by it."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
steps:
  - name: roll
    continue_on_error: true
    fail_fast: 'off'
    branches:
      - {name: good, steps: [/mark good]}
      - {name: bad, steps: [/mark bad --fails 9]}
  - name: each
    continue_on_error: true
    fail_fast: 'off'
    items: [1, 2]
    as: n
    steps: ["/mark item --value ${n} --fails ${n == 1 ? 9 : 0}"]
  - /mark after --value ${roll.output.good}-${roll.output.bad}
""")

    assert view.steps[0].output == {"good": "succeeded", "bad": "failed"}
    assert view.steps[1].output["items"] == [
        {"item": 1, "status": "failed"}, {"item": 2, "status": "succeeded"},
    ]  # fmt: skip
    assert view.steps[2].output["value"] == "succeeded-failed"
