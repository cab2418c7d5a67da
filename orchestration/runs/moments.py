"""Waiting for a moment of the wall clock, however long a process lives."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orchestration.alarm import rest

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.ports.time import Clock

_LONGEST_REST: Final = 60.0
"""A wall clock that jumps is noticed within this many seconds."""


async def until(clock: Clock, moment: datetime) -> None:
    """Return once the moment has come; at once if it is past."""
    never = asyncio.Event()
    while (left := (moment - clock.now()).total_seconds()) > 0:
        await rest(never, clock, min(left, _LONGEST_REST))
