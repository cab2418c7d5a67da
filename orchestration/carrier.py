"""Carries runs over kills: one workflow for each, beside those of the changes."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any, Final

from orchestration.engine import Parked
from tgk.recording import correlation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestration.engine import Engine

_WORKFLOW: Final = "run"
_OVER: Final = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})


class RunCarrier:
    """Implements Carrier on the engine's workflows; use one per engine.

    What a run remembers is in the store, keyed by path and attempt, so its workflow has no steps
    of its own: branches may come in any order after a kill, and there is one truth.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dbos: Any = None
        self._workflow: Any = None
        self._play: Callable[[str], Awaitable[None]] | None = None
        self._playing: dict[str, asyncio.Task[Any]] = {}
        self._stopping = False
        engine.host(self)

    def plays(self, play: Callable[[str], Awaitable[None]]) -> None:
        """Name who plays a run."""
        self._play = play

    async def begin(self, run: str) -> None:
        """Begin to play the run, or join where it is being played."""
        await self._engine.ready.wait()
        if run in self._playing or self._stopping:
            return
        name, dbos = f"run:{run}", self._dbos.DBOS
        status = await dbos.get_workflow_status_async(name)
        if status is not None and status.status not in _OVER:
            return  # the engine goes on with it by itself
        if status is not None:
            await dbos.delete_workflow_async(name)  # it was cut off before the run's own end
        with self._dbos.SetWorkflowID(name):
            await dbos.start_workflow_async(self._workflow, run)

    async def withdraw(self, delivery: str, why: str) -> None:
        """Stop the change of this delivery, if it is under way."""
        await self._engine.withdraw(correlation(delivery), why)

    def declare(self, dbos: Any) -> None:
        """Name the workflow; called once, before the engine starts."""

        async def play(run: str) -> str:
            return await self._played(run)

        self._dbos = dbos
        self._workflow = dbos.DBOS.workflow(name=_WORKFLOW)(play)

    async def stop(self, grace: float) -> None:
        """Leave every run where it is; the next process goes on with it."""
        self._stopping = True
        tasks = set(self._playing.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=grace)

    async def _played(self, run: str) -> str:
        """Play a run outside of the workflow's own context: its commands are workflows too."""
        task = asyncio.current_task()
        if self._stopping or self._play is None or task is None:
            raise Parked
        self._playing[run] = task
        task.add_done_callback(lambda _: self._playing.pop(run, None))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._call(run), context=contextvars.Context())
        except asyncio.CancelledError:
            raise Parked from None
        return run

    async def _call(self, run: str) -> None:
        if self._play is not None:
            await self._play(run)
