"""Progress of reads by edits."""

from __future__ import annotations

from types import SimpleNamespace

import discord
import pytest

from bot.discord.progress import EDIT_SECONDS, Progress
from tgk.reply import Reply
from tgk.testing.clock import FakeClock


def reply(title: str) -> Reply:
    """Return a reply that only has a title."""
    return Reply(topic="logs", title=title)


async def test_edits_are_few_and_the_newest_wins() -> None:
    """Three changes at once are one edit; the next waits its time."""
    clock, edits = FakeClock(), []

    async def edit(shown: Reply) -> None:
        edits.append(shown.title)

    async with Progress(edit, clock) as progress:
        for title in "abc":
            await progress.show(reply(title))
        await clock.advance(0)
        await progress.show(reply("d"))
        await clock.advance(EDIT_SECONDS / 2)
        early = list(edits)
        await clock.advance(EDIT_SECONDS / 2)

    assert early == ["c"]
    assert edits == ["c", "d"]


async def test_an_edit_that_fails_does_not_stop_the_work() -> None:
    """What the platform refuses is tried again with the next change."""
    clock, edits = FakeClock(), []

    async def edit(shown: Reply) -> None:
        edits.append(shown.title)
        if shown.title == "a":
            raise discord.HTTPException(SimpleNamespace(status=500, reason="down"), "down")  # type: ignore[arg-type]

    async with Progress(edit, clock) as progress:
        await progress.show(reply("a"))
        await clock.advance(EDIT_SECONDS)
        await progress.show(reply("b"))
        await clock.advance(EDIT_SECONDS)

    assert edits == ["a", "b"]


async def test_a_fault_of_the_work_ends_the_edits() -> None:
    """Nothing goes on editing after the end."""
    clock, edits = FakeClock(), []

    async def edit(shown: Reply) -> None:
        edits.append(shown.title)

    async def work() -> None:
        async with Progress(edit, clock) as progress:
            await progress.show(reply("a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    await clock.advance(EDIT_SECONDS)

    assert edits == []
