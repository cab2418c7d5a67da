"""What can be made to go wrong on the Telegram side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.telegram.errors import Refusal, too_many

if TYPE_CHECKING:
    from tgk.ports.time import Clock


class TelegramFaults:
    """Switches; every one is off at first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._flooded_until = 0.0
        self._lost: list[str] = []
        self.is_down = False
        self.delay = 0.0

    def down(self, is_down: bool = True) -> None:
        """Answer every call with 502, until called with False."""
        self.is_down = is_down

    def slow(self, seconds: float) -> None:
        """Let every call but getUpdates wait this long; 0 ends it."""
        self.delay = seconds

    def flood(self, seconds: float) -> None:
        """Refuse everything that writes with 429 for so long; 0 ends it."""
        self._flooded_until = self._clock.monotonic() + seconds

    def drop_connection_after_handling(self, method: str = "", times: int = 1) -> None:
        """Carry out the next calls (of one method, if named) but lose the answer."""
        self._lost += [method.lower()] * times

    def clear(self) -> None:
        """Switch everything off."""
        self.is_down = False
        self.delay = 0.0
        self._flooded_until = 0.0
        self._lost.clear()

    def check(self, method: str) -> None:
        """Refuse the call if a switch says so."""
        if self.is_down:
            raise Refusal(502, "Bad Gateway")
        left = self._flooded_until - self._clock.monotonic()
        if left > 0 and method.startswith(("send", "edit", "delete", "setmessage", "answer")):
            raise too_many(left)

    def loses_answer(self, method: str) -> bool:
        """Return whether this answer gets lost, and count it."""
        if method == "getupdates" and method not in self._lost:
            return False
        for wanted in self._lost:
            if wanted in {"", method}:
                self._lost.remove(wanted)
                return True
        return False

    def describe(self) -> dict[str, bool | float]:
        """Return the switches as they stand, for a page."""
        return {
            "down": self.is_down,
            "slow": self.delay,
            "flood": max(0.0, self._flooded_until - self._clock.monotonic()),
            "lost": len(self._lost),
        }
