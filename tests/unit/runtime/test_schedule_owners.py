"""Who starts what is scheduled: its owner, with the rights of the moment and no others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.unit.runtime.test_timetable import NOON, life, nightly, passed, reached, views
from tests.unit.runtime.test_timetable import shelf as _shelf
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.caller import Caller
    from tgk.ports.schedules import Schedule

shelf = _shelf
RELEASE_MGR = "200000000000000002"
ZOE = "300000000000000042"


def zoes(world: World) -> Schedule:
    """Return a schedule of somebody who may run playbooks by a role on Discord alone."""
    held = frozenset({RELEASE_MGR})
    zoe = world.policy.directory.resolve("discord", ZOE, name="zoe", channel="#prs", groups=held)
    return nightly(world).model_copy(update={"owner": zoe})


def stranger(world: World) -> Caller:
    """Return somebody as they were known before they were taken out of the policy."""
    return world.caller("dana").model_copy(update={"person": "gone", "user_id": "7999999"})


async def test_who_still_has_the_role_is_the_owner_as_before(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """The platform is asked at each start."""
    clock = FakeClock(NOON)
    world.groups.table[ZOE] = frozenset({RELEASE_MGR})
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(zoes(world))
        await passed(schedules, clock, 2026, 1, 16, 2)

    assert [ZOE] == [view.starter.user_id for view in views(world)]
    assert [ZOE] == world.groups.asked


@pytest.mark.parametrize("owner", ["demoted", "deleted"])
async def test_who_lost_what_let_them_starts_nothing_and_people_are_told(
    world: World, shelf: Path, tmp_path: Path, owner: str
) -> None:
    """Refused and recorded at each time, as what they are now; the schedule itself stays."""
    clock, lost = FakeClock(NOON), zoes(world)
    if owner == "deleted":
        lost = nightly(world).model_copy(update={"owner": stranger(world)})
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(lost)
        for day in (16, 17):
            await passed(schedules, clock, 2026, 1, day, 2)
        kept = await schedules.get("nightly")

    assert [] == views(world)
    assert ["denied"] * 2 == world.journal.results("/orchestrate run")
    assert ["#alerts"] * 2 == [shown.place.room for shown in world.board.shows]
    card = world.board.shows[0].reply
    assert "tidy was not started at 02:00 UTC" == card.title
    assert {"name": "nightly", "disable": True} == card.actions[0].arguments
    assert kept.next == datetime(2026, 1, 18, 2, tzinfo=UTC)


async def test_a_platform_that_cannot_be_asked_costs_no_start(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """It is started once the platform answers again; nothing is guessed meanwhile."""
    clock = FakeClock(NOON)
    world.groups.table[ZOE], world.groups.broken = frozenset({RELEASE_MGR}), "It is away."
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(zoes(world))
        clock.jump(datetime(2026, 1, 16, 2, tzinfo=UTC))
        await reached(clock, lambda: len(world.groups.asked) > 1)
        assert ([], []) == (views(world), world.journal.results("/orchestrate run"))

        world.groups.broken = ""
        await reached(clock, lambda: 1 == len(views(world)))


async def test_a_platform_that_is_off_vouches_for_nobody(
    world: World, shelf: Path, tmp_path: Path
) -> None:
    """What nobody can check is refused, with the reason on the card."""
    clock, owned = FakeClock(NOON), zoes(world)
    claims = frozenset({"console:role:1"})
    owner = owned.owner.model_copy(update={"platform": "console", "principals": claims})
    async with life(world, tmp_path, clock) as schedules:
        await schedules.put(owned.model_copy(update={"owner": owner}))
        await passed(schedules, clock, 2026, 1, 16, 2)

    (told,) = world.board.shows
    assert ([], ["denied"]) == (views(world), world.journal.results("/orchestrate run"))
    assert "console is off" in str(told.reply.blocks)
