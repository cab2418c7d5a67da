"""The truth about runs, in the store: what they are, what their steps found, who waits for whom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from orchestration.runs.intake import insert, numbered, require_calm, require_room, seen
from orchestration.runs.records import RunRecord, StepRecord
from tgk.errors import Conflict, Missing
from tgk.ports.runs import ENDED, Checkpoint
from tgk.suggest import nearest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from orchestration.store import Store
    from tgk.ports.runs import RunFilter

_WORDS = 32
_SAVE = "UPDATE runs SET state = ?, live = ?, body = ? WHERE id = ?"
_KEEP = """INSERT INTO run_steps (run, path, label, body) VALUES (?, ?, ?, ?)
    ON CONFLICT (run, path, label) DO UPDATE SET body = excluded.body"""


class Ledger:
    """Reads and writes runs; every change wakes those who wait for it, in every process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._news: dict[str, asyncio.Event] = {}
        self.listen(["runs"], self._tell_all)

    @property
    def shared(self) -> bool:
        """Whether other processes may change runs, too."""
        return self._store.shared

    def listen(self, tables: Iterable[str], heard: Callable[[], None]) -> None:
        """Call ``heard`` soon after another process wrote to one of these tables."""
        self._store.listen(tables, heard)

    def news(self, run: str) -> asyncio.Event:
        """Return an event that is set at the next change of the run."""
        return self._news.setdefault(run, asyncio.Event())

    async def admit(
        self,
        record: RunRecord,
        sources: Mapping[str, tuple[str, bytes]],
        *,
        most: int,
        per_minute: int,
    ) -> tuple[RunRecord, bool]:
        """Keep a new run under the next id; a delivery or key seen before: its run, and False.

        Raises Conflict when ``most`` runs have not ended yet, RateLimited when this person has
        started ``per_minute`` within the last minute.
        """

        def put(connection: sqlite3.Connection) -> tuple[RunRecord, bool]:
            known = seen(connection, record)
            if known:
                return known, False
            require_room(connection, most)
            require_calm(connection, record, per_minute)
            made = numbered(connection, record)
            insert(connection, made)
            for digest, (file, source) in sources.items():
                connection.execute(
                    "INSERT INTO run_sources VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (digest, file, source),
                )
            return made, True

        return await self._store.write(put)

    async def beget(self, record: RunRecord, steps: Iterable[StepRecord]) -> tuple[RunRecord, bool]:
        """Keep a new generation with what it takes over; raises Conflict where one goes on."""
        kept = tuple(steps)

        def put(connection: sqlite3.Connection) -> tuple[RunRecord, bool]:
            question = "SELECT id, live FROM runs WHERE root = ? ORDER BY generation DESC LIMIT 1"
            newest, live = connection.execute(question, (record.root,)).fetchone()
            if live or newest != record.previous:
                raise Conflict(f"{newest} goes on from there already.")
            insert(connection, record)
            for step in kept:
                _write_step(connection, record.id, step)
            return record, True

        return await self._store.write(put)

    async def delivered(self, delivery: str) -> RunRecord | None:
        """Return the run that a delivery (digested) started, None where it started none."""
        question = "SELECT body FROM runs WHERE delivery = ?"
        row = await self._store.read(
            lambda connection: connection.execute(question, (delivery,)).fetchone()
        )
        return RunRecord.model_validate_json(row[0]) if row else None

    async def load(self, run: str) -> RunRecord:
        """Return a run; raises Missing."""
        return await self._store.read(lambda connection: _load(connection, run))

    async def newest(self, run: str) -> RunRecord:
        """Return the generation named, or the newest one of a root; raises Missing.

        The first one has the id of its root; ``.1`` behind it means that one.
        """

        def look(connection: sqlite3.Connection) -> RunRecord:
            question = "SELECT id FROM runs WHERE root = ? ORDER BY generation DESC LIMIT 1"
            row = connection.execute(question, (run,)).fetchone()
            return _load(connection, row[0] if row else run.removesuffix(".1"))

        return await self._store.read(look)

    async def change(self, run: str, **facts: Any) -> RunRecord:
        """Change facts of a run; durable on return."""

        def put(connection: sqlite3.Connection) -> RunRecord:
            return _change(connection, run, facts)

        return await self._changed(run, await self._store.write(put))

    async def say(
        self, run: str, delivery: str, word: Callable[[RunRecord], Mapping[str, Any]]
    ) -> RunRecord:
        """Change a run as a word of somebody wants it, by how it stands at that very moment.

        The same delivery again changes nothing. Raises what the word raises.
        """

        def put(connection: sqlite3.Connection) -> RunRecord:
            stands = _load(connection, run)
            if delivery and delivery in stands.words:
                return stands
            words = (*stands.words, delivery)[-_WORDS:] if delivery else stands.words
            return _change(connection, run, {**word(stands), "words": words})

        return await self._changed(run, await self._store.write(put))

    async def heard(self, root: str, delivery: str) -> RunRecord | None:
        """Return the newest generation that this was said about already."""
        question = "SELECT body FROM runs WHERE root = ? ORDER BY generation DESC"
        rows = await self._store.read(
            lambda connection: connection.execute(question, (root,)).fetchall()
        )
        found = (RunRecord.model_validate_json(body) for (body,) in rows)
        return next((record for record in found if delivery in record.words), None)

    async def end(
        self,
        run: str,
        inherit: Callable[[RunRecord, Iterable[StepRecord]], Iterable[StepRecord]],
        **facts: Any,
    ) -> RunRecord:
        """End a run; its heir, if it has one, begins with the same write."""

        def put(connection: sqlite3.Connection) -> RunRecord:
            before = _load(connection, run)
            after = _change(connection, run, facts)
            if after.heir and before.state not in ENDED:
                insert(connection, after.heir.record)
                for step in inherit(after, _steps(connection, run)):
                    _write_step(connection, after.heir.record.id, step)
            return after

        return await self._changed(run, await self._store.write(put))

    async def begin_step(self, run: str, step: StepRecord) -> RunRecord | None:
        """Keep a step that begins; where the run rests by then, return that instead.

        So a pause holds from the moment it is said, in whichever process.
        """

        def put(connection: sqlite3.Connection) -> RunRecord | None:
            stands = _load(connection, run)
            if stands.superseded or stands.paused(step.began):
                return stands
            _write_step(connection, run, step)
            _change(connection, run, {})
            return None

        resting = await self._store.write(put)
        if resting is None:
            self._tell(run)
        return resting

    async def keep_step(self, run: str, step: StepRecord) -> None:
        """Create or replace one attempt of a step."""

        def put(connection: sqlite3.Connection) -> None:
            _write_step(connection, run, step)
            _change(connection, run, {})

        await self._store.write(put)
        self._tell(run)

    async def steps(self, run: str) -> tuple[StepRecord, ...]:
        """Return every attempt of every step, in the order in which they began."""
        return await self._store.read(lambda connection: _steps(connection, run))

    async def source(self, digest: str) -> tuple[str, bytes]:
        """Return the file name and the bytes of a playbook that a run began with."""
        question = "SELECT file, source FROM run_sources WHERE digest = ?"
        row = await self._store.read(
            lambda connection: connection.execute(question, (digest,)).fetchone()
        )
        if row is None:
            raise Missing("playbook", digest)
        return str(row[0]), bytes(row[1])

    async def alive(self) -> tuple[RunRecord, ...]:
        """Return the runs that have not ended, oldest first."""
        question = "SELECT body FROM runs WHERE live ORDER BY asked, id"
        rows = await self._store.read(lambda connection: connection.execute(question).fetchall())
        return tuple(RunRecord.model_validate_json(body) for (body,) in rows)

    async def find(self, wanted: RunFilter) -> tuple[RunRecord, ...]:
        """Return runs that fit, the newest first."""
        states = sorted(wanted.states)
        marks = ", ".join("?" * len(states)) or "''"
        question = f"""SELECT body FROM runs WHERE (? OR state IN ({marks}))
            AND (? = '' OR playbook = ?) AND asked >= ?
            ORDER BY asked DESC, root DESC, generation DESC LIMIT ?"""  # noqa: S608 - marks only
        since = wanted.since.timestamp() if wanted.since else 0.0
        values = (
            not states, *states, wanted.playbook, wanted.playbook, since, max(0, wanted.limit)
        )  # fmt: skip
        rows = await self._store.read(
            lambda connection: connection.execute(question, values).fetchall()
        )
        return tuple(RunRecord.model_validate_json(body) for (body,) in rows)

    async def mark(self, checkpoint: Checkpoint, upto: int) -> Checkpoint:
        """Keep a checkpoint under the next id; ``upto`` is the order of the last step it keeps."""

        def put(connection: sqlite3.Connection) -> Checkpoint:
            (number,) = connection.execute(
                "INSERT INTO checkpoints (run, upto, body) VALUES (?, ?, '') RETURNING number",
                (checkpoint.run, upto),
            ).fetchone()
            named = checkpoint.model_copy(update={"id": f"CP-{number:03}"})
            connection.execute(
                "UPDATE checkpoints SET body = ? WHERE number = ?",
                (named.model_dump_json(), number),
            )
            return named

        return await self._store.write(put)

    async def checkpoints(self, run: str) -> tuple[tuple[Checkpoint, int], ...]:
        """Return the checkpoints of every generation of the run, oldest first, with their order."""
        question = """SELECT checkpoints.body, upto FROM checkpoints JOIN runs ON id = run
            WHERE root = (SELECT root FROM runs WHERE id = ?) ORDER BY number"""
        rows = await self._store.read(
            lambda connection: connection.execute(question, (run,)).fetchall()
        )
        return tuple((Checkpoint.model_validate_json(body), upto) for body, upto in rows)

    async def take_slot(self, run: str, most: int) -> bool:
        """Take one of ``most`` slots if it is this run's turn; else it stands in the row."""

        def put(connection: sqlite3.Connection) -> bool:
            held = "SELECT slot FROM runs WHERE id = ?"
            if connection.execute(held, (run,)).fetchone()[0]:
                return True
            connection.execute(
                """UPDATE runs SET wants = (SELECT coalesce(max(wants), 0) + 1 FROM runs)
                WHERE id = ? AND wants IS NULL""",
                (run,),
            )
            taken = connection.execute(
                """UPDATE runs SET slot = 1, wants = NULL WHERE id = ?
                AND (SELECT count(*) FROM runs WHERE slot = 1 AND live) < ?
                AND id = (SELECT id FROM runs WHERE wants IS NOT NULL AND live
                    ORDER BY priority, wants LIMIT 1)""",
                (run, most),
            )
            return taken.rowcount == 1

        return await self._store.write(put)

    async def give_slot(self, run: str) -> None:
        """Give the slot back, or leave the row."""
        await self._store.write(
            lambda connection: (
                connection.execute(
                    "UPDATE runs SET slot = 0, wants = NULL WHERE id = ?", (run,)
                ).rowcount
            )
        )

    async def stand_in_row(self, key: str, holder: str, run: str, now: float) -> tuple[bool, float]:
        """Stand in the row for a lock; says whether it is this holder's turn, and since when."""

        def put(connection: sqlite3.Connection) -> tuple[bool, float]:
            connection.execute(
                """INSERT INTO run_turns (key, holder, run, since) VALUES (?, ?, ?, ?)
                ON CONFLICT DO NOTHING""",
                (key, holder, run, now),
            )
            question = "SELECT holder FROM run_turns WHERE key = ? ORDER BY seq LIMIT 1"
            (first,) = connection.execute(question, (key,)).fetchone()
            question = "SELECT since FROM run_turns WHERE key = ? AND holder = ?"
            (since,) = connection.execute(question, (key, holder)).fetchone()
            return first == holder, now if since is None else float(since)

        return await self._store.write(put)

    async def rows(self) -> tuple[tuple[str, str], ...]:
        """Return every lock with each who has it or stands in its row, the first one first."""
        question = "SELECT key, holder FROM run_turns ORDER BY seq"
        rows = await self._store.read(lambda connection: connection.execute(question).fetchall())
        return tuple((str(key), str(holder)) for key, holder in rows)

    async def leave_row(self, holder: str) -> None:
        """Leave every row of locks that this holder stands in; a run with all of its steps."""
        question = "DELETE FROM run_turns WHERE holder = ? OR run = ?"
        await self._store.write(
            lambda connection: connection.execute(question, (holder, holder)).rowcount
        )

    async def purge(self, before: float) -> int:
        """Forget runs that ended and were asked for before then; returns how many."""

        def put(connection: sqlite3.Connection) -> int:
            gone = connection.execute("DELETE FROM runs WHERE NOT live AND asked < ?", (before,))
            return gone.rowcount

        return await self._store.write(put)

    async def _changed(self, run: str, record: RunRecord) -> RunRecord:
        self._tell(run)
        return record

    def _tell(self, run: str) -> None:
        if news := self._news.pop(run, None):
            news.set()

    def _tell_all(self) -> None:
        for run in tuple(self._news):
            self._tell(run)


