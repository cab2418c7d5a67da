"""Schedules in the store, and the watch that starts them in time."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Never
from zoneinfo import ZoneInfo

from croniter import croniter
from loguru import logger

from orchestration.alarm import rest
from orchestration.playbook.cron import faults as cron_faults
from orchestration.playbook.zones import zone_fault
from tgk.errors import ArgumentFault, InvalidRequest, Missing, TgkError, Unavailable
from tgk.ports.schedules import Schedule
from tgk.suggest import nearest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable

    from orchestration.store import Store
    from tgk.ports.time import Clock

    Start = Callable[[Schedule, datetime], Awaitable["Fired"]]

MOST_MADE_UP: Final = 10
"""Missed times that ``missed: all`` makes up for."""
_GRACE: Final = timedelta(seconds=60)
"""A start so late still counts as in time."""
_LONGEST_REST: Final = 30.0
_RETRY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of a time that was due: a run, or why there is none."""

    run: str = ""
    refusal: str = ""


def next_time(cron: str, timezone: str, after: datetime) -> datetime:
    """Return the first time of a schedule after a moment, in UTC.

    Schedules with a ``*`` in their hours run by elapsed time. Others run by the clock on the wall:
    a time that a change of clocks skips comes as much later as was skipped, one that it repeats
    comes once. Raises InvalidRequest naming what is wrong with the expression or the zone.
    """
    if faults := time_faults(cron, timezone):
        raise InvalidRequest("orchestrate schedule", faults)
    zone = ZoneInfo(timezone)
    local = after.astimezone(zone)
    times = croniter(cron, local.replace(tzinfo=None))
    if "*" in cron.split()[1]:
        found: datetime = times.get_next(datetime)
        return (found - (local.utcoffset() or timedelta())).replace(tzinfo=UTC)
    while True:
        found = times.get_next(datetime).replace(tzinfo=zone).astimezone(UTC)
        if found > after:  # else its first pass is over and this is the second
            return found


def time_faults(cron: str, timezone: str) -> list[ArgumentFault]:
    """Return everything that is wrong with an expression and a zone."""
    found = [ArgumentFault("cron", f"{each.message}; {each.help}") for each in cron_faults(cron)]
    if instead := zone_fault(timezone):
        found.append(ArgumentFault("timezone", f"no such time zone; {instead}"))
    return found


