"""Playbooks that run by the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints

from tgk.caller import Caller

Missed = Literal["skip", "once", "all"]
"""What becomes of times that passed while nobody looked: none, one run for all, or each."""
ScheduleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class Schedule(BaseModel):
    """One playbook, run again and again by its owner's rights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ScheduleName
    playbook: str
    cron: str
    """Five fields as in crontab(5), names of days and months included."""
    timezone: str = "UTC"
    """A name of the IANA database; a time that a clock change skips runs right after it."""
    parameters: dict[str, str] = {}
    environment: str | None = None
    missed: Missed = "once"
    enabled: bool = False
    owner: Caller
    next: datetime | None = None
    """When it runs next; None while it is disabled."""
    last: datetime | None = None
    """The time it was last to start for."""
    run: str = ""
    """The run that it started then."""
    refusal: str = ""
    """Why it started none then."""


class Schedules(Protocol):
    """Keeps schedules over restarts. Raises Missing for a name that does not exist."""

    async def put(self, schedule: Schedule) -> Schedule:
        """Create or replace one; raises InvalidRequest for a cron or a zone that does not exist."""

    async def get(self, name: str) -> Schedule:
        """Return one."""

    async def listed(self) -> tuple[Schedule, ...]:
        """Return all, the next to run first, the disabled last."""

    async def switch(self, name: str, *, enabled: bool) -> Schedule:
        """Enable or disable one; what it missed while disabled is never made up for."""

    async def delete(self, name: str) -> Schedule:
        """Forget one, and return it."""
