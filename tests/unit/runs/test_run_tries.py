"""How often a step is tried, how long it may take, and what time counts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.playbook.model import Retry
from orchestration.runs.walk import delay_of
from tests.unit.runs.runs_world import BEN, world

if TYPE_CHECKING:
    from pathlib import Path

FLAKY = """
name: story
steps:
  - name: flaky
    command: /mark flaky --fails 9
    {0}
"""


async def test_a_group_is_tried_again_as_a_whole(tmp_path: Path) -> None:
    """Every step inside runs once for each attempt of the group, and only its last one counts."""
    async with world(tmp_path).open() as made:
        made.effects.failing["b"] = 1
        view = await made.play("""
name: story
steps:
  - name: both
    retry: {max: 2, delay: 1}
    steps: [{name: a, command: /mark a}, {name: b, command: /mark b}]
  - /mark next
""")

    assert view.state == "succeeded"
    assert made.effects.names == ["a", "a", "b", "next"]
    assert (view.steps[0].attempt, view.steps[0].attempts) == (2, 3)
    assert [step.state for step in view.steps[0].steps] == ["succeeded", "succeeded"]
    [first] = view.steps[0].tries
    assert (first.state, first.note) == ("failed", "b failed")
    assert first.ended is not None
    assert view.steps[0].began is not None
    assert (view.steps[0].began - first.ended).total_seconds() > 0


async def test_a_step_that_was_refused_says_why_and_what_to_do(tmp_path: Path) -> None:
    """And so do the run and whatever handles it."""
    async with world(tmp_path).open() as made:
        view = await made.play("name: story\nsteps: [{name: look, command: /gone it}]\n")

    why = "the world did not answer as needed. It is away. Try again in a moment."
    assert view.steps[0].note == why
    assert why in view.reason


async def test_a_loop_and_branches_are_tried_again_too(tmp_path: Path) -> None:
    """Whatever the kind of the step, its attempts are apart."""
    async with world(tmp_path).open() as made:
        made.effects.failing.update({"i-two": 1, "right": 1})
        view = await made.play("""
name: story
steps:
  - name: each
    items: [one, two]
    as: it
    retry: {max: 1, delay: 1}
    steps: [{name: do, command: "/mark i-${it}"}]
  - name: fan
    retry: {max: 1, delay: 1}
    fail_fast: drain
    branches:
      - {name: l, steps: [/mark left]}
      - {name: r, steps: [/mark right]}
""")

    assert view.state == "succeeded"
    assert made.effects.names[:3] == ["i-one", "i-one", "i-two"]
    assert sorted(made.effects.names[3:]) == ["left", "left", "right"]


@pytest.mark.parametrize(
    ("when", "attempts"),
    [("output.why == 'ordered'", 3), ("output.why == 'else'", 1), ("error.type == 'failure'", 3)],
)
async def test_the_author_says_which_failures_are_tried_again(
    tmp_path: Path, when: str, attempts: int
) -> None:
    """``when`` reads the output and the error of the attempt that failed."""
    async with world(tmp_path).open() as made:
        made.effects.failing["flaky"] = 9
        view = await made.play(FLAKY.format(f'retry: {{max: 2, delay: 1, when: "{when}"}}'))

    assert (view.state, view.steps[0].attempt) == ("failed", attempts)


async def test_pauses_between_attempts_grow_to_their_bound(tmp_path: Path) -> None:
    """Ten, thirty and then never more than forty seconds."""
    async with world(tmp_path).open() as made:
        view = await made.play(
            FLAKY.format("retry: {max: 3, delay: 10, backoff: 3, max_delay: 40, jitter: false}")
        )

    assert view.steps[0].attempt == 4
    assert view.began is not None
    assert view.ended is not None
    assert timedelta(seconds=80) <= view.ended - view.began < timedelta(seconds=85)


def test_jitter_spreads_pauses_and_is_the_same_in_every_life() -> None:
    """It stays below what the pause would be, and depends on the run and the step alone."""
    retry = Retry(more=9, delay=10.0, backoff=2.0, max_delay=60.0)
    delays = [delay_of(retry, f"WF-2026-{number:03} step 2", 2) for number in range(50)]

    assert all(0 <= delay <= 20 for delay in delays)
    assert max(delays) - min(delays) > 10
    assert delays == [delay_of(retry, f"WF-2026-{number:03} step 2", 2) for number in range(50)]


async def test_no_attempt_begins_after_the_longest_time(tmp_path: Path) -> None:
    """``max_elapsed`` counts from the first attempt and leaves the last failure as it was."""
    async with world(tmp_path).open() as made:
        retry = "retry: {max: 9, delay: 10, backoff: 1, jitter: false, max_elapsed: 25}"
        view = await made.play(FLAKY.format(retry))

    assert (view.steps[0].state, view.steps[0].attempt) == ("failed", 3)


async def test_all_attempts_share_the_total_time(tmp_path: Path) -> None:
    """It ends as timed out, even between two attempts, and handlers are told so."""
    async with world(tmp_path).open() as made:
        view = await made.play(
            FLAKY.format(
                "retry: {max: 9, delay: 10, backoff: 1, jitter: false}\n"
                "    total_timeout: 25\n"
                "    on_failure: ['/mark told --value ${error.type}']"
            )
        )

    assert (view.state, view.reason) == ("failed", "flaky: its time was used up")
    assert (view.steps[0].state, view.steps[0].attempt) == ("timed_out", 3)
    told = view.steps[0].steps[0].steps[0]
    assert told.output["value"] == "timed_out"


async def test_one_attempt_that_takes_too_long_is_followed_by_the_next(tmp_path: Path) -> None:
    """``timeout`` is for each attempt; the change that hung was withdrawn."""
    async with world(tmp_path).open() as made:
        made.effects.held["slow"] = asyncio.Event()
        started = await made.start("""
