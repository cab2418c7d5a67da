"""Durable execution of commands that change something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from tgk.caller import Caller
from tgk.doors import Door
from tgk.errors import Conflict
from tgk.ports.board import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tgk.outcome import Outcome
    from tgk.reply import Reply

Record = TypeVar("Record", bound=BaseModel)


class Operation(BaseModel):
    """A change that was asked for and admitted; everything needed to go on after a restart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corr: str
    command: str
    raw: dict[str, Any]
    caller: Caller
    delivery: str
    origin: Place | None = None
    """Where the asker reads progress and the end, once no surface waits any more."""
    key: str = ""
    """What other systems are told; empty: the id of the operation."""
    door: Door | None = None
    """Which door it came through; None is that of the caller's own platform."""
    pleads: bool = False
    """Whether the council decides in place of a right that the caller does not have."""

    def require_same(self, again: Operation) -> None:
        """Let a repetition join; raises Conflict for another request under the same id."""
        if self._asked() != again._asked():
            raise Conflict(
                f"/{again.command} was not done.",
                why=f"{again.delivery} was given before, and asked for something else.",
                remedy="Ask again.",
            )

    def _asked(self) -> tuple[object, ...]:
        return self.command, self.caller.person, self.model_dump(mode="json", include={"raw"})


class Steps(Protocol):
    """The memory of one operation."""

    async def once(
        self, name: str, act: Callable[[], Awaitable[Record]], returns: type[Record]
    ) -> Record:
        """Do ``act`` and remember its result; after a restart the result is returned instead.

        A kill while ``act`` runs makes it run again: acts are safe to repeat or find their trace.
        Names are unique within the operation and always come in the same order.
        """


class Operations(Protocol):
    """Runs admitted changes to their end, over kills of the process."""

    async def run(self, operation: Operation, watch: Callable[[Reply], Awaitable[None]]) -> Outcome:
        """Start (or join, for a repeated delivery) the operation and wait for its end.

        ``watch`` sees progress while this process lives. Raises Unavailable while the engine
        is not up, and Conflict when something else runs under this id.
        """

    async def known(self, operation: Operation) -> bool:
        """Say whether an operation has begun, in this life of the process or a former one.

        Raises Conflict when what has begun under its id is not the same request.
        """

    async def over(self, corr: str) -> bool:
        """Say whether an operation of this id has begun and ended, in any life of the process."""
