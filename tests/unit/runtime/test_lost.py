"""What a former process left: told once, and not in anybody's way."""

from __future__ import annotations

from audit.journal import Orphan
from bot.runtime.lost import free_turns, lost_changes
from tgk.testing.clock import FakeClock
from tgk.testing.council import FakeLocks


async def test_turns_of_lost_deployments_are_freed_and_peoples_locks_stay() -> None:
    """A deployment that goes on keeps its turn, a person's lock is never touched."""
    locks = FakeLocks(FakeClock())
    await locks.acquire("deploying:staging", "lost", "deploys v1")
    await locks.acquire("deploying:production", "alive", "deploys v1")
    await locks.acquire("deploy:staging", "dana", "migration")

    held = {lock.key: lock.holder for lock in await locks.held()}
    await free_turns(locks, held, {"alive"})

    kept = {lock.key for lock in await locks.held()}
    assert {"deploying:production", "deploy:staging"} == kept


def test_the_council_is_told_which_changes_have_an_unknown_end() -> None:
    """Command, person, time and the id to look up."""
    orphan = Orphan("abcdefgh", "/scale", "dana", "council", "2026-01-15T12:00:00Z")

    _, place, reply = lost_changes([orphan])

    assert place.room == "council"
    assert "/scale" in reply.model_dump_json()
    assert "abcdef" in reply.model_dump_json()