name: story
steps: [{name: slow, command: /mark slow, timeout: 30, retry: {max: 1, delay: 1}}]
""")
        await made.seen(lambda: "slow" in made.effects.running)
        await made.until(lambda: made.effects.stopped == ["slow"])
        del made.effects.held["slow"]
        view = await made.end(started.id)

    assert (view.state, view.steps[0].attempt) == ("succeeded", 2)
    assert made.effects.names == ["slow"]


async def test_a_timeout_of_a_group_stops_what_is_inside(tmp_path: Path) -> None:
    """The step inside was cancelled, the group has timed out, its handler still runs."""
    async with world(tmp_path).open() as made:
        made.effects.held["slow"] = asyncio.Event()
        started = await made.start("""
name: story
steps:
  - name: both
    timeout: 20
    steps: [{name: a, command: /mark a}, {name: slow, command: /mark slow}, /mark never]
    on_failure: [/mark mended]
    recover: true
  - /mark next
""")
        await made.seen(lambda: "slow" in made.effects.running)
        await made.until(lambda: made.effects.stopped == ["slow"])
        made.effects.held.clear()
        view = await made.end(started.id)

    assert view.state == "succeeded"
    assert [step.state for step in view.steps[0].steps[:2]] == ["succeeded", "cancelled"]
    assert view.steps[0].state == "timed_out"
    assert made.effects.names == ["a", "mended", "next"]


async def test_waiting_for_people_uses_up_no_time(tmp_path: Path) -> None:
    """Ten minutes of an approval are not counted in a run of one minute."""
    async with world(tmp_path).open() as made:
        started = await made.start(
            "name: story\nsteps: [{name: ask, type: approval, prompt: Go}, /mark after]\n",
            timeout=60,
        )
        (question,) = await made.pending()
        await made.state(started.id, "waiting")
        await made.clock.advance(600)
        await made.approvals.vote(question.id, BEN, approve=True)
        view = await made.end(started.id)

    assert (view.state, made.effects.names) == ("succeeded", ["after"])


async def test_waiting_for_a_time_uses_up_the_time_of_the_run(tmp_path: Path) -> None:
    """A wait is work of the run; what follows is not begun."""
    async with world(tmp_path).open() as made:
        view = await made.play(
            "name: story\nsteps: [{name: rest, wait: 10m}, /mark never]\n", timeout=60
        )

    assert (view.state, view.reason) == ("timed_out", "the time of the run was used up")
    assert made.effects.names == []


@pytest.mark.parametrize("given", [{"timeout": 30.0}, {}])
async def test_a_run_may_have_less_time_than_its_playbook_says(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    """What was asked for at the start stands before what the file says."""
    async with world(tmp_path).open() as made:
        view = await made.play("name: story\ntimeout: 2m\nsteps: [{wait: 1m}]\n", **given)

    assert view.state == ("timed_out" if given else "succeeded")
