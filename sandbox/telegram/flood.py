"""How fast a bot may write: 30 calls a second, 20 a minute into one group."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from sandbox.telegram.errors import too_many

if TYPE_CHECKING:
    from tgk.ports.time import Clock

PER_SECOND: Final = 30
PER_MINUTE: Final = 20
MINUTE: Final = 60.0


class FloodLimits:
    """Counts what is written and refuses with the time to wait; can be switched off."""

    def __init__(self, clock: Clock, *, enforced: bool) -> None:
        self.enforced = enforced
        self._clock = clock
        self._all: deque[float] = deque(maxlen=PER_SECOND)
        self._groups: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=PER_MINUTE))

    def count(self, chat: int) -> None:
        """Count one message into a chat, or refuse it."""
        if not self.enforced:
            return
        now = self._clock.monotonic()
        self._refuse_if_full(self._all, now, 1.0)
        if chat < 0:
            self._refuse_if_full(self._groups[chat], now, MINUTE)
            self._groups[chat].append(now)
        self._all.append(now)

    @staticmethod
    def _refuse_if_full(sent: deque[float], now: float, window: float) -> None:
        left = sent[0] + window - now if len(sent) == sent.maxlen else 0.0
        if left > 0:
            raise too_many(left)
