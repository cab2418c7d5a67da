"""Taking a new run in, inside of one write: is it known, is there room, what is it called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestration.runs.records import RunRecord
from tgk.errors import Conflict, RateLimited

if TYPE_CHECKING:
    import sqlite3

_MINUTE: Final = 60.0


def seen(connection: sqlite3.Connection, record: RunRecord) -> RunRecord | None:
    """Return the run of this delivery, else the one that was started under the same key."""
    row = connection.execute(
        """SELECT body FROM runs WHERE delivery = ? OR key = nullif(?, '')
        ORDER BY delivery = ? DESC""",
        (record.delivery, record.key, record.delivery),
    ).fetchone()
    return RunRecord.model_validate_json(row[0]) if row else None


def require_room(connection: sqlite3.Connection, most: int) -> None:
    """Raise Conflict when ``most`` runs have not ended yet."""
    (going,) = connection.execute("SELECT count(*) FROM runs WHERE live").fetchone()
    if going >= most:
        raise Conflict(
            "The run was not started.",
            why=f"{going} runs have not ended yet.",
            remedy="Wait for one of them, or complete one with force.",
        )


def require_calm(connection: sqlite3.Connection, record: RunRecord, most: int) -> None:
    """Raise RateLimited when this person has started ``most`` within the last minute."""
    now = record.asked.timestamp()
    rows = connection.execute(
        """SELECT asked FROM runs WHERE person = ? AND generation = 1 AND asked > ?
        ORDER BY asked DESC LIMIT ?""",
        (record.starter.person, now - _MINUTE, most),
    ).fetchall()
    if len(rows) >= most:
        raise RateLimited(float(rows[-1][0]) + _MINUTE - now)


def numbered(connection: sqlite3.Connection, record: RunRecord) -> RunRecord:
    """Return it under the next id of its year."""
    year = record.asked.year
    (number,) = connection.execute(
        """INSERT INTO counters (name, value) VALUES (?, 1)
        ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value""",
        (f"runs {year}",),
    ).fetchone()
    name = f"WF-{year}-{number:03}"
    return record.model_copy(update={"id": name, "root": name})


def insert(connection: sqlite3.Connection, record: RunRecord) -> None:
    """Keep it as one that has not ended."""
    connection.execute(
        """INSERT INTO runs
        (id, root, generation, delivery, playbook, person, state, live, priority, slot, asked, body,
        key) VALUES (?, ?, ?, ?, ?, ?, ?, TRUE, ?, 0, ?, ?, nullif(?, ''))""",
        (
            record.id, record.root, record.generation, record.delivery, record.playbook,
            record.starter.person, record.state, record.priority, record.asked.timestamp(),
            record.model_dump_json(), record.key,
        ),
    )  # fmt: skip
