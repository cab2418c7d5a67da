"""What every implementation of Locks promises."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestration.locks import StoredLocks
from orchestration.store import Store
from tests.stores import KINDS, place
from tgk.errors import Locked
from tgk.testing.clock import FakeClock
from tgk.testing.council import FakeLocks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tgk.ports.council import Locks

PRODUCTION = "deploy:production"


@pytest.fixture
def clock() -> FakeClock:
    """Return the time that locks are dated by."""
    return FakeClock()


@pytest.fixture(params=["fake", *KINDS])
async def locks(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Locks]:
    """Give each implementation in turn."""
    if request.param == "fake":
        yield FakeLocks(clock)
        return
    async with Store(place(request.param, request, tmp_path)) as store:
        yield StoredLocks(store, clock)


async def test_a_lock_has_one_holder(locks: Locks) -> None:
    """The second who asks is told who has it and why."""
    lock = await locks.acquire(PRODUCTION, "dana", "release 1.4")

    with pytest.raises(Locked) as refusal:
        await locks.acquire(PRODUCTION, "devi", "hotfix")

    assert ("dana", "release 1.4", lock.since) == (
        refusal.value.holder,
        refusal.value.reason,
        refusal.value.since,
    )


async def test_of_two_who_ask_at_once_one_gets_it(locks: Locks) -> None:
    """Nobody shares a lock."""
    asked = (locks.acquire(PRODUCTION, who, "now") for who in ("dana", "devi", "ana"))
    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["Lock", "Locked", "Locked"]


async def test_the_holder_keeps_the_lock_as_it_was(locks: Locks, clock: FakeClock) -> None:
    """Asking again, as after a restart, neither fails nor changes its date."""
    first = await locks.acquire(PRODUCTION, "dana", "release 1.4")
    await clock.advance(60)

    assert first == await locks.acquire(PRODUCTION, "dana", "again")


async def test_only_the_holder_or_an_unnamed_one_gives_it_back(locks: Locks) -> None:
    """A release by somebody else changes nothing; a forced one names nobody."""
    lock = await locks.acquire(PRODUCTION, "dana", "release 1.4")

    assert await locks.release(PRODUCTION, "devi") is None
    assert await locks.holder(PRODUCTION) == lock
    assert await locks.release(PRODUCTION) == lock
    assert await locks.holder(PRODUCTION) is None
    assert await locks.release(PRODUCTION, "dana") is None


async def test_a_released_lock_can_be_taken(locks: Locks) -> None:
    """The holder gives it back, the next one takes it."""
    await locks.acquire(PRODUCTION, "dana", "release 1.4")
    await locks.release(PRODUCTION, "dana")

    assert (await locks.acquire(PRODUCTION, "devi", "hotfix")).holder == "devi"


async def test_held_locks_are_listed_oldest_first(locks: Locks, clock: FakeClock) -> None:
    """The list is in the order of their taking."""
    for key in ("deploy:staging", "deploy:production", "deploy:development"):
        await locks.acquire(key, "dana", "freeze")
        await clock.advance(1)

    assert [lock.key for lock in await locks.held()] == [
        "deploy:staging",
        "deploy:production",
        "deploy:development",
    ]
