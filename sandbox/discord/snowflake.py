"""Ids that sort by time, never given twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tgk.ports.time import Clock

EPOCH_MS: Final = 1420070400000


class Snowflakes:
    """Makes ids from the clock; a clock that stands still or goes back does no harm."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """Return a new id, greater than every one before."""
        moment = int(self._clock.now().timestamp() * 1000) - EPOCH_MS
        self._last = max(moment << 22, self._last + 1)
        return str(self._last)


def seconds_of(snowflake: str) -> float:
    """Return when an id was made, in seconds of the epoch."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1000


def time_of(snowflake: str) -> str:
    """Return when an id was made, as the platform writes times."""
    return datetime.fromtimestamp(seconds_of(snowflake), UTC).isoformat()