class StoredSchedules:
    """Implements Schedules; ``run`` must be owned by the process.

    ``start`` is called for each time that is due and returns once that run is durable; it is called
    again for the same time after a kill in between, and must then do nothing new. What came of the
    last one is kept with the schedule.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._changed = asyncio.Event()
        store.listen(["schedules"], self._changed.set)

    async def put(self, schedule: Schedule) -> Schedule:
        """Create or replace one; raises InvalidRequest for a cron or a zone that does not exist."""
        upcoming = next_time(schedule.cron, schedule.timezone, self._clock.now())
        kept = schedule.model_copy(update={"next": upcoming if schedule.enabled else None})
        await self._keep(kept)
        return kept

    async def get(self, name: str) -> Schedule:
        """Return one."""
        return await self._store.read(lambda connection: _one(connection, name))

    async def listed(self) -> tuple[Schedule, ...]:
        """Return all, the next to run first, the disabled last."""
        question = "SELECT body FROM schedules ORDER BY next IS NULL, next, name"
        rows = await self._store.read(lambda connection: connection.execute(question).fetchall())
        return tuple(Schedule.model_validate_json(body) for (body,) in rows)

    async def switch(self, name: str, *, enabled: bool) -> Schedule:
        """Enable or disable one; what it missed while disabled is never made up for."""
        return await self.put((await self.get(name)).model_copy(update={"enabled": enabled}))

    async def delete(self, name: str) -> Schedule:
        """Forget one, and return it."""

        def forget(connection: sqlite3.Connection) -> Schedule:
            gone = _one(connection, name)
            connection.execute("DELETE FROM schedules WHERE name = ?", (name,))
            return gone

        return await self._store.write(forget)

    async def run(self, start: Start) -> Never:
        """Start what is due, until cancelled."""
        while True:
            self._changed.clear()
            started = [await self._fire(each, start) for each in await self._due_or_none()]
            pause = await self._until_next() if all(started) else _RETRY_SECONDS
            await rest(self._changed, self._clock, pause)

    async def _due_or_none(self) -> tuple[Schedule, ...]:
        question = "SELECT body FROM schedules WHERE next <= ? ORDER BY next"
        now = self._clock.now().timestamp()
        try:
            rows = await self._store.read(
                lambda connection: connection.execute(question, (now,)).fetchall()
            )
        except Unavailable as error:
            logger.warning("schedules not read: {}", error.why)
            return ()
        return tuple(Schedule.model_validate_json(body) for (body,) in rows)

    async def _fire(self, schedule: Schedule, start: Start) -> bool:
        """Start a schedule for each time that counts, and note the next; False: try again."""
        now = self._clock.now()
        try:
            for due in _to_start(schedule, now):
                fired = await start(schedule, due)
                schedule = schedule.model_copy(update={"last": due, **asdict(fired)})
            upcoming = next_time(schedule.cron, schedule.timezone, now)
            await self._advance(schedule.model_copy(update={"next": upcoming}))
        except TgkError as error:
            logger.bind(schedule=schedule.name).warning("schedule not started: {}", str(error))
            return False
        return True

    async def _until_next(self) -> float:
        question = "SELECT min(next) FROM schedules"
        try:
            (soonest,) = await self._store.read(
                lambda connection: connection.execute(question).fetchone()
            )
        except Unavailable:
            return _RETRY_SECONDS
        left = _LONGEST_REST if soonest is None else soonest - self._clock.now().timestamp()
        return float(min(_LONGEST_REST, left))

    async def _keep(self, schedule: Schedule) -> None:
        await self._store.write(lambda connection: _save(connection, schedule))
        self._changed.set()

    async def _advance(self, schedule: Schedule) -> None:
        """Note the next time, unless somebody changed or deleted the schedule meanwhile."""

        def note(connection: sqlite3.Connection) -> None:
            row = connection.execute(
                "SELECT body FROM schedules WHERE name = ?", (schedule.name,)
            ).fetchone()
            if row is None:
                return
            stands = Schedule.model_validate_json(row[0])
            told = {name: getattr(schedule, name) for name in ("last", "run", "refusal")}
            if (stands.cron, stands.timezone, stands.enabled) == (
                schedule.cron, schedule.timezone, True,
            ):  # fmt: skip
                told["next"] = schedule.next
            _save(connection, stands.model_copy(update=told))

        await self._store.write(note)


def _to_start(schedule: Schedule, now: datetime) -> list[datetime]:
    """Return the times that a run is owed for: the newest, and the missed as the owner said."""
    if schedule.next is None:
        return []
    due = [schedule.next]
    while (later := next_time(schedule.cron, schedule.timezone, due[-1])) <= now:
        due.append(later)
        if len(due) > MOST_MADE_UP:
            due.pop(0)
    if schedule.missed == "all":
        return due
    newest = due[-1]
    if schedule.missed == "skip" and now - newest > _GRACE:
        return []
    return [newest]


def _save(connection: sqlite3.Connection, schedule: Schedule) -> None:
    upcoming = schedule.next.timestamp() if schedule.next else None
    connection.execute(
        """INSERT INTO schedules (name, body, next) VALUES (?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET body = excluded.body, next = excluded.next""",
        (schedule.name, schedule.model_dump_json(), upcoming),
    )


def _one(connection: sqlite3.Connection, name: str) -> Schedule:
    row = connection.execute("SELECT body FROM schedules WHERE name = ?", (name,)).fetchone()
    if row is None:
        names = [each for (each,) in connection.execute("SELECT name FROM schedules ORDER BY name")]
        raise Missing("schedule", name, nearest(name, names), known=names)
    return Schedule.model_validate_json(row[0])
