"""The board reaches the wished-for state over outages, limits and restarts, once each."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from orchestration.board import DurableBoard
from orchestration.store import Store
from tgk.errors import Rejected, Unavailable
from tgk.ports.board import MessageRef, Place
from tgk.reply import Reply
from tgk.testing.board import FakeCourier
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

COUNCIL = Place(platform="telegram", room="council")
ALERTS = Place(platform="discord", room="#alerts")


def reply(title: str, **more: object) -> Reply:
    """Return a reply to tell apart."""
    return Reply.model_validate({"topic": "notice", "title": title, **more})


class Desk:
    """A board with its store, clock and two platforms; ``settle`` lets everything due happen."""

    def __init__(self, path: Path, *, flows: bool = False, backlog: int = 1000) -> None:
        self.clock = FakeClock(flows=flows)
        self.telegram = FakeCourier("telegram", edit_interval=4.0)
        self.discord = FakeCourier("discord", edit_interval=1.5)
        self.backlog = backlog
        self.path = path
        self.store = Store(path)
        self.board = DurableBoard(self.store, [], self.clock)

    @asynccontextmanager
    async def open(self, *, without: str = "") -> AsyncIterator[DurableBoard]:
        """Start the board as a new process would."""
        couriers = [each for each in (self.telegram, self.discord) if each.platform != without]
        async with Store(self.path) as self.store:
            board = DurableBoard(self.store, couriers, self.clock, backlog=self.backlog, grace=0.2)
            async with board as self.board:
                yield self.board

    async def settle(self) -> None:
        """Let workers and store act until nothing happens without the clock."""
        for _ in range(30):
            await self.store.read(lambda connection: connection.total_changes)
            for _ in range(10):
                await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass with everything that it brings."""
        await self.settle()
        await self.clock.advance(seconds)
        await self.settle()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk whose clock stands still."""
    return Desk(tmp_path / "tgk.sqlite")


async def test_a_message_is_sent_once_and_then_edited(desk: Desk) -> None:
    """The first show sends, the second changes the same message."""
    async with desk.open() as board:
        await board.show("op:1", COUNCIL, reply("working"), loud=True)
        await desk.settle()
        await board.show("op:1", COUNCIL, reply("done"))
        await desk.settle()

    (message,) = desk.telegram.messages
    assert [shown.title for shown in message.replies] == ["working", "done"]
    assert message.loud


async def test_the_same_reply_again_is_no_edit(desk: Desk) -> None:
    """What is shown already costs the platform nothing."""
    async with desk.open() as board:
        for _ in range(3):
            await board.show("op:1", COUNCIL, reply("done"))
            await desk.settle()

    assert (desk.telegram.sends, desk.telegram.edits) == (1, 0)


async def test_a_thousand_shows_become_few_edits_and_the_last_one_wins(desk: Desk) -> None:
    """Edits keep the platform's interval, and the final state is always sent."""
    async with desk.open() as board:
        for number in range(1000):
            await board.show("op:1", COUNCIL, reply(f"{number}"))
        await desk.settle()
        for _ in range(3):
            await desk.pass_time(4.0)

    assert desk.telegram.text("op:1") == ["999"]
    assert desk.telegram.sends == 1
    assert desk.telegram.edits <= 2


async def test_edits_keep_their_distance_after_everything_was_shown(desk: Desk) -> None:
    """A message that rested for a moment is not edited sooner than the platform likes."""
    async with desk.open() as board:
        for title in ("a", "b"):
            await board.show("op:1", COUNCIL, reply(title))
            await desk.settle()
        await desk.pass_time(1.0)
        await board.show("op:1", COUNCIL, reply("c"))
        await desk.pass_time(2.0)
        before = desk.telegram.text("op:1")
        await desk.pass_time(1.0)

        assert (before, desk.telegram.text("op:1")) == (["b"], ["c"])


async def test_an_outage_delays_everything_and_keeps_the_order(desk: Desk) -> None:
    """What was wished meanwhile arrives after it, once each, in order."""
    desk.telegram.faults = [Unavailable("telegram", "down") for _ in range(4)]
    async with desk.open() as board:
        for number in range(20):
            await board.show(f"k{number}", COUNCIL, reply(str(number)))
        await desk.settle()
        during = list(desk.telegram.messages)
        troubled = dict(board.health())
        for _ in range(6):
            await desk.pass_time(20.0)

        assert (during, troubled["telegram"]) == ([], "down")
        assert board.health() == {"telegram": "", "discord": ""}
        assert board.depths() == {}
    titles = [message.replies[-1].title for message in desk.telegram.messages]
    assert titles == [str(number) for number in range(20)]


async def test_a_flood_limit_is_waited_out_as_long_as_the_platform_says(desk: Desk) -> None:
    """The platform names the seconds, and the message is not looked for, since it never left."""
    desk.telegram.faults = [Unavailable("telegram", "flood", retry_after=30.0)]
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.pass_time(29.0)
        early = len(desk.telegram.messages)
        await desk.pass_time(1.0)

    assert (early, desk.telegram.text("a"), desk.telegram.finds) == (0, ["a"], 0)


