"""Runs as the tests of verbs want them: there already, ended at once, or awaited."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tgk.ports.runs import RunRequest, RunView, StepView
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import World
    from tgk.outcome import Outcome


def ending(world: World, state: str = "succeeded") -> FakeRuns:
    """Let every run end the moment it is started."""
    made = FakeRuns(world.clock, ends_as=state)
    world.dispatcher.backends = replace(world.dispatcher.backends, runs=made)
    return made


def put(world: World, run: str = "WF-2026-001", **more: Any) -> RunView:
    """Let a run exist: dana's, of canary, two minutes old, its first step done."""
    now = world.clock.now()
    steps = (
        StepView(path="deploy", name="deploy", kind="command", state="succeeded", attempt=2,
                 attempts=3, began=now - timedelta(seconds=100), ended=now, note="well",
                 reference="abc123"),
        StepView(path="verify", name="verify", kind="command", state="failed", attempt=1,
                 note="2 tests failed"),
    )  # fmt: skip
    facts: dict[str, Any] = {
        "id": run, "playbook": "canary", "digest": "0" * 64, "state": "running",
        "request": RunRequest(playbook="canary"), "starter": world.caller("dana"),
        "asked": now - timedelta(seconds=120), "began": now - timedelta(seconds=110),
        "parameters": {"version": "v1.4.0"}, "steps": steps,
    }  # fmt: skip
    return world.runs.put(RunView(**{**facts, **more}))


def labels(outcome: Outcome) -> list[str]:
    """Return the words on the buttons."""
    return [action.label for action in outcome.reply.actions]


async def until(so: Callable[[], Any]) -> None:
    """Let the others act until it is so."""
    async with asyncio.timeout(5):
        while not so():
            await asyncio.sleep(0)
