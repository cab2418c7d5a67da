"""What two processes on one database see of each other: wishes, votes, and words about runs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.runtime.clock import SystemClock
from orchestration.approvals import StoredApprovals
from orchestration.board import DurableBoard
from orchestration.locks import StoredLocks
from orchestration.runs.heralds import Heralds
from orchestration.runs.runs import DurableRuns
from orchestration.runs.shelf import FolderPlaybooks
from orchestration.runs.staging import Parts
from orchestration.store import Store
from orchestration.store_postgres import PostgresDatabase
from tests.unit.runs.runs_world import BEN, world
from tgk.ports.board import Place
from tgk.ports.council import Approval
from tgk.reply import Reply
from tgk.testing.board import FakeBoard, FakeCourier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tgk.ports.runs import RunView

COUNCIL, PRS = Place(platform="telegram", room="council"), Place(platform="discord", room="#prs")
SOON = 4.0


class Elsewhere:
    """A carrier of a process that plays nothing itself."""

    async def begin(self, run: str) -> None:
        """Leave it to others."""

    def plays(self, play: Any) -> None:
        """Play nothing."""

    async def permit(self) -> None:
        """Nothing is done here."""

    async def withdraw(self, delivery: str, why: str) -> None:
        """Nothing is under way here."""


async def soon(holds: Callable[[], bool]) -> None:
    """Wait for what another process does; it comes by news, not by the hour."""
    async with asyncio.timeout(SOON):
        while not holds():
            await asyncio.sleep(0.01)


def last(courier: FakeCourier) -> str:
    """Return what the one message shows."""
    return courier.messages[0].replies[-1].title if courier.messages else ""


def state_of_other(connection: Any) -> str:
    """Return what has become of a message."""
    question = "SELECT state FROM messages WHERE key = 'other'"
    return str(connection.execute(question).fetchone()[0])


@asynccontextmanager
async def stores(url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Open the stores of two processes."""
    async with Store(PostgresDatabase(url)) as one, Store(PostgresDatabase(url)) as other:
        yield one, other


async def test_what_a_worker_wishes_for_the_bot_posts(postgres: str) -> None:
    """At once and in order, edits included; a platform that is off is noted by the bot."""
    courier = FakeCourier()
    async with (
        stores(postgres) as (ours, theirs),
        DurableBoard(theirs, [courier], SystemClock()) as bot,
        DurableBoard(ours, [], SystemClock(), remote=True) as worker,
    ):
        for title in ("begun", "half", "ended"):
            await worker.show("run", COUNCIL, Reply(topic="notice", title=title))
        await soon(
            lambda: bool(courier.messages) and courier.messages[0].replies[-1].title == "ended"
        )
        await worker.show("other", PRS, Reply(topic="notice", title="to nobody"))
        await bot.show("run", COUNCIL, Reply(topic="notice", title="seen"))
        await soon(lambda: last(courier) == "seen")
        ref = await worker.ref("run")
        async with asyncio.timeout(SOON):
            while await ours.read(state_of_other) != "failed":
                await asyncio.sleep(0.01)

    assert (len(courier.messages), worker.depths()) == (1, {})
    assert ref == courier.messages[0].ref


async def test_a_vote_in_one_process_wakes_who_waits_in_another(postgres: str) -> None:
    """The worker asks; the member answers where the bot is."""
    clock = SystemClock()
    async with stores(postgres) as (ours, theirs):
        worker = StoredApprovals(ours, FakeBoard(), clock, [COUNCIL])
        bot = StoredApprovals(theirs, FakeBoard(), clock, [COUNCIL])
        now = clock.now()
        await worker.ask(
            Approval(
                id="a1", corr="c", title="Go?", requester="dana", members=("ben",), needed=1,
                digest="d", asked_at=now, expires_at=now + timedelta(hours=1),
            )
        )  # fmt: skip
        waiting = asyncio.ensure_future(worker.decided("a1"))
        await asyncio.sleep(0)
        await bot.vote("a1", BEN, approve=True)
        async with asyncio.timeout(SOON):
            verdict = await waiting

    assert verdict.state == "approved"


@pytest.mark.parametrize("words", [1, 2])
async def test_a_run_heeds_what_is_said_in_another_process(
    tmp_path: Path, postgres: str, words: int
) -> None:
    """Paused, resumed, declared over: the body stops, said again its last words too."""
    playing = world(tmp_path, url=postgres, clock=SystemClock())
    seen: list[str] = []

    async def watch(view: RunView) -> None:
        seen.append(view.state)

    async with playing.open(), Store(PostgresDatabase(postgres)) as store:
        playing.effects.held.update({"b": asyncio.Event(), "tidied": asyncio.Event()})
        parts = Parts(
            store=store,
            clock=playing.clock,
            playbooks=FolderPlaybooks([playing.shelf]),
            carrier=Elsewhere(),
            approvals=playing.approvals,
            locks=StoredLocks(store, playing.clock),
            heralds=Heralds(),
            journal=playing.journal,
        )
        bot = DurableRuns(parts)
        started = await playing.start(
            "name: story\nsteps: [/mark a, /mark b]\nfinally: [/mark tidied]\n"
        )
        ended = asyncio.ensure_future(bot.ended(started.id, watch))
        await soon(lambda: "b" in playing.effects.running)
        for number in range(words):
            await bot.complete(started.id, who="dana", reason="enough")
            await soon(lambda: "tidied" in playing.effects.running or number == 1)  # noqa: B023 - now
        if words == 1:
            playing.effects.held.pop("tidied").set()
        async with asyncio.timeout(SOON + 2):
            view = await ended

    assert (view.state, view.reason) == ("forced", "dana: enough")
    assert playing.effects.stopped == ["b", "tidied"][:words]
    assert seen[-1] == "forced"
