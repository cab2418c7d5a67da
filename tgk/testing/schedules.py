"""Schedules in memory: kept as given, never started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import Missing
from tgk.suggest import nearest

if TYPE_CHECKING:
    from tgk.ports.schedules import Schedule


class FakeSchedules:
    """Implements Schedules without a clock."""

    def __init__(self) -> None:
        self._kept: dict[str, Schedule] = {}

    async def put(self, schedule: Schedule) -> Schedule:
        """Keep one."""
        self._kept[schedule.name] = schedule
        return schedule

    async def get(self, name: str) -> Schedule:
        """Return one; raises Missing."""
        if name not in self._kept:
            raise Missing("schedule", name, nearest(name, self._kept), known=sorted(self._kept))
        return self._kept[name]

    async def listed(self) -> tuple[Schedule, ...]:
        """Return all, by name."""
        return tuple(self._kept[name] for name in sorted(self._kept))

    async def switch(self, name: str, *, enabled: bool) -> Schedule:
        """Enable or disable one."""
        return await self.put((await self.get(name)).model_copy(update={"enabled": enabled}))

    async def delete(self, name: str) -> Schedule:
        """Forget one."""
        gone = await self.get(name)
        del self._kept[name]
        return gone
