"""Cards follow their questions on every platform, over kills, and deadlines need nobody to look."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestration.approvals import StoredApprovals
from orchestration.store import Store
from tgk.caller import Caller
from tgk.errors import Unavailable
from tgk.ports.board import Place
from tgk.ports.council import Approval
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from tgk.reply import Reply

PLACES = (
    Place(platform="telegram", room="council"),
    Place(platform="discord", room="#deployments"),
)
KEYS = ("approval:q1:telegram:council", "approval:q1:discord:#deployments")


def question(clock: FakeClock) -> Approval:
    """Return a question that waits for half an hour."""
    return Approval(
        id="q1",
        corr="c1",
        title="Deploy v1.4.0 to production",
        requester="dana",
        members=("ana", "ben", "chi"),
        needed=1,
        digest="d1",
        asked_at=clock.now(),
        expires_at=clock.now() + timedelta(minutes=30),
    )


def ana() -> Caller:
    """Return a member of the council."""
    return Caller(person="ana", user_id="7000005", platform="telegram", known=True)


def states(board: FakeBoard) -> list[str]:
    """Return the state that each card shows now."""
    return [board.last(key).data["state"] for key in KEYS]


async def settle(store: Store) -> None:
    """Let everything happen that needs no time."""
    for _ in range(20):
        await store.read(lambda connection: connection.total_changes)
        for _ in range(10):
            await asyncio.sleep(0)


async def test_every_change_is_shown_in_every_place(tmp_path: Path) -> None:
    """The same state stands on Telegram and on Discord, with buttons only while it is open."""
    clock, board = FakeClock(), FakeBoard()
    async with Store(tmp_path / "tgk.sqlite") as store:
        approvals = StoredApprovals(store, board, clock, PLACES)
        await approvals.ask(question(clock))
        asked = [len(board.last(key).actions) for key in KEYS]
        await approvals.vote("q1", ana(), approve=True)

    assert board.keys == KEYS
    assert states(board) == ["approved", "approved"]
    assert (asked, [len(board.last(key).actions) for key in KEYS]) == ([2, 2], [0, 0])


async def test_a_card_is_drawn_once_for_each_change(tmp_path: Path) -> None:
    """Asking again or repeating a voice draws nothing new."""
    clock, board = FakeClock(), FakeBoard()
    async with Store(tmp_path / "tgk.sqlite") as store:
        approvals = StoredApprovals(store, board, clock, PLACES)
        for _ in range(2):
            await approvals.ask(question(clock))
        for _ in range(2):
            await approvals.vote("q1", ana(), approve=True)

    assert len(board.shows) == 4


async def test_a_question_expires_when_nobody_looks(tmp_path: Path) -> None:
    """The owner closes it in time and shows it, although nobody waits or votes."""
    clock, board = FakeClock(), FakeBoard()
    async with Store(tmp_path / "tgk.sqlite") as store, asyncio.TaskGroup() as group:
        approvals = StoredApprovals(store, board, clock, PLACES)
        owner = group.create_task(approvals.run())
        await approvals.ask(question(clock))
        await settle(store)
        for _ in range(31):
            await clock.advance(60)
            await settle(store)
        owner.cancel()

    assert states(board) == ["expired", "expired"]


async def test_a_waiting_asker_hears_of_the_expiry(tmp_path: Path) -> None:
    """The deadline ends the wait even without an owner."""
    clock, board = FakeClock(), FakeBoard()
    async with Store(tmp_path / "tgk.sqlite") as store, asyncio.TaskGroup() as group:
        approvals = StoredApprovals(store, board, clock, PLACES)
        await approvals.ask(question(clock))
        waiting = group.create_task(approvals.decided("q1"))
        for _ in range(31):
            await settle(store)
            await clock.advance(60)

    assert waiting.result().state == "expired"


async def test_a_vote_whose_card_was_not_drawn_is_drawn_after_the_start(tmp_path: Path) -> None:
    """A process that ends between the vote and its card leaves the card to the next one."""

    class Failing(FakeBoard):
        async def show(self, key: str, place: Place, reply: Reply, *, loud: bool = False) -> None:
            raise Unavailable("store", "disk full")

    clock, board = FakeClock(), FakeBoard()
    async with Store(tmp_path / "tgk.sqlite") as store:
        await StoredApprovals(store, board, clock, PLACES).ask(question(clock))
        try:
            dying = StoredApprovals(store, Failing(), clock, PLACES)
            await dying.vote("q1", ana(), approve=True)
        except Unavailable:
            before = states(board)
    async with Store(tmp_path / "tgk.sqlite") as store, asyncio.TaskGroup() as group:
        owner = group.create_task(StoredApprovals(store, board, clock, PLACES).run())
        await settle(store)
        owner.cancel()

    assert (before, states(board)) == (["open", "open"], ["approved", "approved"])


async def test_a_decision_after_a_restart_reaches_who_waits_then(tmp_path: Path) -> None:
    """The question, its time and its voices are in the store, not in the process."""
    clock, board = FakeClock(), FakeBoard()
    async with Store(tmp_path / "tgk.sqlite") as store:
        await StoredApprovals(store, board, clock, PLACES).ask(question(clock))
    async with Store(tmp_path / "tgk.sqlite") as store, asyncio.TaskGroup() as group:
        approvals = StoredApprovals(store, board, clock, PLACES)
        waiting = group.create_task(approvals.decided("q1"))
        await settle(store)
        await approvals.vote("q1", ana(), approve=True)

    assert waiting.result().state == "approved"


async def test_a_board_that_refuses_for_a_moment_does_not_end_the_owner(tmp_path: Path) -> None:
    """The card is drawn as soon as the board takes it."""

    class Full(FakeBoard):
        refusals = 2

        async def show(self, key: str, place: Place, reply: Reply, *, loud: bool = False) -> None:
            if self.refusals:
                self.refusals -= 1
                raise Unavailable("telegram", "too many messages")
            await super().show(key, place, reply, loud=loud)

    clock, board = FakeClock(), Full()
    async with Store(tmp_path / "tgk.sqlite") as store, asyncio.TaskGroup() as group:
        approvals = StoredApprovals(store, board, clock, PLACES)
        with pytest.raises(Unavailable):
            await approvals.ask(question(clock))
        owner = group.create_task(approvals.run())
        await settle(store)
        before = len(board.shows)
        await clock.advance(5)
        await settle(store)
        owner.cancel()

    assert (before, states(board)) == (0, ["open", "open"])
