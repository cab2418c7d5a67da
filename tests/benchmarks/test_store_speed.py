"""What steps and runs cost in a file and in PostgreSQL, one after the other in the same minute."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING

import pytest

from orchestration.runs.staging import RunLimits
from tests.postgres_server import serving
from tests.unit.runs.runs_world import world
from tgk.ports.runs import RunFilter

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres_server import Server
    from tests.unit.runs.runs_world import World

pytestmark = [pytest.mark.bench, pytest.mark.real]
ALL = RunFilter(limit=100)
STEPS, RUNS, ROUNDS = 200, 20, 3


async def step_ms(made: World) -> float:
    """Return the milliseconds of a remembered step, each stored before the next begins."""
    steps = "\n".join(f"  - {{name: s{n}, set: {{v: {n}}}}}" for n in range(STEPS))
    async with made.open():
        began = time.perf_counter()
        await made.start(f"name: story\nsteps:\n{steps}\n")
        await ended(made)
        return (time.perf_counter() - began) / STEPS * 1000


async def runs_per_second(made: World) -> float:
    """Return how many runs of three commands a second has; each command is a durable change."""
    async with made.open():
        began = time.perf_counter()
        for _ in range(RUNS):
            await made.start("name: story\nsteps: [/mark a, /mark b, /mark c]\n")
        await ended(made)
        return RUNS / (time.perf_counter() - began)


async def ended(made: World) -> None:
    """Wait until nothing goes on."""
    while any(not view.ended for view in await made.runs.find(ALL)):
        await asyncio.sleep(0.01)


async def test_postgres_beside_sqlite(tmp_path: Path) -> None:
    """Medians of three rounds in turn; the server forces what it writes to the disk, as shipped."""
    with serving(options=()) as server:
        figures = await compared(tmp_path, server)

    print("\n| store | ms per remembered step | runs of three commands per second |\n|---|---|---|")  # noqa: T201 - a benchmark is read
    for kind, step, rate in figures:
        print(f"| {kind} | {step:.2f} | {rate:.1f} |")  # noqa: T201 - as above
    assert max(step for _, step, _ in figures) <= 8.0
    assert min(rate for _, _, rate in figures) >= 1.0


async def compared(tmp_path: Path, server: Server) -> list[tuple[str, float, float]]:
    """Return each store with its milliseconds of a step and its runs per second."""
    steps: dict[str, list[float]] = {"SQLite": [], "PostgreSQL": []}
    runs: dict[str, list[float]] = {"SQLite": [], "PostgreSQL": []}
    for turn in range(ROUNDS):
        for kind in steps:
            for number, (measure, found) in enumerate(((step_ms, steps), (runs_per_second, runs))):
                folder = tmp_path / f"{kind}{turn}{number}"
                folder.mkdir()
                url = server.made() if kind == "PostgreSQL" else ""
                limits = RunLimits(at_once=5)
                found[kind].append(await measure(world(folder, url=url, limits=limits)))

    median = statistics.median
    return [(kind, median(taken), median(runs[kind])) for kind, taken in steps.items()]
