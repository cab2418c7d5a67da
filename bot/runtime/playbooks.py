"""Playbooks for the process: where they lie, and the clock that starts the scheduled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from bot.runtime.launching import invocation_of
from orchestration.shelf.files import Files
from orchestration.shelf.reading import Folder
from orchestration.shelf.shelf import Shelf
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.runtime.launching import Launcher
    from orchestration.schedules import StoredSchedules
    from orchestration.shelf.outside import Outside
    from tgk.admission import Admission
    from tgk.ports.schedules import Schedule


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

    def __init__(self, schedules: StoredSchedules, launcher: Launcher) -> None:
        self._schedules = schedules
        self._launcher = launcher

    async def run(self) -> Never:
        """Start what is due, until cancelled."""
        async with self._launcher:
            await self._schedules.run(self._start)
        raise AssertionError  # pragma: no cover - the watch never ends by itself

    async def _start(self, schedule: Schedule, due: datetime) -> None:
        """Return once the run is durable, or was refused; raises Unavailable to be asked again."""
        invocation = invocation_of(
            schedule.playbook,
            schedule.parameters,
            schedule.owner.model_copy(update={"channel": "schedule"}),
            f"schedule:{schedule.name}:{due:%Y-%m-%dT%H:%M}",
            environment=schedule.environment,
        )
        outcome = (await self._launcher.launch(invocation)).outcome
        if outcome and outcome.result == "unavailable":
            raise Unavailable("the engine", "The run could not begin.")
