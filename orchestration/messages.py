"""The rows of kept messages: what each should show, what it shows, and whether it was sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tgk.ports.board import MessageRef, Place
from tgk.reply import Reply

if TYPE_CHECKING:
    import sqlite3

QUESTION: Final = "approval:"
"""What the keys of messages begin with that people must decide about: they are sent first."""
_WISH: Final = """INSERT INTO messages
    (key, lane, place, reply, digest, state, loud, progress, created, changed, reason)
    VALUES (:key, :lane, :place, :reply, :digest, :state, :loud, :progress, :now, :now, :reason)
    ON CONFLICT (key) DO UPDATE SET
        reply = excluded.reply, digest = excluded.digest, progress = excluded.progress,
        changed = excluded.changed,
        created = CASE messages.state WHEN 'failed' THEN excluded.created
            ELSE messages.created END,
        attempts = CASE messages.state WHEN 'failed' THEN 0 ELSE messages.attempts END,
        reason = CASE messages.state WHEN 'failed' THEN excluded.reason ELSE messages.reason END,
        state = CASE messages.state WHEN 'failed' THEN excluded.state ELSE messages.state END
    RETURNING *"""
_ADOPT: Final = """INSERT INTO messages
    (key, lane, place, digest, channel, message, state, loud, progress, created, changed)
    VALUES (:key, :lane, :place, :nothing, :channel, :message, 'sent', FALSE, FALSE, :now, :now)
    ON CONFLICT (key) DO UPDATE SET
        channel = excluded.channel, message = excluded.message, state = 'sent', shown = :nothing
        WHERE messages.message = ''
    RETURNING *"""
_NOTE: Final = """UPDATE messages SET state = ?, shown = ?, channel = ?, message = ?, attempts = ?,
    next_try = ?, reason = ? WHERE seq = ?"""
_TO_DO: Final = """SELECT * FROM messages
    WHERE state IN ('new', 'sending') OR (state = 'sent' AND shown <> digest) ORDER BY seq"""
_OLD: Final = """DELETE FROM messages WHERE changed < ?
    AND (state = 'failed' OR (state = 'sent' AND shown = digest))"""


@dataclass(slots=True)
class Message:
    """One kept message, as the worker of its place sees it."""

    seq: int
    key: str
    lane: str
    place: Place
    reply: bytes
    digest: bytes
    shown: bytes
    ref: MessageRef | None
    state: str
    attempts: int
    loud: bool
    progress: bool
    created: float
    changed: float
    left: bool = False
    """Whether it may have reached the platform without our knowing."""
    edit_after: float = 0.0
    """No edit before this moment, by the monotonic clock."""
    next_try: float = 0.0
    reason: str = ""

    @property
    def unsent(self) -> bool:
        """Whether it does not stand on the platform yet, as far as we know."""
        return self.state in ("new", "sending")

    @property
    def asks(self) -> bool:
        """Whether people must decide something here."""
        return self.key.startswith(QUESTION)

    @property
    def settled(self) -> bool:
        """Whether it shows what it should, or never will."""
        return self.state == "failed" or (self.state == "sent" and self.shown == self.digest)

    @property
    def stands(self) -> MessageRef:
        """Where it is; only for one that was sent."""
        if self.ref is None:
            raise LookupError(self.key)
        return self.ref

    @property
    def wished(self) -> Reply:
        """What it should show."""
        return Reply.model_validate_json(self.reply)


def lane_of(place: Place) -> str:
    """Return the name of the queue that keeps the order of a place."""
    return f"{place.platform}/{place.room}/{place.thread}".rstrip("/")


def wish(key: str, place: Place, reply: Reply, *, loud: bool, now: float) -> dict[str, object]:
    """Return the values of a row that should show ``reply``; its state is up to the board."""
    body = reply.model_dump_json().encode()
    return {
        "key": key,
        "lane": lane_of(place),
        "place": place.model_dump_json(),
        "reply": body,
        "digest": hashlib.blake2b(body, digest_size=16).digest(),
        "loud": loud,
        "progress": reply.tone == "running",
        "now": now,
        "reason": "",
    }


def store_wish(connection: sqlite3.Connection, values: dict[str, object]) -> Message:
    """Create or change the row of a key."""
    return _message(connection.execute(_WISH, values).fetchone())


def adopt(
    connection: sqlite3.Connection, key: str, place: Place, ref: MessageRef, now: float
) -> Message | None:
    """Note that the message of a key stands already; None when it stands elsewhere."""
    values = {
        "key": key,
        "lane": lane_of(place),
        "place": place.model_dump_json(),
        "channel": ref.channel,
        "message": ref.message,
        "nothing": b"",
        "now": now,
    }
    row = connection.execute(_ADOPT, values).fetchone()
    return _message(row) if row else None


def note(connection: sqlite3.Connection, message: Message) -> None:
    """Write down how far a message has come."""
    ref = message.ref
    connection.execute(
        _NOTE,
        (
            message.state,
            message.shown,
            ref.channel if ref else "",
            ref.message if ref else "",
            message.attempts,
            message.next_try,
            message.reason,
            message.seq,
        ),
    )


def to_do(connection: sqlite3.Connection) -> list[Message]:
    """Return every message that does not show what it should, in order."""
    return [_message(row) for row in connection.execute(_TO_DO).fetchall()]


def ref_of(connection: sqlite3.Connection, key: str) -> MessageRef | None:
    """Return where the message of a key stands."""
    question = "SELECT place, channel, message FROM messages WHERE key = ?"
    row = connection.execute(question, (key,)).fetchone()
    return _ref(Place.model_validate_json(row[0]), row[1], row[2]) if row else None


def last_ref(connection: sqlite3.Connection, message: Message) -> MessageRef | None:
    """Return the newest message known to stand in the place of one that may have been sent."""
    row = connection.execute(
        """SELECT channel, message FROM messages
        WHERE lane = ? AND seq < ? AND message <> '' ORDER BY seq DESC LIMIT 1""",
        (message.lane, message.seq),
    ).fetchone()
    return _ref(message.place, *row) if row else None


def latest_refs(connection: sqlite3.Connection, platform: str) -> tuple[MessageRef, ...]:
    """Return the messages of a platform that were noted last, those that are answered included."""
    rows = connection.execute(
        """SELECT place, channel, message FROM messages
        WHERE substr(lane, 1, ?) = ? ORDER BY seq DESC LIMIT 512""",
        (len(platform) + 1, f"{platform}/"),
    ).fetchall()
    found: list[MessageRef | None] = []
    for written, channel, message in rows:
        place = Place.model_validate_json(written)
        found += [_ref(place, channel, message), _ref(place, place.room, place.reply_to)]
    return tuple(ref for ref in found if ref is not None)


def forget_old(connection: sqlite3.Connection, before: float) -> int:
    """Delete settled rows that nobody changed since; returns how many."""
    return connection.execute(_OLD, (before,)).rowcount


def _message(row: Any) -> Message:
    seq, key, lane, place, reply, digest, shown, channel, message, state, *rest = row
    attempts, next_try, loud, progress, created, changed, reason = rest
    stands = Place.model_validate_json(place)
    return Message(
        seq=seq,
        key=key,
        lane=lane,
        place=stands,
        reply=reply or b"",
        digest=digest,
        shown=shown,
        ref=_ref(stands, channel, message),
        state=state,
        attempts=attempts,
        loud=bool(loud),
        progress=bool(progress),
        created=created,
        changed=changed,
        next_try=next_try,
        reason=reason,
        # A row that was being sent before this wish may have arrived: it is looked for first.
        left=state == "sending" and changed > created,
    )


def _ref(place: Place, channel: str, message: str) -> MessageRef | None:
    if not message:
        return None
    return MessageRef(platform=place.platform, channel=channel, message=message)
