"""What we rely on in the engine's library beyond its documents: a new version must keep it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from orchestration.dbos_import import Seldom, configuration, dbos
from orchestration.engine import Engine
from tgk.caller import Caller
from tgk.errors import Unavailable
from tgk.outcome import Outcome
from tgk.ports.operations import Operation
from tgk.reply import Reply
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from pathlib import Path

    from orchestration.engine import Perform
    from tgk.context import Show
    from tgk.ports.operations import Steps


def test_what_a_lost_process_left_can_be_asked_for() -> None:
    """The one call without a public word takes names of processes, and nothing else."""
    (taken,) = inspect.signature(dbos(sqlite=True).DBOS._recover_pending_workflows).parameters

    assert "executor_ids" == taken


def test_a_version_without_it_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And not on the day when a process is lost."""
    monkeypatch.setitem(sys.modules, "dbos", SimpleNamespace(DBOS=object()))  # type: ignore[arg-type] # a module for import

    with pytest.raises(Unavailable, match="_recover_pending_workflows") as refusal:
        dbos(sqlite=True)

    assert "constraints.txt" in refusal.value.remedy


def test_a_suspended_process_holds_nobody_up_in_the_librarys_tables(tmp_path: Path) -> None:
    """What it locked in the middle of a write is free again before its lease is over."""
    library = dbos(sqlite=False)
    settings = configuration(
        library, url="postgresql://h/d", file=tmp_path, version="1", executor="a", threads=1
    )

    assert settings.keys() <= library.DBOSConfig.__annotations__.keys()
    assert 0 < settings["sys_db_idle_transaction_timeout_sec"] <= 3


def test_what_it_says_again_and_again_is_heard_once_a_minute() -> None:
    """Of each kind: an outage of its database would else drown what everybody else says."""
    now = [0.0]
    seldom = Seldom(lambda: now[0])

    def heard(said: str) -> bool:
        record = logging.LogRecord("dbos", logging.WARNING, "-", 1, said, (), None)
        return seldom.filter(record)

    first = [heard("Database connection failed: (psycopg.OperationalError) Retrying in 1.2s"),
             heard("Database connection failed: (psycopg.OperationalError) Retrying in 3.4s"),
             heard("Exception polling schedules: Traceback")]  # fmt: skip
    now[0] = 61.0

    assert [True, False, True] == first
    assert heard("Exception polling schedules: Traceback")


async def test_only_what_the_named_process_left_is_taken_up_and_only_once(tmp_path: Path) -> None:
    """Asked for another name nothing happens; asked twice for the right one, it runs once more."""
    lives: list[str] = []
    through = asyncio.Event()

    def living(name: str) -> Perform:
        async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
            lives.append(name)
            await through.wait()
            return Outcome(result="success", reply=Reply(topic="scale", title="told"))

        return perform

    caller = Caller(person="dana", user_id="7000002", platform="telegram")
    asked = Operation(corr="one", command="scale", raw={}, caller=caller, delivery="one")
    lost, heir = (Engine(tmp_path, FakeClock(), executor=name) for name in ("lost", "heir"))
    await lost.start(living("lost"))
    asking = asyncio.ensure_future(lost.run(asked, _unseen))
    await _until(lambda: lives == ["lost"])
    await lost.stop(grace=0.05)
    await asyncio.wait({asking})

    await heir.start(living("heir"))
    await heir.adopt(_living("lost", "heir"))
    assert lives == ["lost"]
    for _ in range(2):
        await heir.adopt(_living("heir"))
        await _until(lambda: len(lives) == 2)
    through.set()
    ended = await heir.run(asked, _unseen)
    await heir.stop()

    assert ("told", ["lost", "heir"]) == (ended.reply.title, lives)


def _living(*names: str) -> Callable[[], Awaitable[Collection[str]]]:
    async def living() -> Collection[str]:
        return names

    return living


async def _unseen(reply: Reply) -> None:
    """Look away."""


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)
