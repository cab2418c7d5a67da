"""What stands behind a button: an opaque token outside, the action in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.reply import Action

TOKEN_PATTERN = r"tgk:a:[a-z2-7]{10}"  # noqa: S105 - a pattern, not a secret
"""At most 64 bytes (Telegram callback_data) and 100 characters (Discord custom_id)."""


class Buttons(Protocol):
    """Tokens that survive a restart; nothing about the action can be read from one."""

    async def mint(self, actions: Sequence[Action]) -> tuple[str, ...]:
        """Return a token for each action; the same action gets its living token again."""

    async def find(self, token: str) -> Action | None:
        """Return the action, or None when the token is unknown or has expired."""

    async def expired(self, token: str) -> Action | None:
        """Return the action of a token that has expired, for as long as it is remembered."""
