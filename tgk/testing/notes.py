"""Notes in memory."""

from __future__ import annotations


class FakeNotes:
    """Implements Notes over a dictionary."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        """Return the value, None when there is none."""
        return self.values.get(key)

    async def put(self, key: str, value: str) -> None:
        """Set the value."""
        self.values[key] = value

    async def drop(self, key: str) -> None:
        """Forget the value."""
        self.values.pop(key, None)