async def test_a_lost_answer_does_not_double_the_message(desk: Desk) -> None:
    """A send whose answer was lost is found on the platform instead of sent again."""
    desk.telegram.faults = [Unavailable("telegram", "timeout")]
    desk.telegram.lossy = True
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.pass_time(5.0)
        await desk.pass_time(5.0)

    assert (desk.telegram.text("a"), desk.telegram.sends) == (["a"], 1)


async def test_one_platform_down_does_not_hold_up_the_other(desk: Desk) -> None:
    """Places wait for themselves only."""
    desk.telegram.faults = [Unavailable("telegram", "down") for _ in range(9)]
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await board.show("b", ALERTS, reply("b"))
        await desk.settle()

        assert (desk.telegram.text("a"), desk.discord.text("b")) == ([], ["b"])


async def test_a_refused_message_ends_alone(desk: Desk) -> None:
    """The next one in the same place is sent, and a later show tries the refused one anew."""
    desk.telegram.faults = [Rejected("telegram", "topic closed")]
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await board.show("b", COUNCIL, reply("b"))
        await desk.settle()
        refused, given_up = desk.telegram.text("a"), board.given_up
        await board.show("a", COUNCIL, reply("a again"))
        await desk.settle()

    assert (refused, given_up) == ([], 1)
    assert [desk.telegram.text(key) for key in ("a", "b")] == [["a again"], ["b"]]


async def test_a_refused_edit_is_not_repeated(desk: Desk) -> None:
    """Only that change is given up; the next one is tried."""
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.settle()
        desk.telegram.faults = [Rejected("telegram", "too long")]
        await board.show("a", COUNCIL, reply("b"))
        await desk.pass_time(10.0)
        edits = desk.telegram.edits
        await board.show("a", COUNCIL, reply("c"))
        await desk.pass_time(10.0)

    assert (edits, desk.telegram.text("a")) == (1, ["c"])


async def test_a_message_that_breaks_its_courier_stops_no_other(desk: Desk) -> None:
    """A fault of ours in drawing one message is logged and ends that message."""
    desk.telegram.faults = [ZeroDivisionError()]  # type: ignore[list-item] # no error of the tree
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await board.show("b", COUNCIL, reply("b"))
        await desk.settle()

    assert [desk.telegram.text(key) for key in ("a", "b")] == [[], ["b"]]


async def test_after_a_day_without_the_platform_a_message_is_given_up(desk: Desk) -> None:
    """Nobody wants yesterday's progress; what was wished since is still delivered."""
    desk.telegram.faults = [Unavailable("telegram", "down", retry_after=43_300.0)] * 3
    async with desk.open() as board:
        await board.show("old", COUNCIL, reply("old"))
        await desk.pass_time(43_300.0)
        await board.show("new", COUNCIL, reply("new"))
        await desk.pass_time(43_300.0)
        await desk.pass_time(43_300.0)

    assert [desk.telegram.text(key) for key in ("old", "new")] == [[], ["new"]]


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


async def test_too_much_progress_is_dropped_and_ends_are_kept(tmp_path: Path) -> None:
    """A full place loses the oldest messages that only tell of progress."""
    desk = Desk(tmp_path / "tgk.sqlite", backlog=5)
    desk.telegram.faults = [Unavailable("telegram", "down", retry_after=60.0)]
    async with desk.open() as board:
        for number in range(4):
            await board.show(f"end{number}", COUNCIL, reply("end", tone="ok"))
        for number in range(4):
            await board.show(f"run{number}", COUNCIL, reply("run", tone="running"))
        await desk.pass_time(60.0)

    sent = [message.key for message in desk.telegram.messages]
    assert sent == ["end0", "end1", "end2", "end3", "run3"]


async def test_a_place_with_far_too_many_messages_refuses_more(tmp_path: Path) -> None:
    """The backlog is bounded even when nothing in it may be dropped."""
    desk = Desk(tmp_path / "tgk.sqlite", backlog=1)
    desk.telegram.faults = [Unavailable("telegram", "down", retry_after=60.0)]
    async with desk.open() as board:
        for number in range(10):
            await board.show(f"end{number}", COUNCIL, reply("end", tone="ok"))
        with pytest.raises(Unavailable, match="10 messages wait"):
            await board.show("one more", COUNCIL, reply("end", tone="ok"))
        await board.show("end3", COUNCIL, reply("changed", tone="ok"))


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


async def test_a_newer_wish_is_sent_when_the_older_one_is_refused(desk: Desk) -> None:
    """An end that was wished while its progress was being refused is not lost with it."""

    class Meanwhile(FakeCourier):
        async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
            if reply.title == "progress":
                await desk.board.show("op:1", COUNCIL, Reply(topic="notice", title="end"))
            return await super().send(place, reply, key=key, loud=loud)

    desk.telegram = Meanwhile("telegram", edit_interval=4.0)
    desk.telegram.faults = [Rejected("telegram", "too long")]
    async with desk.open() as board:
        await board.show("op:1", COUNCIL, reply("progress"))
        await desk.settle()

    assert desk.telegram.text("op:1") == ["end"]
