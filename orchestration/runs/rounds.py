"""Looking again and again for runs that nobody plays, and for what other processes changed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Never

from loguru import logger

from orchestration.alarm import rest
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.runs.ledger import Ledger
    from orchestration.runs.play import Play
    from orchestration.runs.ports import Carrier
    from tgk.ports.time import Clock

_RETRY_SECONDS: Final = 5.0
_ROUND_SECONDS: Final = 3600.0
_BREATH_SECONDS: Final = 0.1
"""Between looks at what other processes wrote: they write at every step."""
_KEPT: Final = timedelta(days=90)


class Rounds:
    """Begins what nobody plays, and tells ``plays`` what others said; ``run`` must be owned."""

    def __init__(
        self, ledger: Ledger, clock: Clock, carrier: Carrier, plays: Mapping[str, Play]
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._carrier = carrier
        self._plays = plays
        self._stirred = asyncio.Event()
        self._purged = float("-inf")
        ledger.listen(["runs", "processes"], self._stirred.set)

    def stir(self) -> None:
        """Look at once."""
        self._stirred.set()

    async def run(self) -> Never:
        """Take up runs, and forget very old ones; until cancelled."""
        while True:
            self._stirred.clear()
            pause = _ROUND_SECONDS
            try:
                await self._take_up()
                await self._purge()
            except Unavailable as error:
                logger.warning("runs not taken up: {}", error.why)
                pause = _RETRY_SECONDS
            await rest(self._stirred, self._clock, pause)
            if self._ledger.shared:
                await self._clock.sleep(_BREATH_SECONDS)

    async def _take_up(self) -> None:
        for record in await self._ledger.alive():
            play = self._plays.get(record.id)
            if play is None:
                await self._carrier.begin(record.id)
            elif record.revision > play.record.revision:
                play.means.pulse.learn(record)

    async def _purge(self) -> None:
        if self._clock.monotonic() - self._purged >= _ROUND_SECONDS:
            await self._ledger.purge((self._clock.now() - _KEPT).timestamp())
            self._purged = self._clock.monotonic()
