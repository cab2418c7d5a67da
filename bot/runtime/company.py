"""What a process does because others share its database, or might."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from orchestration.alarm import rest
from tgk.errors import ConfigurationInvalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.runtime.settings import Settings
    from orchestration.engine import Engine
    from orchestration.membership import Members, Membership
    from orchestration.runs.runs import DurableRuns
    from tgk.ports.time import Clock

_LOOK_SECONDS: Final = 2.0
_ROUND_SECONDS: Final = 30.0


def require_shared(settings: Settings) -> None:
    """Raise ConfigurationInvalid unless there is a database that several processes can share."""
    faults = []
    if settings.database_url is None:
        faults.append("DATABASE_URL is not set: a file of SQLite's has one process")
    if faults:
        raise ConfigurationInvalid(
            "A worker shares PostgreSQL with a bot.",
            faults,
            remedy="Give bot and workers the same DATABASE_URL, and each a TGK_STATE of its own.",
        )


async def seated(
    members: Membership, seat: str, clock: Clock, duty: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Carry out a duty that one process has, once this one has it."""
    while not await _has(members, seat):
        await clock.sleep(_LOOK_SECONDS)
    await duty()


async def _has(members: Membership, seat: str) -> bool:
    try:
        return await members.sit(seat)
    except Unavailable as error:
        logger.bind(seat=seat).warning("seat not asked for: {}", error.why)
        return False


async def inheriting(members: Members, engine: Engine, runs: DurableRuns, clock: Clock) -> None:
    """Go on with what lost processes did, until cancelled."""
    while True:
        members.changed.clear()
        try:
            await engine.adopt(members.living)
            runs.stir()
        except Unavailable as error:
            logger.warning("not looked for lost processes: {}", error.why)
        await rest(members.changed, clock, _ROUND_SECONDS)
