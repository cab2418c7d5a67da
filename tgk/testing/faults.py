"""Failures to order, for fakes of outside systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tgk.errors import TgkError


class Faults:
    """Raises what was ordered, at the next calls; ``times=None`` until mended."""

    def __init__(self) -> None:
        self._error: TgkError | None = None
        self._left: int | None = 0

    def order(self, error: TgkError, *, times: int | None = 1) -> None:
        """Make the next ``times`` calls raise ``error``."""
        self._error = error
        self._left = times

    def mend(self) -> None:
        """Let every call pass again."""
        self._error = None

    def check(self) -> None:
        """Raise when a failure is due."""
        if self._error is None:
            return
        error = self._error
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._error = None
        raise error
