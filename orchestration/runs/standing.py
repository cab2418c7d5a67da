"""Whoever started a run, with the rights that their platform vouches for by now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tgk.errors import Refused, Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from orchestration.runs.ledger import Ledger
    from orchestration.runs.pulse import Pulse
    from tgk.ports.time import Clock
    from tgk.renewal import Renew

STEADY_SECONDS: Final = 600.0
"""How long what a platform said of somebody's roles is relied on."""


class Standing:
    """Asks again for roles that only a platform knows; all else the policy says at each step."""

    def __init__(self, ledger: Ledger, pulse: Pulse, clock: Clock, renew: Renew) -> None:
        self._ledger = ledger
        self._pulse = pulse
        self._clock = clock
        self._renew = renew
        self._since = pulse.record.asked
        self._born = clock.now()
        self._looking = asyncio.Lock()

    async def refresh(self, began: datetime) -> None:
        """Have the run's starter as they are now, if that was not asked for a while.

        Not for a step that began in a former life: what it does may be under way. Raises
        Unavailable when the platform does not say: then nothing is done in their name.
        """
        if began < self._born:
            return
        async with self._looking:
            record, now = self._pulse.record, self._clock.now()
            claim = f"{record.starter.platform}:role:"
            vouched = any(each.startswith(claim) for each in record.starter.principals)
            if not vouched or (now - self._since).total_seconds() < STEADY_SECONDS:
                return
            try:
                fresh = await self._renew(record.starter)
            except Refused as error:
                system = record.starter.platform.capitalize()
                raise Unavailable(system, error.why) from error
            self._since = now
            if fresh != record.starter:
                self._pulse.learn(await self._ledger.change(record.id, starter=fresh))
