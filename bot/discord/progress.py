"""Shows how far a read is by edits, few enough for the platform."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import discord
from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from tgk.ports.time import Clock
    from tgk.reply import Reply

EDIT_SECONDS = 1.5


class Progress:
    """Edits at most every 1.5 s while its block runs; the newest reply wins."""

    def __init__(self, edit: Callable[[Reply], Awaitable[None]], clock: Clock) -> None:
        self._edit = edit
        self._clock = clock
        self._newest: Reply | None = None
        self._changed = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._pump: asyncio.Task[None] | None = None

    async def show(self, reply: Reply) -> None:
        """Take note of what should be seen next."""
        self._newest = reply
        self._changed.set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._pump = self._group.create_task(self._keep_editing())
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._pump is not None:
            self._pump.cancel()
        await self._group.__aexit__(None, None, None)  # the fault itself goes on, unwrapped

    async def _keep_editing(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._newest is not None:
                await self._edit_once(self._newest)
            await self._clock.sleep(EDIT_SECONDS)

    async def _edit_once(self, reply: Reply) -> None:
        try:
            await self._edit(reply)
        except discord.HTTPException as error:
            logger.debug("progress not shown: status {}", error.status)
