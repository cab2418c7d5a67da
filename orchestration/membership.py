"""Which processes work on one database, who does what, and who has taken over from whom.

A process says every few seconds that it lives. One that was silent for its lease is taken off the
list by whoever notices; from that moment its writes are refused by the database, and what it did
is free for others. It stops beginning anything a good while before, by its own clock.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Never, Protocol

from loguru import logger

from orchestration.store_postgres import Fenced, Life
from tgk.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from typing import Any

    from orchestration.store import Store
    from orchestration.store_postgres import PostgresDatabase
    from tgk.ports.time import Clock

Kind = Literal["bot", "worker", "terminal"]
_BEATS: Final = 4
"""How often it says in one lease that it lives."""
_SURE: Final = 0.75
"""The share of its lease in which a process trusts that nobody has taken over."""
_LOOK_SECONDS: Final = 0.2
_FOREVER: Final = 86400.0
_NOW: Final = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
_LOADS: Final = """SELECT count(runs.id) AS held FROM processes
    LEFT JOIN runs ON runs.holder = processes.name AND live
    WHERE kind = 'worker' GROUP BY processes.name"""
_NO_WORKER: Final = "NOT EXISTS (SELECT FROM processes WHERE kind = 'worker')"
_TURNS: Final[dict[Kind, str]] = {
    "bot": _NO_WORKER,
    "terminal": _NO_WORKER,
    "worker": f"""(SELECT count(*) FROM runs WHERE live AND holder = :me)
        <= (SELECT min(held) FROM ({_LOADS}) AS loads)""",  # noqa: S608 - ours
}
"""When a process may begin a run that nobody has: all leave them to workers, if there are any, and
of several workers the one with the fewest is first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A process as others see it."""

    name: str
    kind: str
    host: str
    pid: int
    since: float
    silent: float
    """Seconds since it last said that it lives."""
    runs: int


class Membership(Protocol):
    """What a process may do beside others."""

    async def permit(self) -> None:
        """Return once something may be done outside: at once, unless others may have taken over."""

    async def claim(self, run: str) -> bool:
        """Say whether this process plays the run; of several, one does."""

    async def sit(self, seat: str) -> bool:
        """Say whether this process has a duty that only one may have."""

    async def run(self) -> Never:
        """Say that the process lives, until cancelled; raises Fenced when it was taken for dead."""


class Alone:
    """Implements Membership for a process that has its database for itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def permit(self) -> None:
        """Return at once."""

    async def claim(self, run: str) -> bool:  # noqa: ARG002 - whichever it is
        """Say yes."""
        return True

    async def sit(self, seat: str) -> bool:  # noqa: ARG002 - whichever it is
        """Say yes."""
        return True

    async def run(self) -> Never:
        """Nobody needs to know."""
        while True:
            await self._clock.sleep(_FOREVER)


