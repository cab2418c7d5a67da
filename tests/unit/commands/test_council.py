"""Locks and the list of open questions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import World


async def test_a_lock_is_released_by_anybody_who_may_and_both_are_named(world: World) -> None:
    """The report says whose lock it was and who opened it."""
    await world.run("/lock staging database migration", "dana")
    outcome = await world.run("/unlock staging", "alex")
    again = await world.run("/unlock staging", "alex")

    assert outcome.result == "success"
    assert outcome.reply.plain is not None
    assert outcome.reply.plain.lines == ("Unlocked by: alex",)
    assert again.result == "invalid"


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
    assert ["approve"] == [action.command for action in listed.reply.actions]


async def test_an_unknown_question_is_refused(world: World) -> None:
    """An id mistyped does nothing."""
    outcome = await world.run("/approve nosuchid", "ana")

    assert outcome.result == "invalid"
