"""A circuit breaker: a system that keeps failing is left alone for a while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from tgk.errors import Missing, Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tgk.ports.time import Clock

CircuitState = Literal["closed", "open", "half-open"]


class Circuit:
    """Opens after ``failures`` in a row, lets one call try again after ``rest`` seconds."""

    def __init__(self, system: str, clock: Clock, *, failures: int = 5, rest: float = 30.0) -> None:
        self._system = system
        self._clock = clock
        self._limit = failures
        self._rest = rest
        self._failures = 0
        self._opened_at: float | None = None
        self._trying = False

    @property
    def state(self) -> CircuitState:
        """Whether calls pass (closed), are refused (open) or one may try (half-open)."""
        if self._opened_at is None:
            return "closed"
        return "open" if self._left() > 0 else "half-open"

    @contextmanager
    def call(self) -> Iterator[None]:
        """Run one call inside; raises Unavailable without running it while the circuit is open.

        An Unavailable that names a time to come back is an answer, so it does not count.
        """
        self._admit()
        try:
            yield
        except Unavailable as error:
            if error.retry_after is None:
                self._count_failure()
            raise
        except (Rejected, Missing):
            self._close()
            raise
        else:
            self._close()
        finally:
            self._trying = False

    def _admit(self) -> None:
        if self.state == "closed":
            return
        if self.state == "open" or self._trying:
            raise Unavailable(
                self._system,
                f"It failed {self._failures} times in a row and is being left alone.",
                retry_after=max(1.0, self._left()),
                remedy=f"It is tried again in {max(1, round(self._left()))} s.",
            )
        self._trying = True

    def _left(self) -> float:
        if self._opened_at is None:
            return 0.0
        return self._opened_at + self._rest - self._clock.monotonic()

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self._opened_at = self._clock.monotonic()

    def _close(self) -> None:
        self._failures = 0
        self._opened_at = None
