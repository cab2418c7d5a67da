"""What durability costs, measured on the machine that asks."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from orchestration.board import DurableBoard
from orchestration.engine import Engine
from orchestration.store import Store
from tgk.caller import Caller
from tgk.outcome import Outcome
from tgk.ports.board import Place
from tgk.ports.operations import Operation
from tgk.reply import Reply
from tgk.testing.board import FakeCourier
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from tgk.context import Show
    from tgk.ports.operations import Steps

pytestmark = pytest.mark.bench


class Number(BaseModel):
    """What a step remembers."""

    value: int


async def test_a_durable_step_takes_at_most_three_milliseconds(tmp_path: Path) -> None:
    """Five hundred steps of one change, each stored before the next begins."""
    spent: list[float] = []

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        async def act() -> Number:
            return Number(value=1)

        began = time.perf_counter()
        for number in range(500):
            await steps.once(f"step {number}", act, Number)
        spent.append((time.perf_counter() - began) / 500 * 1000)
        return Outcome(result="success", reply=Reply(topic="notice", title="done"))

    async def watch(reply: Reply) -> None:
        """Look away."""

    caller = Caller(person="dana", user_id="1", platform="cli")
    engine = Engine(tmp_path, FakeClock())
    await engine.start(perform)
    await engine.run(Operation(corr="one", command="x", raw={}, caller=caller, delivery="1"), watch)
    await engine.stop()

    print(f"\n{spent[0]:.2f} ms per durable step")  # noqa: T201 - a benchmark is read
    assert spent[0] <= 3.0


async def test_a_write_costs_at_most_sixty_microseconds_of_cpu_under_load(tmp_path: Path) -> None:
    """Sixty-four writers at once share their commits."""
    writers, each = 64, 200

    def write(connection: sqlite3.Connection) -> int:
        return connection.execute(
            "INSERT INTO deliveries (source, id, payload, at) VALUES (1, hex(randomblob(9)), ?, 0)",
            (b"x" * 500,),
        ).rowcount

    async with Store(tmp_path / "tgk.sqlite") as store:

        async def writer() -> None:
            for _ in range(each):
                await store.write(write)

        began = time.process_time()
        await asyncio.gather(*(writer() for _ in range(writers)))
        spent = (time.process_time() - began) / (writers * each) * 1e6

    print(f"\n{spent:.1f} us of CPU per durable write")  # noqa: T201 - a benchmark is read
    assert spent <= 60


async def test_a_shown_message_costs_at_most_half_a_millisecond_of_cpu(tmp_path: Path) -> None:
    """From the wish to the noted send, without the platform."""
    messages = 1000
    reply = Reply(topic="status", title="refinory-api is running", tone="ok")
    place = Place(platform="telegram", room="council")
    async with (
        Store(tmp_path / "tgk.sqlite") as store,
        DurableBoard(store, [FakeCourier()], FakeClock(), backlog=messages) as board,
    ):
        began = time.process_time()
        for batch in range(0, messages, 50):
            await asyncio.gather(
                *(board.show(f"k{batch + number}", place, reply) for number in range(50))
            )
        while board.depths():
            await store.read(lambda connection: connection.total_changes)
        spent = (time.process_time() - began) / messages * 1e6

    print(f"\n{spent:.0f} us of CPU per message")  # noqa: T201 - a benchmark is read
    assert spent <= 500
