"""The board remembers over stops, adoptions and refusing disks what stands where."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestration.board import DurableBoard
from orchestration.store import Store
from tgk.errors import Unavailable
from tgk.ports.board import MessageRef, Place
from tgk.reply import Reply
from tgk.testing.board import FakeCourier
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

COUNCIL = Place(platform="telegram", room="council")
ALERTS = Place(platform="discord", room="#alerts")


def reply(title: str, **more: object) -> Reply:
    """Return a reply to tell apart."""
    return Reply.model_validate({"topic": "notice", "title": title, **more})


async def test_a_platform_that_is_off_fails_at_once(desk: Desk) -> None:
    """The wish is noted as failed, and nothing old is sent when the platform comes."""
    async with desk.open(without="telegram") as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.settle()
        assert board.depths() == {}
    async with desk.open() as board:
        await desk.settle()
        assert desk.telegram.messages == []
        await board.show("a", COUNCIL, reply("a now"))
        await desk.settle()

    assert desk.telegram.text("a") == ["a now"]


async def test_what_was_wished_before_a_stop_is_sent_after_the_start(desk: Desk) -> None:
    """A new process goes on where the old one was, looking first for what may have arrived."""
    desk.telegram.faults = [Unavailable("telegram", "down")] * 9
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await board.show("b", COUNCIL, reply("b"))
        await desk.settle()
    desk.telegram.faults = []
    async with desk.open():
        await desk.settle()

    assert [message.key for message in desk.telegram.messages] == ["a", "b"]
    assert desk.telegram.finds == 1


async def test_an_edit_that_was_wished_before_a_stop_is_made_after_the_start(desk: Desk) -> None:
    """Coalescing never loses the last state."""
    async with desk.open() as board:
        for title in ("a", "b", "c"):
            await board.show("op:1", COUNCIL, reply(title))
            await desk.settle()
        assert desk.telegram.text("op:1") == ["b"]
    async with desk.open():
        await desk.settle()

    assert desk.telegram.text("op:1") == ["c"]


async def test_a_show_whose_caller_gave_up_is_sent_all_the_same(desk: Desk) -> None:
    """A wish that reached the store is kept, whoever stopped waiting for it."""
    async with desk.open() as board:
        async with asyncio.TaskGroup() as group:
            hasty = group.create_task(board.show("a", COUNCIL, reply("a")))
            await asyncio.sleep(0)
            hasty.cancel()
        await desk.settle()

    assert desk.telegram.text("a") == ["a"]


async def test_an_adopted_message_is_edited_over_a_restart(desk: Desk) -> None:
    """The board remembers what a surface sent."""
    ref = MessageRef(platform="telegram", channel="council", message="77")
    async with desk.open() as board:
        await board.adopt("op:1", COUNCIL, ref)
    async with desk.open() as board:
        await board.show("op:1", COUNCIL, reply("done"))
        await desk.settle()

        assert (desk.telegram.sends, desk.telegram.edits) == (0, 1)
        assert await board.ref("op:1") == ref


async def test_old_messages_are_forgotten(desk: Desk) -> None:
    """After 30 days a settled row goes, one that still waits stays."""
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.settle()
        desk.discord.faults = [Unavailable("discord", "down", retry_after=1e9)]
        await board.show("b", ALERTS, reply("b"))
        await desk.pass_time(31 * 86400.0)

        assert await board.purge() == 1
        assert await board.ref("a") is None
        assert sum(board.depths().values()) == 1


async def test_an_adopted_message_is_not_sent_when_its_turn_comes(desk: Desk) -> None:
    """A surface that answered while the platform was slow spares the second message."""
    desk.telegram.faults = [Unavailable("telegram", "down", retry_after=30.0)]
    ref = MessageRef(platform="telegram", channel="council", message="77")
    async with desk.open() as board:
        await board.show("op:1", COUNCIL, reply("working"))
        await desk.settle()
        await board.adopt("op:1", COUNCIL, ref)
        await desk.pass_time(30.0)

        assert (desk.telegram.messages, desk.telegram.edits) == ([], 1)
        assert await board.ref("op:1") == ref


async def test_a_message_that_stands_is_not_adopted_away(desk: Desk) -> None:
    """The first message of a key keeps it."""
    async with desk.open() as board:
        await board.show("op:1", COUNCIL, reply("working"))
        await desk.settle()
        stands = await board.ref("op:1")
        await board.adopt(
            "op:1", COUNCIL, MessageRef(platform="telegram", channel="council", message="77")
        )

        assert await board.ref("op:1") == stands


async def test_a_platform_that_never_answers_is_taken_for_away(tmp_path: Path) -> None:
    """A call that hangs is cut off, and the message is looked for before it is sent again."""

    class Silent(FakeCourier):
        async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
            if self.sends == 0:
                self.sends += 1
                await asyncio.Event().wait()
            return await super().send(place, reply, key=key, loud=loud)

    clock, courier = FakeClock(flows=True), Silent()
    async with (
        Store(tmp_path / "tgk.sqlite") as store,
        DurableBoard(store, [courier], clock, patience=0.01) as board,
    ):
        await board.show("a", COUNCIL, reply("a"))
        while board.depths():
            await store.read(lambda connection: connection.total_changes)

    assert (courier.text("a"), courier.finds) == (["a"], 1)


async def test_a_hanging_call_does_not_hold_up_the_stop(desk: Desk) -> None:
    """After the grace it is cut off; the next start looks for the message."""

    class Hanging(FakeCourier):
        async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
            await super().send(place, reply, key=key, loud=loud)
            await asyncio.Event().wait()
            raise AssertionError

    desk.telegram = Hanging("telegram")
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.settle()
    arrived = desk.telegram.messages
    desk.telegram = FakeCourier("telegram")
    desk.telegram.messages = arrived
    async with desk.open() as board:
        await desk.settle()

        assert (desk.telegram.text("a"), desk.telegram.sends) == (["a"], 0)
        assert await board.ref("a") == arrived[0].ref


async def test_a_send_that_cannot_be_noted_is_noted_later_and_not_repeated(desk: Desk) -> None:
    """While the disk refuses, the board remembers by itself what it did."""

    class Breaking(FakeCourier):
        async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
            await desk.store.read(lambda connection: connection.execute("PRAGMA query_only = 1"))
            return await super().send(place, reply, key=key, loud=loud)

    desk.telegram = Breaking("telegram")
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.pass_time(3.0)
        before = await board.ref("a")
        with pytest.raises(Unavailable, match="readonly"):
            await board.show("b", COUNCIL, reply("b"))
        await desk.store.read(lambda connection: connection.execute("PRAGMA query_only = 0"))
        await desk.pass_time(3.0)

        assert (before, desk.telegram.sends) == (None, 1)
        assert await board.ref("a") == desk.telegram.messages[0].ref


async def test_what_waits_for_a_platform_that_was_switched_off_is_given_up(desk: Desk) -> None:
    """Switching it on again sends nothing stale."""
    desk.telegram.faults = [Unavailable("telegram", "down")]
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.settle()
    async with desk.open(without="telegram"):
        await desk.settle()
    async with desk.open():
        await desk.settle()

    assert (desk.telegram.messages, desk.telegram.finds) == ([], 0)


async def test_a_wish_after_the_stop_is_kept_for_the_next_start(desk: Desk) -> None:
    """A change that ends while the process goes down still tells its end later."""
    async with Store(desk.path) as desk.store:
        board = DurableBoard(desk.store, [desk.telegram], desk.clock)
        async with board:
            await desk.settle()
        await board.show("a", COUNCIL, reply("a"))
    async with desk.open():
        await desk.settle()

    assert desk.telegram.text("a") == ["a"]
