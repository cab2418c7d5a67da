"""Small facts to remember over a restart."""

from __future__ import annotations

from typing import Protocol


class Notes(Protocol):
    """Durable values by key; for what a command must recall, never for secrets."""

    async def get(self, key: str) -> str | None:
        """Return the value, None when there is none."""

    async def put(self, key: str, value: str) -> None:
        """Set the value; durable on return."""

    async def drop(self, key: str) -> None:
        """Forget the value, if there is one."""
