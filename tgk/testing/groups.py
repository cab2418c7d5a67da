"""A platform's roles in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping


class FakeGroups:
    """Implements Groups from ``{account: roles}``; ``broken`` makes it silent."""

    def __init__(self, table: Mapping[str, frozenset[str] | set[str]]) -> None:
        self.table = dict(table)
        self.broken = ""
        self.asked: list[str] = []

    async def held(self, user_id: str) -> frozenset[str]:
        """Look the account up."""
        self.asked.append(user_id)
        if self.broken:
            raise Unavailable("Discord", self.broken)
        return frozenset(self.table.get(user_id, ()))
