"""Playbooks for the process: where they lie, and the clock that starts the scheduled ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from loguru import logger

from orchestration.shelf.files import Files, Folder
from orchestration.shelf.shelf import Shelf
from tgk.context import Invocation
from tgk.errors import Unavailable
from tgk.pairs import written_pairs
from tgk.recording import correlation

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from orchestration.engine import Engine
    from orchestration.schedules import StoredSchedules
    from orchestration.shelf.outside import Outside
    from tgk.admission import Admission
    from tgk.dispatcher import Dispatcher
    from tgk.outcome import Outcome
    from tgk.ports.schedules import Schedule

_LOOK_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 30.0


def folders(root: Path, state: Path) -> tuple[Folder, ...]:
    """Return where playbooks that may run lie; the first that has a name wins."""
    return (
        Folder(state / "playbooks", "own", writable=True),
        Folder(root / "playbooks", "own", writable=True),
        Folder(root / "playbooks" / "library", "library"),
    )


def shelf_of(
    root: Path, state: Path, admission: Admission, outside: Outside | None = None
) -> Shelf:
    """Return the shelf; drafts lie apart from what may run."""
    published = state / "playbooks"
    files = Files(folders(root, state), drafts=state / "drafts", published=published)
    return Shelf(files, root / "playbooks" / "templates", admission, outside)


class Timetable:
    """Starts what is scheduled, as its owner; ``run`` must be owned by the process."""

    def __init__(self, schedules: StoredSchedules, dispatcher: Dispatcher, engine: Engine) -> None:
        self._schedules = schedules
        self._dispatcher = dispatcher
        self._engine = engine
        self._group = asyncio.TaskGroup()

    async def run(self) -> Never:
        """Start what is due, until cancelled."""
        async with self._group:
            await self._schedules.run(self._start)
        raise AssertionError  # pragma: no cover - the watch never ends by itself

    async def _start(self, schedule: Schedule, due: datetime) -> None:
        """Return once the run is durable, or was refused; raises Unavailable to be asked again."""
        delivery = f"schedule:{schedule.name}:{due:%Y-%m-%dT%H:%M}"
        corr = correlation(delivery)
        running = self._group.create_task(self._dispatched(schedule, delivery))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not running.done() and corr not in await self._engine.pending():
                await asyncio.wait({running}, timeout=_LOOK_SECONDS)
        if running.done() and running.result().result == "unavailable":
            raise Unavailable("the engine", "The run could not begin.")

    async def _dispatched(self, schedule: Schedule, delivery: str) -> Outcome:
        given: dict[str, object] = {"playbook": schedule.playbook}
        if schedule.parameters:
            given["parameters"] = written_pairs(schedule.parameters)
        if schedule.environment:
            given["environment"] = schedule.environment
        invocation = Invocation(
            name="orchestrate run",
            raw=given,
            caller=schedule.owner.model_copy(update={"channel": "schedule"}),
            delivery=delivery,
            door="playbook",
            confirmed=True,
        )
        outcome = await self._dispatcher.run(invocation)
        logger.bind(schedule=schedule.name, result=outcome.result).info("scheduled run ended")
        return outcome
