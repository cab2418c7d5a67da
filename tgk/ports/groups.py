"""Roles that a chat platform gives its accounts, asked at this moment."""

from __future__ import annotations

from typing import Protocol


class Groups(Protocol):
    """One platform's own word for what an account is there; never remembered."""

    async def held(self, user_id: str) -> frozenset[str]:
        """Return the ids of the roles that an account has now; none when it has left.

        Raises Unavailable or Rejected when the platform does not say.
        """
