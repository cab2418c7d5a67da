"""Locks and the list of open questions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tgk.ports.board import Place
from tgk.testing.council import FakeLocks
from tgk.testing.notes import FakeNotes
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from tests.conftest import World
    from tgk.ports.council import Lock
    from tgk.testing.clock import FakeClock


async def test_a_lock_is_released_by_anybody_who_may_and_both_are_named(world: World) -> None:
    """The report says whose lock it was and who opened it."""
    await world.run("/lock staging database migration", "dana")
    outcome = await world.run("/unlock staging", "alex")
    again = await world.run("/unlock staging", "alex")

    assert outcome.result == "success"
    assert outcome.reply.plain is not None
    assert outcome.reply.plain.lines == ("Unlocked by: alex",)
    assert again.result == "invalid"


async def test_every_message_of_a_lock_says_when_it_is_open_again(world: World) -> None:
    """Where it was asked and where it was mirrored; none offers to unlock what is open."""
    here = Place(platform="discord", room="400000000000000009")
    locked = world.invocation("/lock staging database migration", "dana", origin=here)
    await world.dispatcher.run(locked)
    cards = world.board.keys

    await world.run("/unlock staging", "alex")

    assert 3 == len(cards)
    for key in cards:
        before, after = world.board.of(key)
        assert ["Unlock"] == [each.label for each in before.actions]
        assert ((), "off") == (after.actions, after.tone)
        assert "staging was locked for deployments" == after.title
        assert {"database migration", "dana", "alex"} <= set(after.model_dump_json().split('"'))
        assert not [each for each in world.board.shows if each.key == key][-1].loud


class UnhurriedLocks(FakeLocks):
    """Locks whose giving back takes a second."""

    async def release(self, key: str, holder: str | None = None) -> Lock | None:
        """Give it back after a while."""
        await self._clock.sleep(1)
        return await super().release(key, holder)


class UnhurriedNotes(FakeNotes):
    """Notes that take a second to be found."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    async def get(self, key: str) -> str | None:
        """Return what stood there a second ago."""
        found = await super().get(key)
        await self._clock.sleep(1)
        return found


async def test_two_who_unlock_at_once_say_the_same(world: World) -> None:
    """Whoever is second changes nothing on the messages, which platforms would refuse."""
    object.__setattr__(world.dispatcher.backends, "locks", UnhurriedLocks(world.clock))
    object.__setattr__(world.dispatcher.backends, "notes", UnhurriedNotes(world.clock))
    await world.run("/lock staging database migration", "dana")
    cards = world.board.keys

    both = await asyncio.gather(*(world.run("/unlock staging", "alex") for _ in range(2)))

    assert ["success", "success"] == [each.result for each in both]
    for key in cards:
        assert 3 == len(world.board.of(key))
        assert 1 == len({reply.model_dump_json() for reply in world.board.of(key)[1:]})


async def test_a_lock_that_is_taken_again_is_closed_in_both_places(world: World) -> None:
    """And only the messages of this lock are: those of the one before stay as they ended."""
    for reason in ("first reason", "second reason"):
        await world.run(f"/lock staging {reason}", "dana")
    both = world.board.keys
    await world.run("/unlock staging", "dana")
    closed = {key: len(world.board.of(key)) for key in both}
    await world.run("/lock staging another", "dana")
    await world.run("/unlock staging", "dana")

    assert [2] * 4 == [*closed.values()]
    assert closed == {key: len(world.board.of(key)) for key in both}


async def test_an_old_message_that_is_gone_is_not_put_up_again(world: World) -> None:
    """A lock that outlived its messages is unlocked without new ones in their place."""
    await world.run("/lock staging long winter", "dana")
    cards = world.board.keys
    world.board.refs.clear()
    await world.clock.sleep(40 * 86400)

    await world.run("/unlock staging", "dana")

    assert [1, 1] == [len(world.board.of(key)) for key in cards]


async def test_a_lock_needs_a_reason(world: World) -> None:
    """Whoever is refused later should know why."""
    outcome = await world.dispatcher.run(
        world.asked("lock", {"env": "staging", "reason": "x"}, world.caller("dana"))
    )

    assert outcome.result == "invalid"
    assert "reason" in outcome.reply.data["why"]


async def test_open_questions_are_listed_with_a_way_to_answer(world: World) -> None:
    """A council member who missed the card finds it again."""
    empty = await world.run("/approvals", "ana")
    running = asyncio.ensure_future(world.run("/deploy production v1.4.0", "dana", confirmed=True))
    while not world.approvals.asked:
        await asyncio.sleep(0)

    listed = await world.run("/approvals", "ana")
    running.cancel()

    assert empty.reply.title == "Nothing waits for the council"
    assert listed.reply.title == "1 question waits"
    assert ["approve"] == [action.command for action in listed.reply.actions]


async def test_an_unknown_question_is_refused(world: World) -> None:
    """An id mistyped does nothing."""
    outcome = await world.run("/approve nosuchid", "ana")

    assert outcome.result == "invalid"


async def test_a_voice_is_recorded_with_what_it_was_about(world: World) -> None:
    """So that the audit log tells the whole story of what was asked."""
    running = asyncio.ensure_future(world.run("/deploy production v1.4.0", "dana", confirmed=True))
    while not world.approvals.asked:
        await asyncio.sleep(0)
    asked = world.approvals.asked[0]

    await world.run(f"/approve {asked.id}", "ana")
    running.cancel()

    [voice] = [told for attempt, told in world.journal.conclusions if attempt.command == "/approve"]
    assert voice.links == {"question": asked.corr}


async def test_a_run_is_recorded_with_its_id(world: World) -> None:
    """Also where it was asked for as the current one."""
    world.dispatcher.backends = replace(
        world.dispatcher.backends, runs=FakeRuns(world.clock, ends_as="succeeded")
    )
    await world.run("/orchestrate run daily-backup", "dana")

    assert world.journal.last.links == {"workflow": "WF-2026-001"}
