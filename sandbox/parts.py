"""What the simulated world is made of, and what of it can be made to go wrong."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

KEPT_LINES: Final = 6000
Level = Literal["info", "warn", "error", "debug"]


@dataclass(slots=True)
class Line:
    """One log line."""

    at: datetime
    level: Level
    text: str


@dataclass(slots=True)
class Unit:
    """One service in one environment."""

    name: str
    deployment: str
    environment: str
    namespace: str
    version: str
    wanted: int
    ready: int
    changed_at: datetime
    revision: int = 1
    settled_at: float = 0.0
    annotations: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    """Every version that it ran, with the number that Kubernetes gives it."""
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))


@dataclass(slots=True)
class Job:
    """One job of a workflow run."""

    name: str
    seconds: float
    started: float | None = None
    ended: float | None = None
    failed: bool = False


@dataclass(slots=True)
class Run:
    """One run of the deployment workflow."""

    id: int
    repository: str
    workflow: str
    ref: str
    inputs: Mapping[str, str]
    created_at: datetime
    jobs: list[Job]
    status: Literal["queued", "in_progress", "completed"] = "queued"
    conclusion: Literal["success", "failure"] | None = None


@dataclass(slots=True)
class WorldFaults:
    """What can be made to go wrong; each is off until switched on."""

    github: bool = False
    kubernetes: bool = False
    loki: bool = False
    prometheus: bool = False
    model: bool = False
    operations: bool = False
    tests: bool = False
    """Every suite fails, whatever runs."""
    health: bool = False
    """Every service says that it is ill."""
    figures: bool = False
    """Requests fail everywhere."""
    findings: bool = False
    """Every scan finds something grave."""
    backups: bool = False
    """There is no room to keep one more."""

    def systems(self) -> tuple[str, ...]:
        """Return the switches of what then does not answer."""
        return ("github", "kubernetes", "loki", "prometheus", "model", "operations")

    def troubles(self) -> tuple[str, ...]:
        """Return the switches of what then answers, with bad news."""
        return ("tests", "health", "figures", "findings", "backups")

    def names(self) -> tuple[str, ...]:
        """Return every switch."""
        return (*self.systems(), *self.troubles())
