"""Forgetting what nobody needs any more, now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from loguru import logger

from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tgk.ports.time import Clock

EVERY_SECONDS = 3600.0


async def keep_tidy(clock: Clock, chores: Mapping[str, Callable[[], Awaitable[int]]]) -> Never:
    """Do every chore once an hour, until cancelled; one that fails is tried again in an hour."""
    while True:
        for name, chore in chores.items():
            try:
                forgotten = await chore()
            except Unavailable as error:
                logger.bind(chore=name).warning("chore postponed: {}", error.why)
            else:
                logger.bind(chore=name, forgotten=forgotten).debug("chore done")
        await clock.sleep(EVERY_SECONDS)
