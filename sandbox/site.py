"""What operations change beside versions and replicas: slots, canaries and sites."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.parts import Unit, WorldFaults
    from tgk.discovery import Discovery
    from tgk.ports.time import Clock

BROKEN_TAG: Final = "v1.4.1"
"""Deploys, but its verification fails: for trying a failure and the way back."""
SICK_TAG: Final = "v1.3.1"
"""Deploys without complaint, but its tests fail, its health is bad and so are its figures."""
SITES: Final = ("main-site", "disaster-recovery-site", "dr-site")
WELL: Final = 99.98
"""Per cent of requests that succeed with a sound version."""
ILL: Final = 91.5
"""Per cent of requests that succeed with a sick one."""
BUSY: Final = 80
"""Per cent of CPU from which requests fail."""
FIRST_RECORDS: Final = 48_210
"""How much data every environment begins with."""
SECONDS_A_RECORD: Final = 2.0
_BURNT: Final = 0.88
"""Per cent of requests that fail in addition while a service is busy."""
_CANARY: Final = "-canary"


@dataclass(frozen=True, slots=True)
class Check:
    """One part of a look at health."""

    name: str
    ok: bool
    note: str


class Ground(Protocol):
    """What stands on a site, and what moves it."""

    @property
    def discovery(self) -> Discovery:
        """What there is."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def faults(self) -> WorldFaults:
        """What is made to go wrong."""

    @property
    def units(self) -> Mapping[tuple[str, str], Unit]:
        """Every service in every environment."""

    def put_version(self, unit: Unit, version: str) -> None:
        """Want another version; its pods come up one after another."""

    def twin(self, unit: Unit, deployment: str, version: str) -> Unit:
        """Return another Deployment of the same service, with nothing running yet."""

    def scale(self, unit: Unit, replicas: int) -> None:
        """Want another number of replicas; they come up one after another."""

    def cpu(self, unit: Unit, at: float) -> float:
        """Return per cent of CPU at a time (epoch seconds)."""


