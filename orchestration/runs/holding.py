"""Locks around a part of a run: of a step, or of a playbook that is played inside of one."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from orchestration.runs.halt import unless_halted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from orchestration.playbook.template import Template
    from orchestration.runs.frame import Frame
    from orchestration.runs.means import Means


@asynccontextmanager
async def holding(
    means: Means, locks: Sequence[Template], frame: Frame, path: str
) -> AsyncIterator[None]:
    """Have the locks inside the block; nothing is taken for what is over.

    A process that stops leaves them, and the place in the row, to the next life of the run. Raises
    Halted when it was stopped before it had them.
    """
    if not locks or frame.past:
        yield
        return
    keys = [lock.text(frame.scope()) for lock in locks]
    holder = f"{means.run}:{path}"
    try:
        async with means.pulse.resting("lock"):
            taking = means.turns.take(keys, holder, means.run, f"step {path} of {means.run}")
            await unless_halted(frame.halt, taking)
        yield
    finally:
        if not isinstance(sys.exception(), asyncio.CancelledError):
            await means.turns.give(holder)
