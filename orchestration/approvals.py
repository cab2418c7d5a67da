"""Questions to the council: one state in the store, the same card wherever the council looks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Never

from loguru import logger

from orchestration.alarm import rest
from orchestration.messages import QUESTION
from tgk.approval import card
from tgk.ballot import cast, expired, withdrawn
from tgk.errors import Missing, Unavailable
from tgk.ports.council import Approval, Vote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from orchestration.store import Store
    from tgk.caller import Caller
    from tgk.ports.board import Board, Place
    from tgk.ports.council import Heard
    from tgk.ports.time import Clock

KEPT_SECONDS = 30 * 86400.0
_RETRY_SECONDS = 5.0
_LONGEST_REST = 60.0
"""A wall clock that jumps is noticed within this many seconds."""


class StoredApprovals:
    """Implements Approvals in the store: a vote and its effect are one transaction.

    ``run`` must be owned by the process: it expires what nobody decides and draws the cards that a
    kill left behind.
    """

    def __init__(self, store: Store, board: Board, clock: Clock, places: Sequence[Place]) -> None:
        self._store = store
        self._board = board
        self._clock = clock
        self._places = tuple(places)
        self._drawing = asyncio.Lock()
        self._asked = asyncio.Event()
        self._news: dict[str, asyncio.Event] = {}
        store.listen(["approvals"], self._heard)

    async def run(self) -> Never:
        """Keep cards and deadlines, until cancelled."""
        while True:
            self._asked.clear()
            try:
                await self._expire_due()
                await self._draw()
                pause = await self._until_next()
            except Unavailable as error:
                logger.warning("approvals not kept: {}", error.why)
                pause = _RETRY_SECONDS
            await rest(self._asked, self._clock, pause)

    async def ask(self, approval: Approval) -> Approval:
        """Open the question; asking again with the same id returns the one that stands."""

        def open_it(connection: sqlite3.Connection) -> Approval:
            connection.execute(
                """INSERT INTO approvals (id, state, body, expires, asked) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING""",
                (
                    approval.id,
                    approval.state,
                    approval.model_dump_json(),
                    approval.expires_at.timestamp(),
                    approval.asked_at.timestamp(),
                ),
            )
            return _load(connection, approval.id)

        asked = await self._store.write(open_it)
        self._asked.set()
        await self._draw()
        return asked

    async def decided(self, approval_id: str, heard: Heard | None = None) -> Approval:
        """Wait until it is approved, denied, expired or withdrawn; tell of voices before."""
        voices: tuple[Vote, ...] | None = None
        while True:
            news = self._news.setdefault(approval_id, asyncio.Event())
            standing = await self._standing(approval_id)
            if standing.state != "open":
                self._news.pop(approval_id, None)
                return standing
            if heard and voices not in (None, standing.votes):
                await heard(standing)
            voices = standing.votes
            left = standing.expires_at - self._clock.now()
            await rest(news, self._clock, min(_LONGEST_REST, left.total_seconds()))

    async def vote(
        self, approval_id: str, caller: Caller, *, approve: bool, reason: str = ""
    ) -> Approval:
        """Count a voice and return the state. The same voice again stands as it was.

        Raises Missing (no such approval), Denied (outsider, requester), Conflict (already decided).
        """
        await self._standing(approval_id)
        vote = Vote(
            person=caller.person,
            approve=approve,
            at=self._clock.now(),
            platform=caller.platform,
            reason=reason,
        )

        def count(connection: sqlite3.Connection) -> Approval:
            before = expired(_load(connection, approval_id), vote.at)
            after = cast(before, vote)
            if after is not before:
                _save(connection, after)
            return after

        counted = await self._store.write(count)
        await self._tell(approval_id)
        return counted

    async def withdraw(self, corr: str, why: str) -> None:
        """Close what is open of this invocation, whose end needs no answer; the card says why."""
        for asked in await self.open():
            if asked.corr == corr:
                await self._store.write(
                    lambda connection, asked=asked: _withdraw(  # type: ignore[misc] # bound
                        connection, asked.id, why
                    )
                )
                await self._tell(asked.id)

    async def open(self) -> tuple[Approval, ...]:
        """Return the questions that wait, oldest first."""
        question = "SELECT body FROM approvals WHERE state = 'open' AND expires > ? ORDER BY asked"
        now = self._clock.now().timestamp()
        rows = await self._store.read(
            lambda connection: connection.execute(question, (now,)).fetchall()
        )
        return tuple(Approval.model_validate_json(body) for (body,) in rows)

    async def purge(self) -> int:
        """Forget questions whose time was over 30 days ago; returns how many."""
        before = self._clock.now().timestamp() - KEPT_SECONDS
        question = (
            "DELETE FROM approvals WHERE state <> 'open' AND carded >= revision AND expires <= ?"
        )
        return await self._store.write(
            lambda connection: connection.execute(question, (before,)).rowcount
        )

    async def _standing(self, approval_id: str) -> Approval:
        """Return the approval as it is now; raises Missing."""
        standing = await self._store.read(lambda connection: _load(connection, approval_id))
        if standing is expired(standing, self._clock.now()):
            return standing
        await self._expire_due()
        return await self._store.read(lambda connection: _load(connection, approval_id))

    async def _expire_due(self) -> None:
        """Close every open question whose time is over, and tell."""
        now = self._clock.now()
        for approval_id in await self._store.write(lambda connection: _expire(connection, now)):
            await self._tell(approval_id)

    async def _until_next(self) -> float:
        question = "SELECT min(expires) FROM approvals WHERE state = 'open'"
        (soonest,) = await self._store.read(
            lambda connection: connection.execute(question).fetchone()
        )
        left = _LONGEST_REST if soonest is None else soonest - self._clock.now().timestamp()
        return float(min(_LONGEST_REST, left))

    async def _tell(self, approval_id: str) -> None:
        """Wake who waits for the decision, then show it."""
        if news := self._news.pop(approval_id, None):
            news.set()
        await self._draw()

    def _heard(self) -> None:
        """Look again at everything: another process asked or voted."""
        self._asked.set()
        for approval_id in tuple(self._news):
            self._news.pop(approval_id).set()

    async def _draw(self) -> None:
        """Show every card that is older than its question; the newest state always wins."""
        async with self._drawing:
            for approval, revision in await self._store.read(_undrawn):
                shown = card(approval)
                for place in self._places:
                    key = f"{QUESTION}{approval.id}:{place.platform}:{place.room}"
                    await self._board.show(key, place, shown, loud=True)
                drawn = (revision, approval.id)
                await self._store.write(
                    lambda connection, drawn=drawn: (
                        connection.execute(  # type: ignore[misc] # bound
                            "UPDATE approvals SET carded = ? WHERE id = ?", drawn
                        ).rowcount
                    )
                )


def _load(connection: sqlite3.Connection, approval_id: str) -> Approval:
    question = "SELECT body FROM approvals WHERE id = ?"
    row = connection.execute(question, (approval_id,)).fetchone()
    if row is None:
        waiting = connection.execute("SELECT id FROM approvals WHERE state = 'open' LIMIT 3")
        raise Missing("approval", approval_id, known=[each for (each,) in waiting])
    return Approval.model_validate_json(row[0])


def _save(connection: sqlite3.Connection, approval: Approval) -> None:
    connection.execute(
        "UPDATE approvals SET state = ?, body = ?, revision = revision + 1 WHERE id = ?",
        (approval.state, approval.model_dump_json(), approval.id),
    )


def _expire(connection: sqlite3.Connection, now: datetime) -> list[str]:
    question = "SELECT id FROM approvals WHERE state = 'open' AND expires <= ?"
    due = [approval for (approval,) in connection.execute(question, (now.timestamp(),)).fetchall()]
    for approval_id in due:
        _save(connection, expired(_load(connection, approval_id), now))
    return due


def _withdraw(connection: sqlite3.Connection, approval_id: str, why: str) -> None:
    before = _load(connection, approval_id)
    after = withdrawn(before, why)
    if after is not before:
        _save(connection, after)


def _undrawn(connection: sqlite3.Connection) -> list[tuple[Approval, int]]:
    question = "SELECT body, revision FROM approvals WHERE carded < revision ORDER BY asked"
    return [
        (Approval.model_validate_json(body), revision)
        for body, revision in connection.execute(question).fetchall()
    ]
