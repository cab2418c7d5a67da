"""Carries runs over kills: each is played by one process, by another one if that ends."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from orchestration.membership import Alone
from orchestration.store import wait_for_stores
from tgk.errors import Unavailable
from tgk.recording import correlation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestration.engine import Engine
    from orchestration.membership import Membership

_FORMER: Final = "run"
_RETRY_SECONDS: Final = 5.0


class RunCarrier:
    """Implements Carrier; use one per engine, which ends it before it ends itself.

    What a run remembers is in the store, keyed by path and attempt: playing it again from its
    beginning finds everything, in whatever order its branches come. So nothing is kept of a run
    here but the task that plays it.
    """

    def __init__(self, engine: Engine, members: Membership | None = None) -> None:
        self._engine = engine
        self._clock = engine.clock
        self._members = members or Alone(self._clock)
        self._play: Callable[[str], Awaitable[None]] | None = None
        self._playing: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        engine.host(self)

    def plays(self, play: Callable[[str], Awaitable[None]]) -> None:
        """Name who plays a run."""
        self._play = play

    async def begin(self, run: str) -> None:
        """Begin to play the run, or leave it to the process that plays it."""
        await self._engine.ready.wait()
        if run in self._playing or self._stopping or not await self._members.claim(run):
            return
        if run in self._playing or self._stopping:
            return  # somebody else asked meanwhile
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._played(run), context=contextvars.Context(), name=run)
        self._playing[run] = task
        task.add_done_callback(lambda _: self._playing.pop(run, None))

    async def permit(self) -> None:
        """Return once nobody can have taken over."""
        await self._members.permit()

    async def withdraw(self, delivery: str, why: str) -> None:
        """Stop the change of this delivery, if it is under way."""
        await self._engine.withdraw(correlation(delivery), why)

    def declare(self, dbos: Any) -> None:
        """Let workflows of former versions, one for each run, end where they are found."""

        async def play(run: str) -> str:
            return run

        dbos.DBOS.workflow(name=_FORMER)(play)

    async def stop(self, grace: float) -> None:
        """Leave every run where it is; the next process goes on with it."""
        self._stopping = True
        tasks = set(self._playing.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=grace)

    async def _played(self, run: str) -> None:
        """Play a run to its end, again when the store was away for very long."""
        wait_for_stores()
        while self._play is not None:
            try:
                await self._play(run)
            except Unavailable as error:
                logger.bind(run=run).warning("run left for a moment: {}", error.why)
                await self._clock.sleep(_RETRY_SECONDS)
            else:
                return
