"""What a step of a run costs, and how many small runs fit into a second."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from orchestration.runs.staging import RunLimits
from tests.unit.runs.runs_world import world
from tgk.ports.runs import RunFilter

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.bench
ALL = RunFilter(limit=100)


async def test_a_remembered_step_takes_at_most_three_milliseconds(tmp_path: Path) -> None:
    """Three hundred steps that compute something, each stored before the next begins."""
    steps = "\n".join(f"  - {{name: s{n}, set: {{v: {n}}}}}" for n in range(300))
    async with world(tmp_path).open() as made:
        began = time.perf_counter()
        view = await made.start(f"name: story\nsteps:\n{steps}\n")
        while not (view := (await made.runs.find(ALL))[0]).ended:
            await asyncio.sleep(0.01)
        spent = (time.perf_counter() - began) / 300 * 1000

    print(f"\n{spent:.2f} ms per remembered step")  # noqa: T201 - a benchmark is read
    assert view.state == "succeeded"
    assert spent <= 3.0


async def test_small_runs_of_three_commands_per_second(tmp_path: Path) -> None:
    """Thirty runs, five at once; each command is a durable change of its own."""
    text = "name: story\nsteps: [/mark a, /mark b, /mark c]\n"
    async with world(tmp_path, limits=RunLimits(at_once=5)).open() as made:
        began = time.perf_counter()
        for _ in range(30):
            await made.start(text)
        while any(not view.ended for view in await made.runs.find(ALL)):
            await asyncio.sleep(0.02)
        rate = 30 / (time.perf_counter() - began)

    print(f"\n{rate:.1f} runs of three commands per second")  # noqa: T201 - a benchmark is read
    assert rate >= 2
