"""How far a run says that it is: never less than before, and never more than was done."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from commands.orchestrate.log import log_of
from orchestration.runs.progress import progress
from orchestration.runs.wording import details
from tests.unit.runs.run_stories import run, step
from tests.unit.runs.runs_world import world
from tgk.errors import Missing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runs.runs_world import World
    from tgk.ports.runs import RunView

EVERYTHING = """
name: story
transaction: true
steps:
  - name: flaky
    command: /mark flaky --fails 2
    retry: {max: 3, delay: 30}
    undo: /mark unflaky
  - name: both
    retry: {max: 1, delay: 5}
    steps: [/mark a, {name: b, command: /mark b}, {name: c, command: /mark c}]
  - name: choice
    condition: flaky.success
    then: [/mark taken]
    else: [/mark no, /mark never]
  - name: each
    items: [one, two, three]
    as: it
    steps: [{name: do, command: "/mark ${it}"}, {name: more, command: "/mark more-${it}"}]
  - name: bad
    command: /mark bad
    on_failure: [/mark handled]
  - /mark last
finally: [/mark goodbye]
"""


async def told(made: World, text: str) -> list[RunView]:
    """Return a run as it stood after every single write until its end."""
    seen: list[RunView] = []
    write = made.store.write

    async def watched(act: Any) -> Any:
        value = await write(act)
        with contextlib.suppress(Missing):  # before there is one
            seen.append(await made.runs.view("WF-2026-001"))
        return value

    made.store.write = watched  # type: ignore[method-assign] # looked at, not changed
    started = await made.start(text)
    view = await made.end(started.id)
    made.store.write = write  # type: ignore[method-assign]
    return [*seen, view]


async def test_it_never_goes_backward(tmp_path: Path) -> None:
    """Looked at after each write: tries again, groups that are, loops, ways, handlers, undoing."""
    async with world(tmp_path).open() as made:
        made.effects.failing.update({"c": 1, "bad": 1})
        views = await told(made, EVERYTHING)

    said = [progress(view) for view in views]
    assert views[-1].state == "rolled_back"
    assert "waiting" in {view.steps[0].state for view in views}
    assert said == sorted(said)
    assert {total for _, total in said} == {12}
    assert said[-1] == (11, 12)  # the last one was never reached
    assert len(set(said)) > 8


async def test_a_step_that_waits_for_another_try_says_so(tmp_path: Path) -> None:
    """When that is and why; it has not failed yet, and its log has the try that did."""
    text = """
name: story
steps: [{name: flaky, command: /mark flaky --fails 1, retry: {max: 2, delay: 30, jitter: false}}]
"""
    async with world(tmp_path).open() as made:
        views = await told(made, text)

    waiting = next(view for view in views if view.steps[0].state == "waiting")
    [step] = waiting.steps
    assert (step.began, step.ended) == (step.tries[-1].ended, None)
    assert step.note.startswith("another try at ")
    assert step.note.endswith(" UTC: flaky failed")
    assert details(step).startswith("attempt 1 of 3 · another try at ")
    assert waiting.waits_for.endswith(" UTC (flaky)")
    assert [line[9:18].strip() for line in log_of(waiting)] == ["began", "failed", "waits"]
    assert views[-1].steps[0].state == "succeeded"
    assert "another try" not in views[-1].steps[0].note


async def test_a_try_that_is_not_made_any_more_is_not_waited_for(tmp_path: Path) -> None:
    """A step whose run is ended by hand while it rests has failed."""
    text = (
        "name: story\nsteps: [{name: a, command: /mark a --fails 9, retry: {max: 3, delay: 1h}}]\n"
    )
    async with world(tmp_path).open() as made:
        started = await made.start(text)
        async with asyncio.timeout(10):
            while (await made.runs.view(started.id)).steps[0].state != "waiting":
                await asyncio.sleep(0.01)
        await made.runs.complete(started.id, who="dana", reason="enough")
        view = await made.end(started.id)
        [record] = await made.runs._ledger.steps(started.id)

    assert (view.state, view.steps[0].state, view.steps[0].note) == ("forced", "failed", "a failed")
    assert record.waits == ""


async def test_what_was_never_reached_is_not_counted(tmp_path: Path) -> None:
    """Of a run ended by hand before people were heard nothing is; of one that failed, its part."""
    asked = "name: story\nsteps: [/ship part, /mark b, /mark c]\nfinally: [/mark end]\n"
    failed = "name: other\nsteps: [/mark a, /mark b --fails 9, /mark c, /mark d]\n"
    async with world(tmp_path).open() as made:
        started = await made.start(asked)
        async with asyncio.timeout(10):
            while not await made.approvals.open():
                await asyncio.sleep(0.01)
        await made.runs.complete(started.id, who="dana", reason="enough")
        forced = await made.end(started.id)
        broken = await made.play(failed)

    assert (forced.state, progress(forced)) == ("forced", (1, 4))
    assert (broken.state, progress(broken)) == ("failed", (2, 4))


def test_a_loop_counts_as_far_as_its_items_are() -> None:
    """However many there are, its steps count once."""
    items = [
        step(f"each[{n}]", state, kind="item", steps=(step(f"each[{n}]/do", state, n, 1),
                                                       step(f"each[{n}]/look", state, n, 1)))
        for n, state in enumerate(["succeeded", "succeeded", "failed", "running"])
    ]  # fmt: skip
    before = run([step("each", kind="foreach", steps=(step("each/do"), step("each/look")))])
    under_way = run([step("each", "running", 0, kind="foreach", steps=tuple(items))])

    assert progress(before) == (0, 2)
    assert progress(under_way) == (1, 2)


def test_a_step_is_not_over_before_what_handles_its_end_is() -> None:
    """Nor does what handles it count beside it."""

    def handled(state: str) -> tuple[int, int]:
        tell = step("a/on_failure/tell", state)
        return progress(run([step("a", "failed", 0, 1, steps=(tell,)), step("b")]))

    assert [handled(state) for state in ("pending", "running", "succeeded")] == [
        (0, 2), (0, 2), (1, 2),
    ]  # fmt: skip
