"""The one small world behind the emulators: what runs, was deployed, was written and used."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sandbox.parts import KEPT_LINES, Job, Level, Line, Run, Unit, WorldFaults
from sandbox.site import BROKEN_TAG, Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tgk.discovery import Discovery
    from tgk.ports.time import Clock

TAGS: Final = ("v1.4.1", "v1.4.0", "v1.3.1", "v1.3.0", "v1.2.3", "v1.2.2")
FIRST_VERSION: Final = "v1.2.3"
READY_SECONDS: Final = 0.8
"""How long one replica takes to come up."""
KEPT_EFFECTS: Final = 1000
_FIRST_RUN: Final = 1234
_JOBS: Final = (("validate", 1.0), ("build", 1.5), ("rollout", 2.5), ("verify", 1.0))


class World:
    """Services with versions, replicas, logs and figures; deployments and scaling change them.

    ``tick`` moves everything to the present; emulators call it before they answer. What takes
    time, such as a deployment, is done ``pace`` times as fast as people can follow.
    """

    def __init__(
        self, discovery: Discovery, clock: Clock, *, seed: int = 7, pace: float = 1.0
    ) -> None:
        self.discovery = discovery
        self.clock = clock
        self.pace = pace
        self.faults = WorldFaults()
        self.runs: list[Run] = []
        self.incidents: dict[str, float] = {}
        self.effects: deque[str] = deque(maxlen=KEPT_EFFECTS)
        """What was asked of the world from outside, each time that it was asked."""
        self._chance = random.Random(seed)  # noqa: S311 - scenery, not secrets
        self._changes = 0
        self.units = {
            (environment, name): self._unit(environment, name)
            for environment in discovery.environments
            for name in discovery.services
        }
        self.site = Site(self)

    def unit(self, environment: str, service: str) -> Unit | None:
        """Return one service of one environment."""
        return self.units.get((environment, service))

    def deployed(self, namespace: str, deployment: str) -> Unit | None:
        """Return what a cluster calls by namespace and deployment."""
        return next(
            (
                unit
                for unit in self.everything()
                if unit.namespace == namespace and unit.deployment == deployment
            ),
            None,
        )

    def in_namespace(self, namespace: str) -> Iterator[Unit]:
        """Yield everything that runs in a namespace."""
        return (unit for unit in self.everything() if unit.namespace == namespace)

    def everything(self) -> Iterator[Unit]:
        """Yield every service of every environment, and what runs beside as a canary."""
        yield from self.units.values()
        yield from self.site.canaries.values()

    def scale(self, unit: Unit, replicas: int) -> None:
        """Want another number of replicas; they come up one after another."""
        self.write(unit, "info", f"INFO: scaling from {unit.wanted} to {replicas} replicas")
        where = f"{unit.environment}/{unit.deployment}"
        self.effects.append(f"scaled {where} from {unit.wanted} to {replicas}")
        unit.wanted = replicas
        unit.ready = min(unit.ready, replicas)
        self._touch(unit)

    def put_version(self, unit: Unit, version: str) -> None:
        """Want another version; its pods come up one after another."""
        before, unit.version = unit.version, version
        unit.revisions[version] = max(unit.revisions.values(), default=0) + 1
        unit.ready = max(0, unit.wanted - 1)
        self._touch(unit)
        self.write(unit, "info", f"INFO: rolling out {version} (was {before})")

    def twin(self, unit: Unit, deployment: str, version: str) -> Unit:
        """Return another Deployment of the same service, with nothing running yet."""
        made = replace(
            unit, deployment=deployment, version=version, wanted=0, ready=0,
            changed_at=self.clock.now(), annotations={}, revisions={version: 1},
            lines=deque(maxlen=KEPT_LINES),
        )  # fmt: skip
        self._touch(made)
        return made

    def start_run(self, repository: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> Run:
        """Start the deployment workflow."""
        run = Run(
            id=_FIRST_RUN + len(self.runs),
            repository=repository,
            workflow=workflow,
            ref=ref,
            inputs=dict(inputs),
            created_at=self.clock.now(),
            jobs=[Job(name, seconds / self.pace) for name, seconds in _JOBS],
        )
        self.runs.append(run)
        said = " ".join(f"{key}={value}" for key, value in inputs.items() if value)
        self.effects.append(f"dispatched {workflow} {said}")
        return run

    def run(self, run_id: int) -> Run | None:
        """Return one run."""
        return next((run for run in self.runs if run.id == run_id), None)

    def write(self, unit: Unit, level: Level, text: str) -> None:
        """Add a log line now."""
        unit.lines.append(Line(self.clock.now(), level, text))

    def tick(self) -> None:
        """Move runs, replicas and logs to the present."""
        now = self.clock.monotonic()
        for run in self.runs:
            if run.status != "completed":
                self._advance_run(run, now)
        for unit in self.everything():
            if unit.ready != unit.wanted and now - unit.settled_at >= READY_SECONDS / self.pace:
                unit.ready += 1 if unit.ready < unit.wanted else -1
                unit.settled_at = now
                unit.revision = self._next_revision()
                self.write(unit, "info", f"INFO: {unit.ready}/{unit.wanted} replicas ready")
            self._chatter(unit)

    def cpu(self, unit: Unit, at: float) -> float:
        """Return per cent of CPU at a time (epoch seconds): a daily wave, noise, and incidents."""
        phase = sum(map(ord, unit.name)) % 60
        wave = 34 + 9 * math.sin(at / 300 + phase) + 5 * math.sin(at / 47 + phase * 2)
        noise = 4 * math.sin(at * 0.7 + phase) * math.cos(at * 0.13)
        since = self.incidents.get(unit.name)
        burning = 52 if since is not None and at >= since else 0
        return max(1.0, min(100.0, wave + noise + burning))

    def set_incident(self, service: str, *, on: bool) -> None:
        """Let a service burn CPU from now on, or calm it."""
        if on:
            self.incidents[service] = self.clock.now().timestamp()
        else:
            self.incidents.pop(service, None)

    def _unit(self, environment: str, name: str) -> Unit:
        service = self.discovery.services[name]
        place = self.discovery.environments[environment]
        replicas = max(service.replicas.min, min(2, service.replicas.max))
        unit = Unit(
            name=name,
            deployment=service.kubernetes.deployment,
            environment=environment,
            namespace=place.namespace or service.kubernetes.namespace,
            version=FIRST_VERSION,
            wanted=replicas,
            ready=replicas,
            changed_at=self.clock.now() - timedelta(hours=3),
            revisions={FIRST_VERSION: 1},
        )
        self._prefill(unit)
        return unit

    def _prefill(self, unit: Unit) -> None:
        """Write two hours of past, so that there is something to read."""
        at = self.clock.now() - timedelta(hours=2)
        while at < self.clock.now():
            unit.lines.append(Line(at, *self._sentence(unit)))
            at += timedelta(seconds=self._chance.uniform(4, 9))

    def _chatter(self, unit: Unit) -> None:
        """Write a line when the last one is old enough."""
        last = unit.lines[-1].at if unit.lines else datetime.min.replace(tzinfo=UTC)
        if self.clock.now() - last > timedelta(seconds=7):
            unit.lines.append(Line(self.clock.now(), *self._sentence(unit)))

    def _sentence(self, unit: Unit) -> tuple[Level, str]:
        number = self._chance.randint(100, 999)
        choices: tuple[tuple[Level, str], ...] = (
            ("info", "INFO: Command /status executed"),
            ("info", "INFO: Fetched metrics from Prometheus"),
            ("info", f"INFO: request {number} served in {number % 90 + 5} ms"),
            ("debug", f"DEBUG: cache hit for key {number}"),
            ("info", f"INFO: heartbeat from {unit.deployment}-{number}"),
            ("warn", f"WARN: slow upstream, {number + 400} ms"),
            ("error", f"ERROR: request {number} failed: connection reset by peer"),
        )
        weights = (10, 8, 20, 8, 8, 3, 1)
        return self._chance.choices(choices, weights)[0]

    def _touch(self, unit: Unit) -> None:
        unit.changed_at = self.clock.now()
        unit.settled_at = self.clock.monotonic()
        unit.revision = self._next_revision()

    def _next_revision(self) -> int:
        self._changes += 1
        return 100 + self._changes

    def _advance_run(self, run: Run, now: float) -> None:
        run.status = "in_progress"
        began = now
        for job in run.jobs:
            if job.ended is not None:
                began = job.ended
                continue
            if job.started is None:
                job.started = began
                if job.name == "rollout":
                    self._roll_out(run)
            if now - job.started < job.seconds:
                return
            job.ended = began = job.started + job.seconds
            job.failed = job.name == "verify" and run.inputs.get("tag") == BROKEN_TAG
        run.status = "completed"
        run.conclusion = "failure" if any(job.failed for job in run.jobs) else "success"

    def _roll_out(self, run: Run) -> None:
        """Put the tag on what the run names: one service, or all that this repository deploys.

        Without a tag what runs is deployed again.
        """
        environment, slot = run.inputs.get("environment", ""), run.inputs.get("slot", "")
        only = run.inputs.get("service")
        for unit in self.units.values():
            if unit.environment != environment or only not in (None, "", unit.name):
                continue
            tag = run.inputs.get("tag") or unit.version
            if run.inputs.get("canary") == "true":
                share = run.inputs.get("percentage", "")
                self.site.start_canary(unit, tag, int(share) if share.isdigit() else 5)
            elif self.site.is_serving(environment, slot):
                self.put_version(unit, tag)
            else:
                self.site.stage(environment, slot, unit.name, tag)
