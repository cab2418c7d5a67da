"""Button tokens in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tgk.ports.time import Clock
    from tgk.reply import Action

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


class FakeButtons:
    """Implements Buttons with tokens that count up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._living: dict[str, tuple[Action, datetime]] = {}
        self._minted = 0

    async def mint(self, actions: Sequence[Action]) -> tuple[str, ...]:
        """Return a token for each action; one that still lives is given again."""
        return tuple(self._keep(action) for action in actions)

    async def find(self, token: str) -> Action | None:
        """Return the action, or None when the token is unknown or has expired."""
        action, expires = self._living.get(token, (None, self._clock.now()))
        return action if expires > self._clock.now() else None

    async def expired(self, token: str) -> Action | None:
        """Return the action of a token that has expired."""
        action, expires = self._living.get(token, (None, self._clock.now()))
        return action if expires <= self._clock.now() else None

    def _keep(self, action: Action) -> str:
        now = self._clock.now()
        same = (
            token for token, (known, end) in self._living.items() if known == action and end > now
        )
        token = next(same, None) or self._draw()
        self._living[token] = (action, now + timedelta(seconds=action.lifetime))
        return token

    def _draw(self) -> str:
        self._minted += 1
        number, letters = self._minted, ""
        for _ in range(10):
            number, digit = divmod(number, len(_LETTERS))
            letters = _LETTERS[digit] + letters
        return f"tgk:a:{letters}"
