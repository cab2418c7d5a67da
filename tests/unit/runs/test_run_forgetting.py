"""How long a run is kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.unit.runs.runs_world import world
from tgk.ports.runs import RunFilter
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

STORY = "name: story\nsteps: [/mark a]\n"


async def test_a_run_is_forgotten_ninety_days_after_its_end(tmp_path: Path) -> None:
    """Not a day before."""
    first = world(tmp_path)
    async with first.open():
        old = await first.play(STORY)
    assert old.ended is not None
    on_day_89 = world(tmp_path, clock=FakeClock(old.ended + timedelta(days=89)))
    async with on_day_89.open():
        young = await on_day_89.play(STORY, delivery="another")
        known = await on_day_89.runs.find(RunFilter())
    on_day_91 = world(tmp_path, clock=FakeClock(old.ended + timedelta(days=91)))
    async with on_day_91.open(), asyncio.timeout(10):
        while len(left := await on_day_91.runs.find(RunFilter())) > 1:
            await asyncio.sleep(0.002)

    assert {each.id for each in known} == {old.id, young.id}
    assert [each.id for each in left] == [young.id]
