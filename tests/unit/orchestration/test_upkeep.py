"""Old state goes away by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestration.approvals import KEPT_SECONDS, StoredApprovals
from orchestration.buttons import REMEMBERED_SECONDS as REMEMBERED_BUTTON_SECONDS
from orchestration.buttons import StoredButtons
from orchestration.deliveries import REMEMBERED_SECONDS, StoredDeliveries
from orchestration.store import Store
from orchestration.upkeep import EVERY_SECONDS, keep_tidy
from tgk.errors import Missing, Unavailable
from tgk.ports.council import Approval
from tgk.reply import Action
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


async def test_chores_are_done_every_hour_although_one_fails() -> None:
    """A chore that cannot be done now neither stops the others nor is given up."""
    clock, done = FakeClock(), []

    async def broken() -> int:
        done.append("broken")
        raise Unavailable("store", "disk full")

    async def working() -> int:
        done.append("working")
        return 1

    async with asyncio.TaskGroup() as group:
        owner = group.create_task(keep_tidy(clock, {"broken": broken, "working": working}))
        await clock.advance(0)
        await clock.advance(EVERY_SECONDS)
        owner.cancel()

    assert done == ["broken", "working"] * 2


async def test_only_long_expired_buttons_are_forgotten(tmp_path: Path) -> None:
    """A living one still works after the purge; one that expired lately is still known as such."""
    clock = FakeClock()
    async with Store(tmp_path / "tgk.sqlite") as store:
        buttons = StoredButtons(store, clock)
        _, late, living = await buttons.mint(
            [
                Action(label="a", command="a", lifetime=10),
                Action(label="b", command="b", lifetime=20),
                Action(label="c", command="c", lifetime=8 * 86400),
            ]
        )
        await clock.advance(REMEMBERED_BUTTON_SECONDS + 11)

        assert await buttons.purge() == 1
        assert await buttons.expired(late) is not None
        assert await buttons.find(living) is not None


async def test_only_handled_deliveries_are_forgotten(tmp_path: Path) -> None:
    """What still waits is kept however old it is; what was handled lately is still recognised."""
    clock = FakeClock()
    async with Store(tmp_path / "tgk.sqlite") as store:
        deliveries = StoredDeliveries(store, clock)
        await deliveries.accept("telegram", [("1", b"a"), ("2", b"b")])
        await deliveries.done("telegram", "1")
        await clock.advance(REMEMBERED_SECONDS + 1)
        await deliveries.accept("telegram", [("3", b"c")])
        await deliveries.done("telegram", "3")

        assert await deliveries.purge() == 1
        assert await deliveries.waiting("telegram") == [("2", b"b")]
        assert await deliveries.accept("telegram", [("3", b"c")]) == []


async def test_only_questions_that_ended_long_ago_are_forgotten(tmp_path: Path) -> None:
    """What was decided a month ago goes; what ended lately and what still waits is kept."""
    clock = FakeClock()

    def asked(name: str, days: float) -> Approval:
        return Approval(
            id=name,
            corr=name,
            title=name,
            requester="dana",
            members=("ana",),
            needed=1,
            digest="d",
            asked_at=clock.now(),
            expires_at=clock.now() + timedelta(days=days),
        )

    async with Store(tmp_path / "tgk.sqlite") as store:
        approvals = StoredApprovals(store, FakeBoard(), clock, ())
        for name, days in (("old", 1), ("late", 2), ("waits", 60)):
            await approvals.ask(asked(name, days))
        await clock.advance(3 * 86400)
        ended = [(await approvals.decided(name)).state for name in ("old", "late")]
        await clock.advance(KEPT_SECONDS - 2 * 86400)

        forgotten = await approvals.purge()
        waiting = [each.id for each in await approvals.open()]
        late = await approvals.decided("late")
        with pytest.raises(Missing):
            await approvals.decided("old")

    assert ended == ["expired", "expired"]
    assert (forgotten, waiting, late.state) == (1, ["waits"], "expired")
