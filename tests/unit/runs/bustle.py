"""Whether a process is at work where no clock hurries it: in its threads or in its store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.store import Store


class Bustle:
    """Counts what a store is asked and told, and what the threads of the loop have in hand."""

    def __init__(self, store: Store) -> None:
        self._questions = 0
        self._calls: set[asyncio.Future[Any]] = set()
        store.read = self._counted(store.read)  # type: ignore[method-assign] # looked at, not changed
        store.write = self._counted(store.write)  # type: ignore[method-assign] # the same

    def __bool__(self) -> bool:
        """Whether there is anything in hand."""
        return bool(self._questions or self._calls)

    def watch(self) -> None:
        """Look at the calls of this loop from now on; the engine brings threads of its own."""
        loop = asyncio.get_running_loop()
        hand = loop.run_in_executor

        def handed(executor: Any, call: Any, *args: Any) -> asyncio.Future[Any]:
            future = hand(executor, call, *args)
            self._calls.add(future)
            future.add_done_callback(self._calls.discard)
            return future

        loop.run_in_executor = handed  # type: ignore[method-assign] # looked at, not changed

    def _counted(self, ask: Any) -> Any:
        async def counted(*args: Any, **kwargs: Any) -> Any:
            self._questions += 1
            try:
                return await ask(*args, **kwargs)
            finally:
                self._questions -= 1

        return counted
