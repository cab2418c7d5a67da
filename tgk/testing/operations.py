"""Changes that run in the caller's own task, with a memory that can outlive a pretended kill."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tgk.context import Show
    from tgk.outcome import Outcome
    from tgk.ports.operations import Operation, Record, Steps

    Perform = Callable[[Operation, Steps, Show], Awaitable[Outcome]]

_ITSELF = ""
"""Under this name the memory of an operation holds what was asked."""


class RememberedSteps:
    """Implements Steps over a dictionary of JSON, so that records really cross as text."""

    def __init__(self, memory: dict[str, str] | None = None) -> None:
        self.memory: dict[str, str] = {} if memory is None else memory
        self.done: list[str] = []
        """The steps that this life did itself, in order."""

    async def once(
        self, name: str, act: Callable[[], Awaitable[Record]], returns: type[Record]
    ) -> Record:
        """Do ``act`` unless its result is remembered."""
        if name not in self.memory:
            record = await act()
            self.memory[name] = record.model_dump_json()
            self.done.append(name)
        return returns.model_validate_json(self.memory[name])


class InlineOperations:
    """Implements Operations: runs at once, joins repeated deliveries, remembers steps by ``corr``.

    Give ``memory`` of an earlier one to a new one, and it goes on like after a restart.
    """

    def __init__(self, memory: dict[str, dict[str, str]] | None = None) -> None:
        self.memory: dict[str, dict[str, str]] = defaultdict(dict)
        self.memory.update(memory or {})
        self.ran: list[Operation] = []
        self._perform: Perform | None = None
        self._ends: dict[str, asyncio.Future[Outcome]] = {}

    def bind(self, perform: Perform) -> None:
        """Set what performs an operation: ``dispatcher.perform``."""
        self._perform = perform

    async def run(self, operation: Operation, watch: Show) -> Outcome:
        """Run or join; raises Unavailable until ``bind`` was called."""
        if self._perform is None:
            raise Unavailable("engine", "It is not up yet.")
        if await self.known(operation) and operation.corr in self._ends:
            return await asyncio.shield(self._ends[operation.corr])
        end: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._ends[operation.corr] = end
        self.ran.append(operation)
        text = operation.model_dump_json()
        self.memory[operation.corr][_ITSELF] = text
        stored: Any = type(operation).model_validate_json(text)
        try:
            outcome = await self._perform(
                stored, RememberedSteps(self.memory[operation.corr]), watch
            )
            end.set_result(outcome)
        finally:
            if not end.done():  # it broke off: whoever joined does not wait for ever
                del self._ends[operation.corr]
                end.cancel()
        return outcome

    async def known(self, operation: Operation) -> bool:
        """Say whether it ran, or was begun in the life before; raises Conflict."""
        if operation.corr not in self.memory:
            return False
        text = self.memory[operation.corr][_ITSELF]
        type(operation).model_validate_json(text).require_same(operation)
        return True

    async def over(self, corr: str) -> bool:
        """Say whether it ran to its end."""
        return corr in self._ends and self._ends[corr].done()

    async def pending(self) -> frozenset[str]:
        """Return the operations that have begun and not ended."""
        return frozenset(corr for corr, end in self._ends.items() if not end.done())
