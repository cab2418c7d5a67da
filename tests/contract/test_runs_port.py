"""What every implementation of Runs promises."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.unit.runs.runs_world import BEN, DANA, world
from tgk.errors import Conflict, Missing
from tgk.ports.runs import ENDED, RunFilter, RunRequest
from tgk.testing.clock import FakeClock
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.runs.runs_world import World
    from tgk.caller import Caller
    from tgk.ports.runs import Runs, RunView

STORY = """
name: {0}
parameters: [{{name: v, default: x}}]
steps: [{{name: one, command: /mark {0}-one}}, {{name: two, command: /mark {0}-two}}]
"""


class Desk(Protocol):
    """Runs, and a hand on what becomes of them."""

    runs: Runs

    async def start(self, name: str, delivery: str, who: Caller = DANA) -> RunView:
        """Start a run that stays in its first step."""

    async def rest(self, run: str) -> RunView:
        """Let the step under way end; returns the run once it is paused."""

    async def end(self, run: str, *, well: bool = True) -> RunView:
        """Let it come to its end."""


class FakeDesk:
    """Runs in memory."""

    def __init__(self) -> None:
        self.runs: Any = FakeRuns(FakeClock())

    async def start(self, name: str, delivery: str, who: Caller = DANA) -> RunView:
        """Start it."""
        request = RunRequest(playbook=name)
        view: RunView = await self.runs.start(request, who, delivery=delivery)
        return view

    async def rest(self, run: str) -> RunView:
        """It is paused at once."""
        view: RunView = await self.runs.view(run)
        return view

    async def end(self, run: str, *, well: bool = True) -> RunView:
        """Say how it ends."""
        if (await self.runs.view(run)).state not in ENDED:
            self.runs.change(run, state="succeeded" if well else "failed")
        return await _ended(self.runs, run)


class DurableDesk:
    """The durable engine in a small world."""

    def __init__(self, made: World) -> None:
        self.made = made
        self.runs = made.runs

    async def start(self, name: str, delivery: str, who: Caller = DANA) -> RunView:
        """Start it, held in its first step."""
        held = self.made.effects.held
        if f"{name}-one" not in held and await self.runs.started(delivery) is None:
            held[f"{name}-one"] = asyncio.Event()
        request = RunRequest(playbook=self.made.write(STORY.format(name)))
        view: RunView = await self.runs.start(request, who, delivery=delivery)
        if view.state not in ENDED:
            await self.made.seen(lambda: f"{name}-one" in self.made.effects.running)
        return view

    async def rest(self, run: str) -> RunView:
        """Let go of the step."""
        self._let_go()
        return await self.made.state(run, "paused")

    async def end(self, run: str, *, well: bool = True) -> RunView:
        """Let go of everything."""
        if not well:
            playbook = (await self.runs.view(run)).playbook
            self.made.effects.failing[f"{playbook}-two"] = 1
        self._let_go()
        return await self.made.end(run)

    def _let_go(self) -> None:
        for event in self.made.effects.held.values():
            event.set()
        self.made.effects.held.clear()


async def _ended(runs: Runs, run: str) -> RunView:
    async def unseen(view: RunView) -> None:
        """Look away."""

    async with asyncio.timeout(20):
        return await runs.ended(run, unseen)


@pytest.fixture(params=["fake", "durable"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    """Give each implementation in turn."""
    if request.param == "fake":
        yield FakeDesk()
        return
    async with world(tmp_path).open() as made:
        yield DurableDesk(made)


async def test_one_delivery_is_one_run(desk: Desk) -> None:
    """Repeated, it returns the first; what was never delivered has started nothing."""
    one = await desk.start("story", "d1")
    again = await desk.start("story", "d1")
    known, unknown = await desk.runs.started("d1"), await desk.runs.started("d2")
    view = await desk.end(one.id)

    assert (again.id, known and known.id, unknown) == (one.id, one.id, None)
    assert view.state == "succeeded"
    assert view.ended is not None


async def test_a_run_that_does_not_exist_is_missing(desk: Desk) -> None:
    """For every question alike."""
    for asked in (
        desk.runs.view("WF-2026-099"),
        desk.runs.complete("WF-2026-099", who="dana", reason="x"),
        desk.runs.resume("WF-2026-099", who=DANA),
        desk.runs.checkpoints("WF-2026-099"),
    ):
        with pytest.raises(Missing):
            await asked


async def test_current_is_ones_own_else_the_only_one(desk: Desk) -> None:
    """Where it could be several of others it is nobody's guess."""
    with pytest.raises(Missing):
        await desk.runs.current("dana")
    first = await desk.start("one", "d1", BEN)
    only = await desk.runs.current("dana")
    second = await desk.start("two", "d2", BEN)
    with pytest.raises(Conflict):
        await desk.runs.current("dana")
    own = await desk.runs.current("ben")
    for run in (first, second):
        await desk.end(run.id)

    assert (only.id, own.id) == (first.id, second.id)


async def test_runs_are_found_by_state_and_playbook_the_newest_first(desk: Desk) -> None:
    """Their steps are left out."""
    first = await desk.start("one", "d1")
    await desk.end(first.id)
    second = await desk.start("two", "d2")
    found = {
        "all": await desk.runs.find(RunFilter()),
        "ended": await desk.runs.find(RunFilter(states=ENDED)),
        "two": await desk.runs.find(RunFilter(playbook="two")),
        "last": await desk.runs.find(RunFilter(limit=1)),
    }
    await desk.end(second.id)

    assert {name: [view.id for view in views] for name, views in found.items()} == {
        "all": [second.id, first.id], "ended": [first.id], "two": [second.id], "last": [second.id],
    }  # fmt: skip
    assert not any(view.steps for view in found["all"])


