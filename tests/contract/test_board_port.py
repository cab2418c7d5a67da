"""What every implementation of Board promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestration.board import DurableBoard
from orchestration.store import Store
from tests.stores import KINDS, place
from tgk.ports.board import Board, MessageRef, Place
from tgk.reply import Reply
from tgk.testing.board import FakeBoard, FakeCourier
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

COUNCIL = Place(platform="telegram", room="council")


@pytest.fixture(params=["fake", *KINDS])
async def board(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Board]:
    """Give each implementation in turn."""
    if request.param == "fake":
        yield FakeBoard()
        return
    async with (
        Store(place(request.param, request, tmp_path)) as store,
        DurableBoard(store, [FakeCourier()], FakeClock()) as durable,
    ):
        yield durable


async def standing(board: Board, key: str) -> MessageRef:
    """Return where the message of a key stands, once it does."""
    for _ in range(200):
        if ref := await board.ref(key):
            return ref
    raise AssertionError(f"{key} was never sent")


async def test_a_shown_message_stands_somewhere(board: Board) -> None:
    """Each key has one message of its own, which keeps its place."""
    for key in ("a", "b", "a"):
        await board.show(key, COUNCIL, Reply(topic="notice", title=key))

    first = await standing(board, "a")
    assert first != await standing(board, "b")
    assert first == await standing(board, "a")


async def test_an_adopted_message_is_the_message_of_its_key(board: Board) -> None:
    """What a surface sent itself is edited, not sent again."""
    ref = MessageRef(platform="telegram", channel="council", message="77")
    await board.adopt("a", COUNCIL, ref)
    await board.show("a", COUNCIL, Reply(topic="notice", title="a"))

    assert await standing(board, "a") == ref


async def test_an_unknown_key_stands_nowhere(board: Board) -> None:
    """Asking for what was never shown is no error."""
    assert await board.ref("nothing") is None
