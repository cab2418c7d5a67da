"""What stands behind each button, under a token that says nothing."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING

import orjson

from tgk.ports.buttons import TOKEN_PATTERN
from tgk.reply import Action

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from orchestration.store import Store
    from tgk.ports.time import Clock

_TOKEN = re.compile(TOKEN_PATTERN)
_TOKEN_BYTES = 7
REMEMBERED_SECONDS = 7 * 86400.0
"""How long an expired token is still known, to tell a late press from a wrong one."""


def random_token() -> str:
    """Return a new token: 50 random bits, nobody guesses one in its lifetime."""
    drawn = base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().lower()
    return f"tgk:a:{drawn[:10]}"


class StoredButtons:
    """Implements Buttons in the store: a button works after a restart, until its action expires."""

    def __init__(
        self, store: Store, clock: Clock, *, draw: Callable[[], str] = random_token
    ) -> None:
        self._store = store
        self._clock = clock
        self._draw = draw

    async def mint(self, actions: Sequence[Action]) -> tuple[str, ...]:
        """Return a token for each action; one that still lives is given again and lives longer."""
        if not actions:
            return ()
        now = self._clock.now().timestamp()
        rows = [(*_fingerprint(action), now + action.lifetime) for action in actions]
        return await self._store.write(
            lambda connection: tuple(self._keep(connection, row, now) for row in rows)
        )

    async def find(self, token: str) -> Action | None:
        """Return the action, or None when the token is unknown or has expired."""
        return await self._look("SELECT action FROM buttons WHERE token = ? AND expires > ?", token)

    async def expired(self, token: str) -> Action | None:
        """Return the action of a token that has expired, for as long as it is remembered."""
        return await self._look(
            "SELECT action FROM buttons WHERE token = ? AND expires <= ?", token
        )

    async def _look(self, question: str, token: str) -> Action | None:
        if not _TOKEN.fullmatch(token):
            return None
        now = self._clock.now().timestamp()
        row = await self._store.read(
            lambda connection: connection.execute(question, (token, now)).fetchone()
        )
        return Action.model_validate_json(row[0]) if row else None

    async def purge(self) -> int:
        """Forget tokens that expired a week ago; returns how many."""
        oldest = self._clock.now().timestamp() - REMEMBERED_SECONDS
        return await self._store.write(
            lambda connection: (
                connection.execute("DELETE FROM buttons WHERE expires <= ?", (oldest,)).rowcount
            )
        )

    def _keep(
        self, connection: sqlite3.Connection, row: tuple[bytes, bytes, float], now: float
    ) -> str:
        digest, action, expires = row
        # an expired token is remembered, but is no longer the one of its action
        connection.execute(
            "UPDATE buttons SET digest = ? WHERE digest = ? AND expires <= ?",
            (secrets.token_bytes(16), digest, now),
        )
        found = connection.execute(
            """INSERT INTO buttons (token, digest, action, expires) VALUES (?, ?, ?, ?)
            ON CONFLICT (digest) DO UPDATE SET expires = CASE
                WHEN excluded.expires > buttons.expires THEN excluded.expires
                ELSE buttons.expires END
            RETURNING token""",
            (self._draw(), digest, action, expires),
        ).fetchone()
        return str(found[0])


def _fingerprint(action: Action) -> tuple[bytes, bytes]:
    body = orjson.dumps(action.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).digest()[:16], body