class Site:
    """The slots of each environment, what waits in them, canaries, and which site serves."""

    def __init__(self, world: Ground) -> None:
        self._world = world
        self.serving: dict[str, str] = {
            name: entry.slots[0] for name, entry in world.discovery.environments.items()
            if entry.slots
        }  # fmt: skip
        self.staged: dict[tuple[str, str, str], str] = {}
        """Versions that wait in a slot, by environment, slot and service."""
        self.removed: set[tuple[str, str]] = set()
        self.canaries: dict[tuple[str, str], Unit] = {}
        self.at = dict.fromkeys(world.discovery.environments, SITES[0])
        self._written: dict[str, int] = dict.fromkeys(world.discovery.environments, FIRST_RECORDS)
        self._counted_at = world.clock.monotonic()

    def is_serving(self, environment: str, slot: str) -> bool:
        """Say whether a slot, or the environment itself, has the traffic."""
        return not slot or self.serving.get(environment) == slot

    def stage(self, environment: str, slot: str, service: str, version: str) -> None:
        """Put a version where no traffic is."""
        self.staged[environment, slot, service] = version
        self.removed.discard((environment, slot))

    def version(self, unit: Unit, slot: str) -> str:
        """Return what a slot runs of a service; what was never staged is as what serves."""
        if self.is_serving(unit.environment, slot):
            return unit.version
        return self.staged.get((unit.environment, slot, unit.name), unit.version)

    def switch(self, environment: str, slot: str) -> None:
        """Let a slot serve; what served waits in the other one."""
        before = self.serving[environment]
        for unit in self._units(environment):
            waiting = self.version(unit, slot)
            self.staged[environment, before, unit.name] = unit.version
            if waiting != unit.version:
                self._world.put_version(unit, waiting)
        self.serving[environment] = slot

    def remove(self, environment: str, slot: str) -> int:
        """Take down a slot; returns how many services were there."""
        gone = [key for key in self.staged if key[:2] == (environment, slot)]
        for key in gone:
            del self.staged[key]
        self.removed.add((environment, slot))
        return len(gone)

    def start_canary(self, unit: Unit, version: str, percentage: int) -> None:
        """Run a version beside what serves, with a share of its replicas."""
        found = self.canaries.get((unit.environment, unit.name))
        wanted = math.ceil(unit.wanted * percentage / 100)
        if found is None:
            found = self._world.twin(unit, f"{unit.deployment}{_CANARY}", version)
            self.canaries[unit.environment, unit.name] = found
        elif found.version != version:
            self._world.put_version(found, version)
        self._world.scale(found, wanted)

    def success(self, unit: Unit, at: float) -> float:
        """Return per cent of requests that succeeded at a time, the canary's share included."""
        busy = self._world.cpu(unit, at) >= BUSY
        own = _success(unit, at) - (_BURNT if busy else 0)
        if self._world.faults.figures:
            own = min(own, ILL)
        canary = self.canaries.get((unit.environment, unit.name))
        if canary is None or not canary.wanted:
            return own
        share = canary.wanted / (canary.wanted + unit.wanted)
        return own * (1 - share) + _success(canary, at) * share

    def records(self, place: str) -> int:
        """Return how much data an environment, or a site, holds; where some is, more is written."""
        if place not in self._written:
            return 0
        return self._written[place] + self._since()

    def set_records(self, place: str, records: int) -> None:
        """Put the data of a place back to what it was; what was written since is gone."""
        self._written[place] = records - self._since()

    def _since(self) -> int:
        return int((self._world.clock.monotonic() - self._counted_at) / SECONDS_A_RECORD)

    def health(
        self, environment: str, slot: str, service: str, *, comprehensive: bool
    ) -> tuple[Check, ...]:
        """Return what a look at an environment or a slot shows."""
        checks = [
            self._check(unit, slot)
            for unit in self._units(environment)
            if service in ("", unit.name)
        ]
        if (environment, slot) in self.removed:
            checks = [Check(slot, ok=False, note="was taken down")]
        if comprehensive:
            checks.append(Check("site", ok=True, note=self.at[environment]))
            names = self._world.faults.systems()
            broken = [name for name in names if getattr(self._world.faults, name)]
            note = f"down: {', '.join(broken)}" if broken else "all answer"
            checks.append(Check("systems", ok=not broken, note=note))
        return tuple(checks)

    def tests(self, environment: str, slot: str, suite: str) -> dict[str, Any]:
        """Return how a suite of tests ends against what runs there."""
        checks = self.health(environment, slot, "", comprehensive=False)
        total = 12 + len(suite) * 3
        ill = {check.name: check.note for check in checks if not check.ok}
        if self._world.faults.tests:
            ill |= {check.name: "expected 200, got 500" for check in checks}
        failed = 3 * len(ill)
        lines = [f"FAILED {suite}::{name}: {note}" for name, note in ill.items()]
        return {"total": total, "failed": failed, "passed": total - failed, "log": lines}

    def findings(self, environment: str, service: str) -> dict[str, Any]:
        """Return what a security scan finds: a sick version carries a grave fault."""
        units = [unit for unit in self._units(environment) if service in ("", unit.name)]
        grave = sum(_is_sick(unit.version) for unit in units) + self._world.faults.findings
        old = sum(unit.version.startswith("v1.2") for unit in units)
        return {"findings": grave + 2 * old, "critical": grave, "high": old}

    def _check(self, unit: Unit, slot: str) -> Check:
        version = self.version(unit, slot)
        if _is_sick(version):
            return Check(unit.name, ok=False, note=f"{version} answers with errors")
        if not self.is_serving(unit.environment, slot):
            return Check(unit.name, ok=True, note=f"{version} waits for traffic")
        canary = self.canaries.get((unit.environment, unit.name))
        if canary is not None and canary.wanted and _is_sick(canary.version):
            return Check(unit.name, ok=False, note=f"canary {canary.version} answers with errors")
        if self._world.faults.health:
            return Check(unit.name, ok=False, note="its probe gets no answer")
        now = self._world.clock.now().timestamp()
        if self._world.cpu(unit, now) >= BUSY:
            return Check(unit.name, ok=False, note="CPU above 80 %")
        note = f"{unit.version}, {unit.ready}/{unit.wanted} ready"
        return Check(unit.name, ok=unit.ready >= min(1, unit.wanted), note=note)

    def _units(self, environment: str) -> Iterator[Unit]:
        return (unit for unit in self._world.units.values() if unit.environment == environment)


def _is_sick(version: str) -> bool:
    return version in (SICK_TAG, BROKEN_TAG)


def _success(unit: Unit, at: float) -> float:
    """Return what a version gave at a time, as far as it ran then."""
    return ILL if _is_sick(unit.version) and at >= unit.changed_at.timestamp() else WELL