async def test_a_pause_holds_until_it_is_resumed(desk: Desk) -> None:
    """It is said who paused it and why; a second pause is in the way of the first."""
    started = await desk.start("story", "d1")
    pausing = await desk.runs.pause(
        started.id, who="dana", reason="look", until=None, checkpoint=True
    )
    with pytest.raises(Conflict) as twice:
        await desk.runs.pause(started.id, who="ben", reason="me", until=None, checkpoint=False)
    paused = await desk.rest(started.id)
    kept = await desk.runs.checkpoints(started.id)
    resumed = await desk.runs.resume(started.id, who=DANA)
    view = await desk.end(started.id)

    assert f"/orchestrate resume {started.id}" in twice.value.remedy
    assert (pausing.reason, paused.state, paused.reason) == ("dana: look", "paused", "dana: look")
    assert [each.run for each in kept] == [started.id]
    assert (resumed.id, view.state) == (started.id, "succeeded")


async def test_a_run_declared_over_is_over(desk: Desk) -> None:
    """By name, and once."""
    started = await desk.start("story", "d1")
    await desk.runs.complete(started.id, who="dana", reason="enough")
    view = await desk.end(started.id)

    assert (view.state, view.reason) == ("forced", "dana: enough")
    for asked in (
        desk.runs.complete(started.id, who="dana", reason="again"),
        desk.runs.pause(started.id, who="dana", reason="x", until=None, checkpoint=False),
    ):
        with pytest.raises(Conflict):
            await asked


async def test_what_goes_on_or_went_well_is_not_resumed(desk: Desk) -> None:
    """Unless, after a good end, a step to begin from is named."""
    started = await desk.start("story", "d1")
    with pytest.raises(Conflict) as going:
        await desk.runs.resume(started.id, who=DANA)
    assert f"/orchestrate status {started.id}" in going.value.remedy
    with pytest.raises(Conflict):
        await desk.runs.resume(started.id, who=DANA, from_step="two")
    await desk.end(started.id)
    with pytest.raises(Conflict):
        await desk.runs.resume(started.id, who=DANA)
    again = await desk.runs.resume(started.id, who=DANA, from_step="two")
    view = await desk.end(again.id)

    assert (again.id, again.previous) == (f"{started.id}.2", started.id)
    assert view.state == "succeeded"


async def test_what_failed_goes_on_as_the_next_generation(desk: Desk) -> None:
    """The root means the newest one; the old one stays as it ended."""
    started = await desk.start("story", "d1")
    failed = await desk.end(started.id, well=False)
    again = await desk.runs.resume(started.id, who=DANA, parameters={"v": "y"})
    newest = await desk.runs.view(started.id)
    view = await desk.end(again.id)

    assert failed.state == "failed"
    assert (again.id, newest.id, again.previous) == (f"{started.id}.2", again.id, started.id)
    assert again.parameters["v"] == "y"
    assert view.state == "succeeded"


async def test_a_paused_run_that_goes_on_otherwise_leaves_its_generation(desk: Desk) -> None:
    """It has ended as cancelled, for another goes on from there."""
    started = await desk.start("story", "d1")
    await desk.runs.pause(started.id, who="dana", reason="look", until=None, checkpoint=False)
    await desk.rest(started.id)
    again = await desk.runs.resume(started.id, who=DANA, parameters={"v": "y"})
    old = next(each for each in await desk.runs.find(RunFilter()) if each.id == started.id)
    view = await desk.end(again.id)

    assert (old.state, again.id, view.state) == ("cancelled", f"{started.id}.2", "succeeded")


async def test_what_is_said_again_under_its_delivery_counts_once(desk: Desk) -> None:
    """A kill may leave the one who said it without an answer: it says it again, and gets one."""
    started = await desk.start("story", "d1")
    for _ in range(2):
        await desk.runs.pause(
            started.id, who="dana", reason="look", until=None, checkpoint=True, delivery="p"
        )
    await desk.rest(started.id)
    wish: dict[str, Any] = {"who": DANA, "parameters": {"v": "y"}, "delivery": "r"}
    other = [(await desk.runs.resume(started.id, **wish)).id for _ in range(2)]
    for _ in range(2):
        await desk.runs.complete(started.id, who="dana", reason="enough", delivery="c")
    view = await desk.end(other[0])
    after = await desk.runs.complete(started.id, who="dana", reason="enough", delivery="c")

    assert other == [f"{started.id}.2"] * 2
    assert (view.state, after.id, after.state) == ("forced", view.id, "forced")


async def test_whoever_watches_sees_the_end(desk: Desk) -> None:
    """Revisions only grow on the way."""
    started = await desk.start("story", "d1")
    seen: list[RunView] = []

    async def look(view: RunView) -> None:
        seen.append(view)

    watching = asyncio.ensure_future(desk.runs.ended(started.id, look))
    while not seen:
        await asyncio.sleep(0.001)
    await desk.end(started.id)
    async with asyncio.timeout(20):
        while not watching.done():
            await _nudged(desk)
    end = watching.result()

    assert (end.state, seen[-1].state) == ("succeeded", "succeeded")
    assert [view.revision for view in seen] == sorted({view.revision for view in seen})


async def _nudged(desk: Desk) -> None:
    """Let a moment pass for those who look once a second."""
    if isinstance(desk, DurableDesk) and isinstance(desk.made.clock, FakeClock):
        await desk.made.clock.advance(1)
    await asyncio.sleep(0.001)
