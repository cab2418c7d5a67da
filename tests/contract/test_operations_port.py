"""What every implementation of Operations promises."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from orchestration.engine import Engine
from tgk.caller import Caller
from tgk.errors import Conflict, Unavailable
from tgk.outcome import Outcome
from tgk.ports.board import Place
from tgk.ports.operations import Operation
from tgk.reply import Reply
from tgk.testing.clock import FakeClock
from tgk.testing.operations import InlineOperations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tgk.context import Show
    from tgk.ports.operations import Operations, Steps

    Perform = Callable[[Operation, Steps, Show], Awaitable[Outcome]]

OPERATION = Operation(
    corr="abcdefghijklmnop",
    command="scale",
    raw={"service": "refinory-api", "replicas": 3},
    caller=Caller(
        person="dana",
        user_id="7000002",
        platform="telegram",
        principals=frozenset({"telegram:user:7000002"}),
    ),
    delivery="telegram:4711",
    origin=Place(platform="telegram", room="council"),
)


class Number(BaseModel):
    """What a step remembers."""

    value: int


class Works:
    """Opens one implementation after another over the same state, as restarts do."""

    def __init__(self, kind: str, path: Path) -> None:
        self.kind = kind
        self.path = path
        self.memory: dict[str, dict[str, str]] = {}

    @asynccontextmanager
    async def open(self, perform: Perform) -> AsyncIterator[Operations]:
        """Give operations that are performed by ``perform``."""
        if self.kind == "inline":
            inline = InlineOperations(self.memory)
            inline.bind(perform)
            yield inline
            self.memory = inline.memory
            return
        engine = Engine(self.path, FakeClock())
        await engine.start(perform)
        yield engine
        await engine.stop(grace=0.1)

    def closed(self) -> Operations:
        """Give operations that are not up."""
        if self.kind == "inline":
            return InlineOperations()
        return Engine(self.path, FakeClock(), start_patience=0.0)


@pytest.fixture(params=["inline", "engine"])
def works(request: pytest.FixtureRequest, tmp_path: Path) -> Works:
    """Give each implementation in turn."""
    return Works(request.param, tmp_path)


def outcome(title: str) -> Outcome:
    """Return an end to tell apart."""
    return Outcome(result="success", reply=Reply(topic="scale", title=title))


async def ignore(reply: Reply) -> None:
    """Watch nothing."""


async def test_an_operation_runs_to_its_end_with_its_progress(works: Works) -> None:
    """The performer gets what was asked, the watcher sees progress, the asker gets the end."""
    seen: list[Any] = []

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        seen.append(operation)
        await show(Reply(topic="scale", title="scaling"))
        return outcome("scaled")

    async def watch(reply: Reply) -> None:
        seen.append(reply.title)

    async with works.open(perform) as operations:
        end = await operations.run(OPERATION, watch)

    assert end == outcome("scaled")
    assert seen == [OPERATION, "scaling"]


async def test_a_repeated_delivery_gets_the_end_of_the_first(works: Works) -> None:
    """Whether the first still runs or has ended, it is not done again."""
    performed: list[str] = []

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        performed.append(operation.corr)
        await asyncio.sleep(0)
        return outcome(f"done {len(performed)}")

    async with works.open(perform) as operations:
        both = await asyncio.gather(
            operations.run(OPERATION, ignore), operations.run(OPERATION, ignore)
        )
        late = await operations.run(OPERATION, ignore)

    assert [*both, late] == [outcome("done 1")] * 3
    assert len(performed) == 1


OTHERS = {
    "command": {"command": "deploy"},
    "arguments": {"raw": {"service": "refinory-api", "replicas": 30}},
    "person": {"caller": OPERATION.caller.model_copy(update={"person": "devi"})},
}


@pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS)
async def test_another_request_does_not_join_under_the_same_id(
    works: Works, changed: dict[str, Any]
) -> None:
    """While the first runs, after it has ended, and after a restart it gets nothing of it."""
    entered, through = asyncio.Event(), asyncio.Event()
    other = OPERATION.model_copy(update=changed)

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        entered.set()
        await through.wait()
        return outcome("done")

    async def refused(operations: Operations) -> bool:
        with pytest.raises(Conflict, match="something else"):
            await operations.known(other)
        return await operations.known(OPERATION)

    async with works.open(perform) as operations, asyncio.TaskGroup() as group:
        new = await operations.known(OPERATION)
        group.create_task(operations.run(OPERATION, ignore))
        await entered.wait()
        with pytest.raises(Conflict, match="something else"):
            await operations.run(other, ignore)
        known = [await refused(operations)]
        through.set()
    async with works.open(perform) as operations:
        known.append(await refused(operations))

    assert (new, known) == (False, [True, True])


async def test_a_repetition_may_come_from_elsewhere(works: Works) -> None:
    """Where it was asked and with which roles is no part of what was asked."""

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        return outcome("done")

    caller = OPERATION.caller.model_copy(update={"principals": frozenset()})
    again = OPERATION.model_copy(update={"origin": None, "caller": caller})
    async with works.open(perform) as operations:
        first = await operations.run(OPERATION, ignore)
        second = await operations.run(again, ignore)

    assert first == second


async def test_a_remembered_step_is_not_done_again(works: Works) -> None:
    """An operation that was cut off goes on with what its steps returned before."""
    done: list[str] = []
    cut = asyncio.Event()

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        async def act(name: str) -> Number:
            done.append(name)
            return Number(value=len(done))

        first = await steps.once("first", lambda: act("first"), Number)
        if not cut.is_set():
            cut.set()
            await asyncio.Event().wait()
        second = await steps.once("second", lambda: act("second"), Number)
        return outcome(f"{first.value} {second.value}")

    async with asyncio.TaskGroup() as group, works.open(perform) as operations:
        asker = group.create_task(operations.run(OPERATION, ignore))
        await cut.wait()
        if works.kind == "inline":
            asker.cancel()
    async with works.open(perform) as operations:
        end = await operations.run(OPERATION, ignore)

    assert (end, done) == (outcome("1 2"), ["first", "second"])


async def test_nothing_runs_before_the_start(works: Works) -> None:
    """An asker is told that the engine is not up, instead of waiting for ever."""
    with pytest.raises(Unavailable, match="not up"):
        await works.closed().run(OPERATION, ignore)


async def test_what_is_over_is_known_as_such(works: Works) -> None:
    """Not before its end, and after a restart as well; what never began is not over."""
    release = asyncio.Event()

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        await release.wait()
        return outcome("scaled")

    async with works.open(perform) as operations:
        running = asyncio.ensure_future(operations.run(OPERATION, ignore))
        while not await operations.known(OPERATION):
            await asyncio.sleep(0.005)
        seen = [await operations.over(OPERATION.corr), await operations.over("another")]
        release.set()
        await running
        seen.append(await operations.over(OPERATION.corr))

    assert [False, False, True] == seen
    if works.kind == "engine":
        async with works.open(perform) as operations:
            assert await operations.over(OPERATION.corr)
