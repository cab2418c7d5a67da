"""The real engine of playbooks in front of the simulated world, in this process and quickly."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.runtime.playbooks import folders
from orchestration.carrier import RunCarrier
from orchestration.engine import Engine
from orchestration.locks import StoredLocks
from orchestration.runs.heralds import Heralds
from orchestration.runs.runs import DurableRuns
from orchestration.runs.shelf import FolderPlaybooks
from orchestration.runs.staging import Parts
from orchestration.store import Store
from tests.conftest import ROOT
from tests.simulated_backends import QuickClock, outside
from tgk.dispatcher import Dispatcher
from tgk.renewal import Renewal
from tgk.testing.council import FakeApprovals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sandbox.operations import OperationsEmulator
    from sandbox.world import World as SimulatedWorld
    from tests.conftest import World
    from tgk.outcome import Outcome

SPEED = 60.0
SERVICES = ("event-gateway", "discord-ops-bot", "valoryield-engine", "refinory-api")


@dataclass
class Stage:
    """The simulated world, and the whole core in front of it."""

    world: World
    simulated: SimulatedWorld
    service: OperationsEmulator
    dispatcher: Dispatcher
    approvals: FakeApprovals

    async def run(self, playbook: str, parameters: str = "", **more: Any) -> dict[str, Any]:
        """Run a playbook as dana, to its end; returns its view."""
        raw = {"playbook": playbook, "parameters": parameters, **more}
        asked = self.world.asked("orchestrate run", raw, self.world.caller("dana"))
        async with asyncio.timeout(50):
            outcome: Outcome = await self.dispatcher.run(asked)
        data = outcome.reply.data
        assert "steps" in data, outcome.reply
        assert (outcome.result == "success") == (data["state"] == "succeeded")
        return data

    async def does(self, line: str) -> None:
        """Prepare something by a command."""
        outcome = await self.dispatcher.run(self.world.invocation(line, "dana"))
        assert outcome.result == "success", outcome.reply

    def versions(self, environment: str) -> set[str]:
        """Return what runs somewhere."""
        return {self.simulated.units[environment, name].version for name in SERVICES}

    @property
    def told(self) -> list[str]:
        """What the team was told."""
        return self.service.messages


@pytest.fixture
async def stage(
    world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Stage]:
    """Emulators of everything that providers reach, and the core with its engine on SQLite."""
    clock = QuickClock(getattr(request, "param", SPEED))
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(outside(world, clock, tmp_path))
        store = await stack.enter_async_context(Store(tmp_path / "tgk.sqlite"))
        engine = Engine(tmp_path, clock)
        locks, approvals = StoredLocks(store, clock), FakeApprovals(clock, answer=True)
        runs = DurableRuns(
            Parts(
                store=store, clock=clock, carrier=RunCarrier(engine), approvals=approvals,
                playbooks=FolderPlaybooks([each.path for each in folders(ROOT, tmp_path)]),
                locks=locks, heralds=Heralds(), journal=world.journal,
                council=("ana", "ben", "chi"),
            )
        )  # fmt: skip
        backends = replace(
            world.dispatcher.backends, approvals=approvals, runs=runs, locks=locks, **found.backends
        )
        dispatcher = Dispatcher(
            admission=world.dispatcher.admission, journal=world.journal, operations=engine,
            backends=backends, clock=clock,
            renew=Renewal(world.policy.directory, {"discord": world.groups}), grants=runs.grants,
        )  # fmt: skip
        runs.bind(dispatcher)
        await engine.start(dispatcher.perform)
        stack.push_async_callback(engine.stop)
        duties = await stack.enter_async_context(asyncio.TaskGroup())
        duty = duties.create_task(runs.run())
        stack.callback(duty.cancel)
        yield Stage(world, found.simulated, found.service, dispatcher, approvals)
