"""The memory of one change: each of its steps is done once, and what came of it is recalled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loguru import logger
from pydantic import BaseModel

from orchestration import faults
from orchestration.store_postgres import Fenced, Unsure
from tgk.errors import TgkError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tgk.ports.operations import Record

    Permit = Callable[[], Awaitable[None]]


class Parked(BaseException):
    """Leaves a workflow without an outcome, so that the next start goes on with it.

    Not an Exception on purpose: DBOS would record that as the end.
    """


async def always() -> None:
    """Let everything be done."""


class _Memory(BaseModel):
    """What is kept of one step."""

    value: str = ""
    fault: faults.Fault | None = None


class DurableSteps:
    """Implements Steps on the workflow that runs in this task."""

    def __init__(self, dbos: Any, permit: Permit) -> None:
        self._dbos = dbos
        self._permit = permit

    async def once(
        self, name: str, act: Callable[[], Awaitable[Record]], returns: type[Record]
    ) -> Record:
        """Do ``act`` and remember how it ended; a TgkError is remembered like a result.

        As after a kill it is done again where the store does not know how it ended, and left to
        others where they have taken over.
        """

        async def kept() -> str:
            try:
                memory = await self._tried(act)
            except Unsure:
                memory = await self._tried(act)
            return memory.model_dump_json()

        memory = _Memory.model_validate_json(
            await self._dbos.DBOS.run_step_async({"name": name}, kept)
        )
        if memory.fault is not None:
            raise faults.error(memory.fault)
        return returns.model_validate_json(memory.value)

    async def _tried(self, act: Callable[[], Awaitable[Record]]) -> _Memory:
        await self._permit()
        try:
            return _Memory(value=(await act()).model_dump_json())
        except Fenced as error:
            raise Parked from error
        except Unsure:
            raise
        except TgkError as error:
            logger.opt(exception=error).debug("step failed")
            return _Memory(fault=faults.fault(error))
