"""What is known about the times of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.runs.timing import WAITS

if TYPE_CHECKING:
    from tgk.ports.runs import StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """How long one step took, and how long it usually takes."""

    path: str
    name: str
    kind: str
    state: StepState
    seconds: float
    """Without ``waited``."""
    attempts: int
    critical: bool
    """Whether it decided when the run ended."""
    median: float | None = None
    p95: float | None = None
    waited: float = 0.0
    """Seconds before it acted, in which people decided about it."""

    @property
    def waits(self) -> bool:
        """Whether it waited for people or a time instead of working."""
        return self.kind in WAITS

    @property
    def over(self) -> float:
        """Seconds beyond its median; 0 where none is known."""
        return 0.0 if self.median is None else self.seconds - self.median


@dataclass(frozen=True, slots=True)
class Flaky:
    """A step that did not always succeed at once."""

    path: str
    name: str
    repeated: int
    """In how many runs it needed more than one attempt, or failed after several."""
    runs: int
    most: int
    """The highest number of attempts in one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything that is known about the times of one run."""

    run: str
    playbook: str
    seconds: float
    queued: float
    """Between being asked for and beginning."""
    working: float
    """While at least one step worked."""
    waiting: float
    """While nothing worked and a step waited for people or a time."""
    paused: float
    """While it stood still because somebody had paused it; compared with nothing."""
    idle: float
    """The rest: between attempts, or without a slot."""
    steps: tuple[StepTime, ...]
    critical: tuple[str, ...]
    """Paths, in order."""
    earlier: int
    """How many runs it is compared with: those that succeeded."""
    median: float | None
    """Of their seconds without pauses."""
    p95: float | None
    slowest: tuple[StepTime, ...]
    flaky: tuple[Flaky, ...]
    suggestions: tuple[str, ...] = ()

    @property
    def gone(self) -> float:
        """Its seconds without pauses."""
        return max(0.0, self.seconds - self.paused)

    @property
    def change(self) -> float | None:
        """How much longer than the median, as a share: 0.29 is 29 % longer."""
        return self.gone / self.median - 1 if self.median else None
