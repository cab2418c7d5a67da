"""The build system that deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tgk.discovery import Pipeline

JobState = Literal["waiting", "running", "done", "failed", "skipped"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PipelineRun(_Record):
    """One run of a workflow; survives in the store between steps."""

    id: int
    repository: str
    url: str
    correlation: str


class Job(_Record):
    """One job of a run."""

    name: str
    state: JobState
    seconds: float | None = None
    url: str = ""


class RunState(_Record):
    """A run as it is now."""

    status: Literal["queued", "running", "done"]
    conclusion: Literal["", "success", "failure", "cancelled", "timed_out", "skipped"] = ""
    jobs: tuple[Job, ...] = ()


class Tag(_Record):
    """A version that can be deployed."""

    name: str
    sha: str = ""


class Pipelines(Protocol):
    """Raises Missing (repository, workflow, tag), Unavailable and Rejected as errors.py says."""

    async def dispatch(
        self, pipeline: Pipeline, inputs: Mapping[str, str], correlation: str
    ) -> PipelineRun:
        """Start the workflow, or find the run that this correlation already started.

        Safe to repeat with the same ``correlation``: it never starts a second run that it can see.
        """

    async def state(self, run: PipelineRun) -> RunState:
        """Read a run and its jobs."""

    async def tags(self, repository: str) -> tuple[Tag, ...]:
        """Return versions, newest first, at most 100; answers from a short cache."""
