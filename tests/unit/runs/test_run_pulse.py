"""A run's branches on one slot: they wait without waking one another, and all go on with it."""

from __future__ import annotations

import asyncio
from typing import Any

from orchestration.runs.halt import Halt
from orchestration.runs.pulse import Pulse
from orchestration.runs.records import RunRecord
from tests.unit.runs.runs_world import DANA
from tgk.ports.runs import RunRequest
from tgk.testing.clock import FakeClock

TURNS = 200
"""How often everybody may act; branches that wake one another use every turn."""


class Row:
    """The slots of all runs, and the record of this one; counts how often somebody asks."""

    def __init__(self, clock: FakeClock) -> None:
        self.asked = 0
        self.free = asyncio.Event()
        self.record = RunRecord(
            id="WF-2026-001", root="WF-2026-001", delivery="d", key="", playbook="story",
            version="", digest="", pinned={}, request=RunRequest(playbook="story"), starter=DANA,
            cause="asked", priority=0, parameters={}, hidden=(), environment="",
            stamp=clock.now(), timeout=None, asked=clock.now(),
        )  # fmt: skip

    async def take(self, run: str) -> None:
        """Wait for the slot."""
        self.asked += 1
        await self.free.wait()

    async def give(self, run: str) -> None:
        """Take it back."""

    async def change(self, run: str, **facts: object) -> RunRecord:
        """Change the record."""
        await asyncio.sleep(0)
        self.record = self.record.model_copy(update=facts)
        return self.record


def pulse(row: Row, clock: FakeClock) -> Pulse:
    """Return the pulse of a run that has no slot yet."""
    ledger: Any = row
    slots: Any = row
    return Pulse(ledger, clock, slots, row.record)


async def everybody() -> None:
    """Let everybody act who has anything to do."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def test_branches_that_wait_for_one_slot_do_not_wake_each_other() -> None:
    """News of the run wakes each of them once; then nobody has anything to do."""
    clock = FakeClock()
    row, halt, inside = Row(clock), Halt(), asyncio.Event()
    beat = pulse(row, clock)

    async def branch() -> None:
        async with beat.busy(halt):
            await inside.wait()

    branches = [asyncio.ensure_future(branch()) for _ in range(3)]
    await everybody()
    beat.learn(row.record)
    await everybody()

    assert row.asked == 2 * len(branches)
    assert "queued" == beat.record.state

    row.free.set()
    await everybody()
    assert ("running", 3) == (beat.record.state, beat._busy)
    inside.set()
    await asyncio.gather(*branches)


async def test_a_branch_that_comes_with_the_slot_lets_the_others_in() -> None:
    """What one of them takes all of them have: nobody asks for a second slot."""
    clock = FakeClock()
    row, halt = Row(clock), Halt()
    beat = pulse(row, clock)
    gates = [asyncio.ensure_future(beat.gate(halt)) for _ in range(2)]
    await everybody()

    row.free.set()
    assert [True, True] == await asyncio.gather(*gates)
    asked = row.asked
    assert await beat.gate(halt)
    assert asked == row.asked


async def test_a_halt_ends_the_wait_for_a_slot() -> None:
    """Whoever is stopped leaves the row, and the others stay in it."""
    clock = FakeClock()
    row, halt = Row(clock), Halt()
    beat = pulse(row, clock)
    stopped, waiting = halt.below(), halt.below()
    gates = [asyncio.ensure_future(beat.gate(each)) for each in (stopped, waiting)]
    await everybody()

    stopped.stop("cancelled")
    assert not await gates[0]
    assert not gates[1].done()
    row.free.set()
    assert await gates[1]
