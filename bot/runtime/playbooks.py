"""Playbooks for the process: where they lie, and the schedules that they keep themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Never

from loguru import logger

from orchestration.shelf.files import Files
from orchestration.shelf.reading import Folder
from orchestration.shelf.shelf import Shelf
from orchestration.triggers.starts import SERVICE, service_of, timed
from tgk.errors import ConfigurationInvalid, Missing, TgkError
from tgk.ports.schedules import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from orchestration.runs.ports import Playbooks
    from orchestration.runs.voters import Electorate
    from orchestration.schedules import StoredSchedules
    from orchestration.shelf.outside import Outside
    from tgk.admission import Admission
    from tgk.guard import Directory
    from tgk.ports.time import Clock

LOOK_SECONDS: Final = 60.0


def folders(root: Path, state: Path) -> tuple[Folder, ...]:
    """Return where playbooks that may run lie; the first that has a name wins."""
    return (
        Folder(state / "playbooks", "own", writable=True),
        Folder(root / "playbooks", "own", writable=True),
        Folder(root / "playbooks" / "library", "library"),
    )


def shelf_of(
    root: Path,
    state: Path,
    admission: Admission,
    outside: Outside | None = None,
    directory: Directory | None = None,
    *,
    electorate: Electorate | None = None,
) -> Shelf:
    """Return the shelf; drafts lie apart from what may run.

    With a directory, what the playbooks' own triggers may do is looked at as well; with an
    electorate, whether enough people could say yes.
    """
    published = state / "playbooks"
    files = Files(folders(root, state), drafts=state / "drafts", published=published)
    return Shelf(
        files,
        root / "playbooks" / "templates",
        admission,
        outside,
        directory,
        electorate=electorate,
    )


class StandingSchedules:
    """Keeps one schedule for each trigger of that kind of playbooks that may start by themselves.

    Its owner is the playbook's own service. People may switch it off, which stays; what they
    delete comes again, and it goes when its trigger does. ``run`` must be owned by the process.
    """

    def __init__(
        self,
        schedules: StoredSchedules,
        playbooks: Playbooks,
        directory: Directory,
        *,
        allowed: Collection[str],
        clock: Clock,
    ) -> None:
        self._schedules = schedules
        self._playbooks = playbooks
        self._directory = directory
        self._allowed = tuple(allowed)
        self._clock = clock

    async def run(self) -> Never:
        """Look at the playbooks every minute, until cancelled."""
        while True:
            try:
                await self.settle()
            except TgkError as error:
                logger.warning("schedules of playbooks not kept: {}", error)
            await self._clock.sleep(LOOK_SECONDS)

    async def settle(self) -> None:
        """Bring the schedules to what the playbooks say now."""
        wanted, unread = self._wanted()
        standing = {each.name: each for each in await self._schedules.listed()}
        for name, schedule in standing.items():
            if _is_ours(schedule) and name not in wanted and schedule.playbook not in unread:
                await self._schedules.delete(name)
        for name, schedule in wanted.items():
            known = standing.get(name)
            if known is not None and not _is_ours(known):
                logger.bind(schedule=name).warning("a schedule of that name is somebody's own")
            elif known is None or _says(known) != _says(schedule):
                enabled = known.enabled if known else True
                await self._schedules.put(schedule.model_copy(update={"enabled": enabled}))

    def _wanted(self) -> tuple[dict[str, Schedule], frozenset[str]]:
        """Return what there should be, and the playbooks that cannot be read now."""
        found: dict[str, Schedule] = {}
        unread = set()
        for name in self._allowed:
            try:
                times = timed(self._playbooks.get(name))
            except (Missing, ConfigurationInvalid) as error:
                logger.bind(playbook=name).debug("its schedules are left: {}", error)
                unread |= {name} if isinstance(error, ConfigurationInvalid) else set()
                continue
            service = service_of(name)
            owner = self._directory.resolve("gateway", service, name=service, channel="schedule")
            for each in times:
                found[each.name] = Schedule(
                    name=each.name,
                    playbook=name,
                    cron=each.cron,
                    timezone=each.timezone,
                    parameters=dict(each.parameters),
                    environment=each.environment,
                    enabled=True,
                    owner=owner,
                )
        return found, frozenset(unread)


def _is_ours(schedule: Schedule) -> bool:
    owner = schedule.owner
    return owner.platform == "gateway" and owner.user_id.startswith(SERVICE)


def _says(schedule: Schedule) -> tuple[object, ...]:
    """Return what a playbook decides about a schedule."""
    return (
        schedule.playbook, schedule.cron, schedule.timezone, schedule.parameters,
        schedule.environment, schedule.owner,
    )  # fmt: skip