def _load(connection: sqlite3.Connection, run: str) -> RunRecord:
    row = connection.execute("SELECT body FROM runs WHERE id = ?", (run,)).fetchone()
    if row is None:
        rows = connection.execute("SELECT id FROM runs ORDER BY asked DESC LIMIT 200").fetchall()
        known = [each for (each,) in rows]
        raise Missing("run", run, nearest(run, known), newest=known)
    return RunRecord.model_validate_json(row[0])


def _change(connection: sqlite3.Connection, run: str, facts: Mapping[str, Any]) -> RunRecord:
    before = _load(connection, run)
    after = before.model_copy(update={**facts, "revision": before.revision + 1})
    live = after.state not in ENDED
    connection.execute(_SAVE, (after.state, live, after.model_dump_json(), run))
    return after


def _steps(connection: sqlite3.Connection, run: str) -> tuple[StepRecord, ...]:
    rows = connection.execute("SELECT body FROM run_steps WHERE run = ?", (run,)).fetchall()
    found = (StepRecord.model_validate_json(body) for (body,) in rows)
    return tuple(sorted(found, key=lambda step: step.seq))


def _write_step(connection: sqlite3.Connection, run: str, step: StepRecord) -> None:
    connection.execute(_KEEP, (run, step.path, step.label, step.model_dump_json()))
