"""Rows of the board: what a second wish for a message under way must know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration import messages
from orchestration.store import Store
from tgk.ports.board import Place
from tgk.reply import Reply

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

PLACE = Place(platform="telegram", room="council")


async def test_a_wish_for_what_was_being_sent_looks_for_it_first(tmp_path: Path) -> None:
    """The first wish leaves at once; one that finds it on its way may not send it again."""

    def wish(connection: sqlite3.Connection, now: float) -> messages.Message:
        values = messages.wish("a", PLACE, Reply(title="a"), loud=False, now=now)
        return messages.store_wish(connection, {**values, "state": "sending", "reason": ""})

    async with Store(tmp_path / "tgk.sqlite") as store:
        first = await store.write(lambda connection: wish(connection, 1.0))
        again = await store.write(lambda connection: wish(connection, 2.0))

    assert (first.state, first.left) == ("sending", False)
    assert (again.state, again.left) == ("sending", True)
