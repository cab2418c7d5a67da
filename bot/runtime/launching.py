"""Runs that nobody waits for: begun through the dispatcher, and let go once they are durable."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self

from loguru import logger

from tgk.context import Invocation
from tgk.errors import Unavailable
from tgk.pairs import written_pairs
from tgk.ports.board import Place
from tgk.recording import correlation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tgk.caller import Caller
    from tgk.discovery import Discovery
    from tgk.dispatcher import Dispatcher
    from tgk.outcome import Outcome
    from tgk.ports.operations import Operations
    from tgk.reply import Reply

COMMAND: Final = "orchestrate run"
PATIENCE_SECONDS: Final = 10.0
_MOST_ATTEMPTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Launched:
    """What became of a launch."""

    run: str = ""
    """The run that there is now; empty where there is none."""
    outcome: Outcome | None = None
    """How it ended, where it ended before there was a run to name."""


def invocation_of(
    playbook: str,
    parameters: Mapping[str, str],
    caller: Caller,
    delivery: str,
    *,
    environment: str | None = None,
) -> Invocation:
    """Return what starts a playbook; nobody is there to confirm it."""
    given: dict[str, object] = {"playbook": playbook}
    if parameters:
        given["parameters"] = written_pairs(parameters)
    if environment:
        given["environment"] = environment
    return Invocation(
        name=COMMAND,
        raw=given,
        caller=caller,
        delivery=delivery,
        door="trigger",
        confirmed=True,
    )


class Launcher:
    """Starts runs; to be entered before. At the end it lets go of them: the engine carries them."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        operations: Operations,
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._dispatcher = dispatcher
        self._operations = operations
        self._patience = patience
        self._group = asyncio.TaskGroup()
        self._running: set[asyncio.Task[Outcome]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._running:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)

    async def launch(self, invocation: Invocation) -> Launched:
        """Return once the run is durable, or was refused; the same delivery joins the first.

        What was refused before is asked for anew: things may have changed. Raises Unavailable when
        nothing came in time: then ask again under the same delivery. It holds no space.
        """
        if known := await self._known(invocation.delivery):
            return known
        for number in range(1, _MOST_ATTEMPTS):
            delivery = invocation.delivery if number == 1 else f"{invocation.delivery} {number}"
            asked = replace(invocation, delivery=delivery)
            if not await self._operations.over(correlation(delivery)):
                return await self._begun(asked, invocation.delivery)
            ended = await self._dispatcher.run(asked)  # joined: it only says how it ended
            if run := _run_of(ended.reply):
                return Launched(run=run)
        raise Unavailable("the engine", f"It was refused {_MOST_ATTEMPTS} times.")

    async def _begun(self, invocation: Invocation, start: str) -> Launched:
        begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def show(reply: Reply) -> None:
            if (run := _run_of(reply)) and not begun.done():
                begun.set_result(run)

        task = self._group.create_task(self._followed(replace(invocation, show=show)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        either: set[asyncio.Future[Any]] = {task, begun}
        await asyncio.wait(either, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        if begun.done():
            return Launched(run=begun.result())
        if task.done():
            run = _run_of(task.result().reply)
            return Launched(run=run, outcome=None if run else task.result())
        if known := await self._known(start):
            return known
        raise Unavailable("the engine", "The run did not begin in time.")

    async def _known(self, delivery: str) -> Launched | None:
        """Return the run of this delivery, where there is one already."""
        known = await self._dispatcher.backends.runs.started(delivery)
        return Launched(run=known.id) if known else None

    async def _followed(self, invocation: Invocation) -> Outcome:
        outcome = await self._dispatcher.run(invocation)
        log = logger.bind(delivery=invocation.delivery, result=outcome.result)
        log.info("run ended that nobody waited for")
        return outcome


def told_at(discovery: Discovery) -> tuple[Place, ...]:
    """Return where people are told of a start that nobody waited for and that was refused."""
    if discovery.discord and "#alerts" in discovery.discord.channels:
        return (Place(platform="discord", room="#alerts"),)
    return (Place(platform="telegram", room="council"),) if discovery.telegram else ()


def _run_of(reply: Reply) -> str:
    """Return the run that a reply is about; empty where there is none."""
    return str(reply.data.get("id", "")) if reply.topic == "orchestrate" else ""
