"""How fast a bot may post and edit: five calls in five seconds on each channel."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from sandbox.discord.errors import rate_limited

if TYPE_CHECKING:
    from tgk.ports.time import Clock

CALLS: Final = 5
WINDOW: Final = 5.0
COUNTED: Final = ("POST", "PATCH")


class Buckets:
    """Counts calls that post or edit; can be switched off."""

    def __init__(self, clock: Clock, *, enforced: bool) -> None:
        self.enforced = enforced
        self._clock = clock
        self._calls: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=CALLS))

    def count(self, method: str, path: str) -> dict[str, str]:
        """Count one call and return the headers of its answer, or refuse it."""
        parts = path.strip("/").split("/")
        if not self.enforced or method not in COUNTED or parts[0] != "channels":
            return {}
        bucket = f"{method}-messages"
        calls = self._calls[f"{bucket}:{parts[1]}"]
        now = self._clock.monotonic()
        while calls and calls[0] + WINDOW <= now:
            calls.popleft()
        if len(calls) == CALLS:
            raise rate_limited(calls[0] + WINDOW - now, is_global=False, bucket=bucket)
        calls.append(now)
        reset = calls[0] + WINDOW - now
        return {
            "X-RateLimit-Limit": str(CALLS),
            "X-RateLimit-Remaining": str(CALLS - len(calls)),
            "X-RateLimit-Reset": f"{self._clock.now().timestamp() + reset:.3f}",
            "X-RateLimit-Reset-After": f"{reset:.3f}",
            "X-RateLimit-Bucket": bucket,
        }
