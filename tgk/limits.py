"""A bound on how many commands, and completions, one person may ask for in a minute."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from tgk.errors import RateLimited

if TYPE_CHECKING:
    from tgk.caller import Caller
    from tgk.discovery import CommandEntry, Limits
    from tgk.ports.time import Clock

COMPLETIONS_PER_MINUTE = 240
"""Four a second: faster than people type, slower than a loop asks."""
_MOST_BUCKETS = 10_000


class RateLimiter:
    """Token buckets by person and command: a minute's worth at once, then refilled evenly."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def check(self, caller: Caller, command: str, entry: CommandEntry | None) -> None:
        """Count one call; raises RateLimited with the seconds to wait."""
        if caller.platform == "gateway":
            return
        self._take((caller.person, ""), self._limits.per_minute)
        if entry and entry.per_minute:
            self._take((caller.person, command), entry.per_minute)

    def check_completion(self, caller: Caller) -> None:
        """Count one look at values while typing, beside the commands; raises RateLimited."""
        self._take((caller.person, "\0completion"), COMPLETIONS_PER_MINUTE)

    def _take(self, key: tuple[str, str], per_minute: int) -> None:
        now = self._clock.monotonic()
        left, since = self._buckets.pop(key, (float(per_minute), now))
        left = min(float(per_minute), left + (now - since) * per_minute / 60)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now)
        while len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if not allowed:
            raise RateLimited(retry_after=(1 - left) * 60 / per_minute)
