"""The memory of one change: each of its steps is done once, and what came of it is recalled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loguru import logger
from pydantic import BaseModel

from orchestration import faults
from tgk.errors import TgkError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tgk.ports.operations import Record

    Permit = Callable[[], Awaitable[None]]


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
        """Do ``act`` and remember how it ended; a TgkError is remembered like a result."""

        async def kept() -> str:
            await self._permit()
            try:
                memory = _Memory(value=(await act()).model_dump_json())
            except TgkError as error:
                logger.opt(exception=error).debug("step failed")
                memory = _Memory(fault=faults.fault(error))
            return memory.model_dump_json()

        memory = _Memory.model_validate_json(
            await self._dbos.DBOS.run_step_async({"name": name}, kept)
        )
        if memory.fault is not None:
            raise faults.error(memory.fault)
        return returns.model_validate_json(memory.value)