class Members:
    """Implements Membership in a shared database; ``join`` before anything else is written.

    ``name`` is that of the state folder: a process of the same name is a later life of this one,
    which has ended.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        store: Store,
        clock: Clock,
        *,
        name: str,
        kind: Kind,
        lease: float,
    ) -> None:
        self.name = name
        self.changed = asyncio.Event()
        """Set when a process came or went; whoever heeds it clears it."""
        self._database = database
        self._store = store
        self._clock = clock
        self._kind: Kind = kind
        self._lease = lease
        self._sure_until = float("-inf")
        self._beaten = self._steady = float("-inf")
        """When it last said that it lives, and since when it did so without a gap."""
        store.listen(["processes"], self.changed.set)

    async def join(self) -> None:
        """Put the process on the list; a former life of it can write nothing from then on.

        Waits as long as a bot that was killed counts as alive. Raises Conflict while another bot
        serves, Unavailable when the database does not answer.
        """
        began = self._clock.monotonic()
        while True:
            waited = self._clock.monotonic() - began
            try:
                await self._enter(bury=waited >= self._lease)
            except Conflict:
                if waited > self._lease + 1:
                    raise
                await self._clock.sleep(_LOOK_SECONDS)
            else:
                return

    async def leave(self) -> None:
        """Take the process off the list, so that others go on with what it did at once."""

        def put(connection: Any) -> None:
            connection.execute("DELETE FROM processes WHERE name = ?", (self.name,))
            _inherit(connection)

        self._sure_until = float("-inf")
        try:
            await self._store.write(put)
        except Unavailable as error:
            logger.warning("not signed off: {}", error.why)

    async def run(self) -> Never:
        """Say that the process lives, and look who does not."""
        lost = False
        while True:
            await self._clock.sleep(self._lease / _BEATS)
            try:
                await self._beat()
            except Fenced:
                raise
            except Unavailable as error:
                logger.log("DEBUG" if lost else "WARNING", "lease not renewed: {}", error.why)
                lost = True
            else:
                lost = False

    async def permit(self) -> None:
        """Return once the lease is surely held."""
        while self._clock.monotonic() > self._sure_until:
            await self._clock.sleep(_LOOK_SECONDS)

    async def claim(self, run: str) -> bool:
        """Take a run that nobody plays, if it is this process's turn; say whether it has it."""
        question = f"""UPDATE runs SET holder = :me WHERE id = :run AND live
            AND (holder = :me OR (holder = '' AND {_TURNS[self._kind]}))"""  # noqa: S608 - ours
        given = {"me": self.name, "run": run}
        taken = await self._store.write(
            lambda connection: connection.execute(question, given).rowcount
        )
        return taken == 1

    async def sit(self, seat: str) -> bool:
        """Take a seat that is free; say whether this process has it."""

        def put(connection: Any) -> bool:
            question = "INSERT INTO seats (name, holder) VALUES (?, ?) ON CONFLICT DO NOTHING"
            connection.execute(question, (seat, self.name))
            whose = "SELECT holder FROM seats WHERE name = ?"
            return bool(connection.execute(whose, (seat,)).fetchone()[0] == self.name)

        return await self._store.write(put)

    async def living(self) -> frozenset[str]:
        """Return the names of the processes on the list."""
        rows = await self._store.read(
            lambda connection: connection.execute("SELECT name FROM processes").fetchall()
        )
        return frozenset(name for (name,) in rows)

    def _renewed(self, sent: float) -> None:
        if sent - self._beaten >= self._lease / 2:
            self._steady = sent
        self._beaten = sent
        self._sure_until = sent + _SURE * self._lease

    async def _enter(self, *, bury: bool) -> None:
        life, lease = secrets.token_hex(8), self._lease
        facts = (self.name, life, self._kind, socket.gethostname(), os.getpid(), lease)
        sent = self._clock.monotonic()

        def put(connection: Any) -> None:
            if bury:
                _bury(connection)
            if self._kind == "bot":
                _require_no_other_bot(connection, self.name)
            connection.execute(_ENTER, facts)

        await self._store.write(put)
        self._database.fence = Life(self.name, life)
        self._renewed(sent)

    async def _beat(self) -> None:
        """Say that the process lives, and take others off the list that do not.

        After a gap of one's own, as when the database was away for all, others get a lease's time.
        """
        sent = self._clock.monotonic()
        steady = sent - self._beaten < self._lease / 2 and sent - self._steady >= self._lease

        def put(connection: Any) -> list[str]:
            connection.execute(_BEAT, (self.name,))
            waited = self._clock.monotonic() - sent  # for the database itself, it may be
            return _bury(connection) if steady and waited < self._lease / _BEATS else []

        gone = await self._store.write(put)
        self._renewed(sent)
        if gone:
            logger.bind(processes=gone).warning("taken over from a process that is silent")
            self.changed.set()


_ENTER: Final = f"""INSERT INTO processes (name, life, kind, host, pid, lease, since, beat)
    VALUES (?, ?, ?, ?, ?, ?, {_NOW}, {_NOW})
    ON CONFLICT (name) DO UPDATE SET life = excluded.life, kind = excluded.kind,
    host = excluded.host, pid = excluded.pid, lease = excluded.lease, since = excluded.since,
    beat = excluded.beat"""  # noqa: S608 - ours
_BEAT: Final = f"UPDATE processes SET beat = {_NOW} WHERE name = ?"  # noqa: S608 - ours
_BURY: Final = f"DELETE FROM processes WHERE beat + lease < {_NOW} RETURNING name"  # noqa: S608 - ours
_LISTED: Final = f"""SELECT name, kind, host, pid, since, {_NOW} - beat,
    (SELECT count(*) FROM runs WHERE live AND holder = processes.name)
    FROM processes ORDER BY kind, name"""  # noqa: S608 - ours


def listed(connection: Any) -> tuple[Member, ...]:
    """Return every process on the list; a question for the store."""
    return tuple(
        Member(name=name, kind=kind, host=host, pid=pid, since=since, silent=silent, runs=runs)
        for name, kind, host, pid, since, silent, runs in connection.execute(_LISTED).fetchall()
    )


def _bury(connection: Any) -> list[str]:
    """Take off the list who was silent for too long, and free what they did; return who."""
    gone = [name for (name,) in connection.execute(_BURY).fetchall()]
    if gone:
        _inherit(connection)
    return gone


def _inherit(connection: Any) -> None:
    """Free what is held by nobody on the list."""
    living = "(SELECT name FROM processes)"
    connection.execute(
        f"UPDATE runs SET holder = '' WHERE holder <> '' AND holder NOT IN {living}"  # noqa: S608 - ours
    )
    connection.execute(f"DELETE FROM seats WHERE holder NOT IN {living}")  # noqa: S608 - ours


def _require_no_other_bot(connection: Any, name: str) -> None:
    question = "SELECT name, host, pid FROM processes WHERE kind = 'bot' AND name <> ?"
    other = connection.execute(question, (name,)).fetchone()
    if other is not None:
        raise Conflict(
            "Another bot serves on this database.",
            why=f"It is {other[0]}, process {other[2]} on {other[1]}.",
            remedy="Stop it first, or start `tgk worker` here.",
        )
