"""Stopping what is under way: a tree of halts, and acts that end when theirs does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

T = TypeVar("T")
Why = Literal["cancelled", "timed_out"]


class Halted(Exception):
    """The act was stopped before its end."""


class Unbegun(Halted):
    """The act was stopped while it only waited to begin."""


class Halt:
    """Stops everything below it, once; ``why`` says how, and only its own level sees that.

    A halt that drains lets what is under way end and begins nothing more, except below a halt
    that insists.
    """

    def __init__(self, above: Halt | None = None, *, insists: bool = False) -> None:
        self.why: Why | None = None
        self._stopped = asyncio.Event()
        self._drains = False
        self._above = above
        self._insists = insists
        self._below: set[Halt] = set()

    def below(self, *, insists: bool = False) -> Halt:
        """Return a halt that stops when this one does; one that insists does not drain with it."""
        made = Halt(self, insists=insists)
        self._below.add(made)
        if self.why:
            made.stop("cancelled")
        return made

    def close(self) -> None:
        """Let go of a halt whose act has ended."""
        if self._above is not None:
            self._above._below.discard(self)  # noqa: SLF001 - its own kind

    def stop(self, why: Why) -> None:
        """Stop; the first reason stands."""
        if self.why:
            return
        self.why = why
        self._stopped.set()
        for each in tuple(self._below):
            each.stop("cancelled")

    def drain(self) -> None:
        """Begin nothing more."""
        self._drains = True

    @property
    def closed(self) -> bool:
        """Whether nothing more may begin."""
        if self.why is not None or self._drains:
            return True
        return self._above is not None and not self._insists and self._above.closed

    async def wait(self) -> None:
        """Return once it has stopped."""
        await self._stopped.wait()


async def unless_halted(halt: Halt, act: Coroutine[Any, Any, T]) -> T:
    """Return what ``act`` returns; raises Halted once the halt stops it and it has let go."""
    if halt.why:
        act.close()
        raise Halted
    task = asyncio.ensure_future(act)
    stopped = asyncio.ensure_future(halt.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Halted
        return task.result()
    finally:
        for each in (task, stopped):
            each.cancel()
        await asyncio.wait({task, stopped})
        if not task.cancelled():
            task.exception()  # what a stopped act says last is of no use to anybody
