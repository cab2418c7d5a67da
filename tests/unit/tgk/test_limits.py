"""What one person may ask for in a minute, whether it can be read or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tgk.errors import InvalidRequest, RateLimited
from tgk.limits import COMPLETIONS_PER_MINUTE

if TYPE_CHECKING:
    from tests.conftest import World

REST = 60.0


def spend(world: World, person: str, left: int) -> None:
    """Use up what somebody may ask for, but for so many."""
    for _ in range(world.discovery.limits.per_minute - left):
        world.dispatcher.admission.count(world.invocation("/whoami", person))


@pytest.mark.parametrize("name", ["whoami", "status", "nonsense"])
async def test_every_attempt_counts_whether_it_can_be_read_or_not(world: World, name: str) -> None:
    """Wrong arguments and unknown names are no way around the limit."""
    spend(world, "devi", left=1)

    last = await world.dispatcher.run(world.asked(name, {}, world.caller("devi")))
    late = await world.run("/whoami", "devi")

    assert last.reply.data.get("error") != "RateLimited"
    assert late.reply.data["error"] == "RateLimited"


async def test_a_line_that_a_surface_could_not_read_counts(world: World) -> None:
    """The answer turns from what is wrong with the line into how long to wait."""
    spend(world, "devi", left=1)
    unread = world.invocation("/whoami", "devi")
    fault = InvalidRequest("status", ())

    first = await world.dispatcher.refuse(unread, fault)
    second = await world.dispatcher.refuse(unread, fault)
    other = await world.run("/whoami", "vik")

    assert first.reply.data["error"] == "InvalidRequest"
    assert second.reply.data["error"] == "RateLimited"
    assert other.result == "success"


async def test_whoever_is_stopped_hears_for_how_long(world: World) -> None:
    """To the second, and never less than one."""
    per_minute = world.discovery.limits.per_minute
    spend(world, "devi", left=0)

    early = await world.run("/whoami", "devi")
    await world.clock.sleep(60 / per_minute - 0.1)
    late = await world.run("/whoami", "devi")

    assert f"Try again in {round(60 / per_minute)} s." in str(early.reply.blocks)
    assert "Try again in 1 s." in str(late.reply.blocks)


async def test_completion_is_bounded_and_takes_nothing_from_commands(world: World) -> None:
    """A loop gets no values any more; the command itself still runs, and a pause helps."""
    view = world.dispatcher.view(world.invocation("/whoami", "devi"))

    async def complete() -> tuple[str, ...]:
        return await view.complete("status", "service", "", {})

    for _ in range(COMPLETIONS_PER_MINUTE):
        assert await complete()
    with pytest.raises(RateLimited):
        await complete()
    ran = await world.run("/whoami", "devi")
    await world.clock.sleep(REST)

    assert ran.result == "success"
    assert await complete()
