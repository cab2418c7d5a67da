"""Runs told as traces while they go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from orchestration.runs.live import LiveTraces
from orchestration.runs.tracing import span_id, trace, trace_id
from tests.unit.runs.run_stories import START, at, run, step
from tgk.errors import Unavailable
from tgk.testing.clock import FakeClock
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tgk.ports.runs import RunView, StepView


class Kept:
    """Implements Spans by keeping them."""

    def __init__(self) -> None:
        self.spans: list[Mapping[str, Any]] = []

    def offer(self, spans: Sequence[Mapping[str, Any]]) -> None:
        """Keep them."""
        self.spans += spans

    @property
    def names(self) -> list[str]:
        """What was told, in order."""
        return [str(span["name"]) for span in self.spans]


def traced() -> tuple[FakeRuns, Kept, LiveTraces]:
    """Return runs, what is told of them, and who tells it."""
    clock = FakeClock(START)
    runs, kept = FakeRuns(clock), Kept()
    return runs, kept, LiveTraces(runs, kept, clock)


def under_way(*steps: StepView, state: str = "running", **more: Any) -> RunView:
    """Return a run at some moment."""
    return run(steps, state, **more)


async def test_a_step_is_told_once_it_has_ended_and_the_run_at_its_end() -> None:
    """Each once, however often it is looked."""
    runs, kept, live = traced()
    first = step("first", "succeeded", 0, 5)
    runs.put(under_way(first, step("second", "running", 5)))
    await live.look()
    await live.look()
    assert ["first"] == kept.names

    runs.put(under_way(first, step("second", "succeeded", 5, 5), state="succeeded", ended=at(10)))
    await live.look()
    await live.look()

    assert ["first", "deploy-web-app", "second"] == kept.names


async def test_what_is_told_live_is_what_an_export_shows() -> None:
    """The same ids, parents, times and facts: one trace, wherever it is looked at."""
    runs, kept, live = traced()
    inner = step("roll/api", "succeeded", 2, 3)
    group = step("roll", "succeeded", 1, 6, kind="parallel", steps=(inner,))
    view = under_way(group, state="succeeded", ended=at(10))
    runs.put(view)

    await live.look()

    exported = trace(view)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert exported == kept.spans


async def test_a_branch_is_told_with_the_run() -> None:
    """It has no end of its own: between two of its steps it only seems to be over."""
    runs, kept, live = traced()
    branch = step(
        "roll/api", "running", kind="branch", steps=(step("roll/api/a", "succeeded", 1, 2),)
    )
    runs.put(under_way(step("roll", "running", 1, kind="parallel", steps=(branch,))))

    await live.look()

    assert ["a"] == kept.names


async def test_an_attempt_that_is_not_the_last_waits() -> None:
    """Whether it is tried again is not known yet; the end of the run tells it."""
    runs, kept, live = traced()
    failed = step("one", "failed", 0, 2, attempt=1, attempts=3)
    runs.put(under_way(failed))
    await live.look()
    assert [] == kept.names

    runs.put(under_way(step("one", "failed", 4, 2, attempt=3, attempts=3)))
    await live.look()
    assert ["one"] == kept.names


async def test_a_step_that_is_played_again_gets_a_span_of_its_own() -> None:
    """Within a group that is tried again: one id never means two things."""
    runs, kept, live = traced()
    runs.put(under_way(step("g/one", "succeeded", 0, 2)))
    await live.look()
    runs.put(under_way(step("g/one", "succeeded", 9, 2)))
    await live.look()

    assert ["one", "one"] == kept.names
    assert span_id("WF-2026-001", "g/one") == kept.spans[0]["spanId"]
    assert kept.spans[0]["spanId"] != kept.spans[1]["spanId"]


async def test_every_generation_is_a_trace_of_its_own() -> None:
    """The end of the first is told although the second goes on already."""
    runs, kept, live = traced()
    first = under_way(step("one", "failed", 0, 2), state="failed", ended=at(3))
    runs.put(first)
    second = step("one", "succeeded", 5, 2)
    runs.put(under_way(second, id="WF-2026-001.2", previous="WF-2026-001"))

    await live.look()

    assert {trace_id("WF-2026-001", ""), trace_id("WF-2026-001.2", "")} == {
        span["traceId"] for span in kept.spans
    }
    assert ["deploy-web-app", "one", "one"] == sorted(kept.names)


async def test_a_run_that_was_forgotten_keeps_nobody_from_being_told() -> None:
    """Its trace stays as it is; the others go on."""
    runs, kept, live = traced()
    runs.put(under_way(step("one", "running", 0)))
    await live.look()
    del runs._views["WF-2026-001"]
    runs.put(under_way(step("two", "succeeded", 0, 2), id="WF-2026-002"))
    await live.look()
    await live.look()

    assert ["two"] == kept.names


async def test_a_store_that_is_away_is_asked_again() -> None:
    """Nothing is lost by it, and nobody hears of a fault."""
    runs, kept, live = traced()
    runs.put(under_way(step("one", "succeeded", 0, 2), state="succeeded", ended=at(3)))
    runs.faults.order(Unavailable("store", "away"))
    duty = asyncio.ensure_future(live.run())
    async with asyncio.timeout(10):
        while not kept.spans:
            await asyncio.sleep(0)
            await live._clock.advance(1.0)  # type: ignore[attr-defined] # of the fake
    duty.cancel()
    await asyncio.wait({duty})

    assert ["deploy-web-app", "one"] == kept.names
