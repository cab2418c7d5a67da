"""The board reaches the wished-for state over outages and limits, once each, in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tgk.errors import Rejected, Unavailable
from tgk.ports.board import MessageRef, Place
from tgk.reply import Reply
from tgk.testing.board import FakeCourier

if TYPE_CHECKING:
    from conftest import Desk

COUNCIL = Place(platform="telegram", room="council")
ALERTS = Place(platform="discord", room="#alerts")


def reply(title: str, **more: object) -> Reply:
    """Return a reply to tell apart."""
    return Reply.model_validate({"topic": "notice", "title": title, **more})


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


async def test_a_wish_that_changes_while_the_sending_is_noted_is_no_edit_of_the_same(
    desk: Desk,
) -> None:
    """Whatever the moment, a message is never changed to what it shows already."""
    async with desk.open() as board:
        for moment in range(60):
            key = f"op:{moment}"
            await board.show(f"first:{moment}", COUNCIL, reply("the lane is busy"))
            await board.show(key, COUNCIL, reply("old"))
            for _ in range(moment):
                await asyncio.sleep(0)
            await board.show(key, COUNCIL, reply("new"))
            await desk.settle()
        await desk.pass_time(10.0)

    shown = [[each.title for each in message.replies] for message in desk.telegram.messages]
    assert all(titles[-1] in ("new", "the lane is busy") for titles in shown)
    assert [] == [titles for titles in shown if len(set(titles)) < len(titles)]


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


async def test_a_question_to_people_overtakes_reports_that_wait(desk: Desk) -> None:
    """After a flood limit the council reads first what it must decide, then the rest in order."""
    desk.telegram.faults = [Unavailable("telegram", "flood", retry_after=30.0)]
    async with desk.open() as board:
        for key in ("report-1", "report-2", "approval:1:telegram:council", "report-3"):
            await board.show(key, COUNCIL, reply(key))
        await desk.pass_time(30.0)

    keys = [message.key for message in desk.telegram.messages]
    assert keys == ["approval:1:telegram:council", "report-1", "report-2", "report-3"]


async def test_what_may_have_arrived_is_found_before_a_question_is_sent(desk: Desk) -> None:
    """Otherwise the question could be taken for it and be overwritten."""
    desk.telegram.faults = [Unavailable("telegram", "timeout")]
    desk.telegram.lossy = True
    async with desk.open() as board:
        await board.show("report", COUNCIL, reply("report"))
        await desk.settle()
        await board.show("approval:1:telegram:council", COUNCIL, reply("question"))
        await desk.pass_time(5.0)
        await desk.pass_time(5.0)

    keys = [message.key for message in desk.telegram.messages]
    assert (keys, desk.telegram.finds) == (["report", "approval:1:telegram:council"], 1)


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


async def test_what_waits_for_a_mended_token_is_not_lost(desk: Desk) -> None:
    """A rejected token is the operator's to mend; the message is sent afterwards."""
    desk.telegram.faults = [Rejected("telegram", "the token was rejected", status=401)]
    async with desk.open() as board:
        await board.show("a", COUNCIL, reply("a"))
        await desk.settle()
        waiting, given_up = desk.telegram.text("a"), board.given_up
        await desk.pass_time(10.0)

    assert (waiting, given_up) == ([], 0)
    assert desk.telegram.text("a") == ["a"]


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


async def test_too_much_progress_is_dropped_and_ends_are_kept(desk: Desk) -> None:
    """A full place loses the oldest messages that only tell of progress."""
    desk.backlog = 5
    desk.telegram.faults = [Unavailable("telegram", "down", retry_after=60.0)]
    async with desk.open() as board:
        for number in range(4):
            await board.show(f"end{number}", COUNCIL, reply("end", tone="ok"))
        for number in range(4):
            await board.show(f"run{number}", COUNCIL, reply("run", tone="running"))
        await desk.pass_time(60.0)

    sent = [message.key for message in desk.telegram.messages]
    assert sent == ["end0", "end1", "end2", "end3", "run3"]


async def test_a_place_with_far_too_many_messages_refuses_more(desk: Desk) -> None:
    """The backlog is bounded even when nothing in it may be dropped."""
    desk.backlog = 1
    desk.telegram.faults = [Unavailable("telegram", "down", retry_after=60.0)]
    async with desk.open() as board:
        for number in range(10):
            await board.show(f"end{number}", COUNCIL, reply("end", tone="ok"))
        with pytest.raises(Unavailable, match="10 messages wait"):
            await board.show("one more", COUNCIL, reply("end", tone="ok"))
        await board.show("end3", COUNCIL, reply("changed", tone="ok"))


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


async def test_a_row_of_new_messages_does_not_starve_an_edit(desk: Desk) -> None:
    """When both are due they take turns."""
    order: list[str] = []

    class Noting(FakeCourier):
        async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
            ref = await super().send(place, reply, key=key, loud=loud)
            order.append(key)
            return ref

        async def edit(self, ref: MessageRef, reply: Reply) -> None:
            await super().edit(ref, reply)
            order.append(reply.title)

    desk.telegram = Noting("telegram")
    async with desk.open() as board:
        await board.show("op:1", COUNCIL, reply("working"))
        await desk.settle()
        desk.telegram.faults = [Unavailable("telegram", "flood", retry_after=10.0)]
        for number in range(5):
            await board.show(f"k{number}", COUNCIL, reply(str(number)))
        await desk.settle()
        await board.show("op:1", COUNCIL, reply("done"))
        await desk.pass_time(10.0)

    assert "done" in order[1:3]
    assert [key for key in order if key != "done"] == ["op:1", "k0", "k1", "k2", "k3", "k4"]
