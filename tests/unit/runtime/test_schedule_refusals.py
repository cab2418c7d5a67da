"""What a schedule could not start: people are told, within bounds, and its list says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from commands.orchestrate.card import WORDS
from tests.unit.runtime.test_timetable import NOON, life, nightly, passed, views
from tests.unit.runtime.test_timetable import shelf as _shelf
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from orchestration.schedules import StoredSchedules
    from tests.conftest import World
    from tgk.ports.runs import RunView

shelf = _shelf


async def listed(world: World, schedules: StoredSchedules) -> str:
    """Return what the list says, as a pipe has it."""
    world.dispatcher.backends = replace(world.dispatcher.backends, schedules=schedules)
    outcome = await world.run("/orchestrate schedule", "dana")
    assert outcome.reply.plain is not None
    return "\n".join(outcome.reply.plain.lines)


def refusing(world: World, why: str, times: int) -> None:
    """Let the engine refuse so many starts as it refuses values."""
    left, start = [why] * times, type(world.runs).start

    async def refuse(*given: Any, **more: Any) -> RunView:
        if left:
            raise InvalidRequest("orchestrate run", [ArgumentFault("n", left.pop())])
        return await start(world.runs, *given, **more)

    world.runs.start = refuse  # type: ignore[method-assign] # the engine's own refusal


async def test_every_minute_the_same_refusal_is_one_card(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """It is changed when the reason is; the next day has a card of its own."""
    clock = FakeClock(NOON)
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world, cron="* * * * *"))
        refusing(world, "99 is more than 5", 3)
        for minute in (1, 2, 3):
            await passed(schedules, clock, 2026, 1, 15, 12, minute)
        same = [len(world.board.keys), len(world.board.shows)]
        refusing(world, "99 is more than 4", 9)
        await passed(schedules, clock, 2026, 1, 15, 12, 5)
        other = [len(world.board.keys), len(world.board.shows)]
        await passed(schedules, clock, 2026, 1, 16, 12, 0)

    assert ([1, 1], [1, 2], 2) == (same, other, len(world.board.keys))
    assert "#alerts" == world.board.shows[-1].place.room
    assert "99 is more than 4" in str(world.board.shows[-1].reply.blocks)


async def test_the_list_tells_what_came_of_the_last_time(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """Nothing yet, why there was no run, and then the run with how it stands."""
    clock = FakeClock(NOON)
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(nightly(world))
        before = await listed(world, schedules)
        refusing(world, "99 is more than 5", 1)
        await passed(schedules, clock, 2026, 1, 16, 2)
        refused = await listed(world, schedules)
        await passed(schedules, clock, 2026, 1, 17, 2)
        begun = await listed(world, schedules)
        [run] = [view.id for view in views(world)]
        world.runs.change(run, state="failed", ended=datetime(2026, 1, 17, 3, tzinfo=UTC))
        ended = await listed(world, schedules)

    assert 1 == before.count("2026-")
    assert "2026-01-16 02:00 UTC: not started: " in refused
    assert "99 is more than 5" in refused
    assert f"2026-01-17 02:00 UTC: {run} {WORDS['running']}" in begun
    assert f"{run} {WORDS['failed']}" in ended
