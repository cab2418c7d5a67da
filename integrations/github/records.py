"""As much of GitHub's answers as is needed here; everything else in them is ignored."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel

from tgk.ports.pipelines import Job, JobState, RunState, Tag

if TYPE_CHECKING:
    from typing import Literal

WebAddress = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2000)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RunDetails(_Answer):
    """What a dispatch answers when it was asked for details."""

    id: int = Field(alias="workflow_run_id")
    html_url: WebAddress


class WorkflowRun(_Answer):
    """A run of a workflow."""

    id: int
    html_url: WebAddress
    status: str | None
    conclusion: str | None
    display_title: str = ""
    name: str | None = None
    created_at: datetime


class WorkflowRuns(_Answer):
    """A page of runs, newest first."""

    workflow_runs: tuple[WorkflowRun, ...]


class WorkflowJob(_Answer):
    """A job of a run."""

    name: str
    status: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None
    html_url: WebAddress | None = None


class WorkflowJobs(_Answer):
    """The jobs of a run's latest attempt."""

    jobs: tuple[WorkflowJob, ...]


class _Commit(_Answer):
    sha: str


class _NamedCommit(_Answer):
    name: str
    commit: _Commit


class TagPage(RootModel[tuple[_NamedCommit, ...]]):
    """A page of tags."""

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The same in our words."""
        return tuple(Tag(name=entry.name, sha=entry.commit.sha) for entry in self.root)


_CONCLUSIONS: dict[str, Literal["success", "cancelled", "timed_out", "skipped"]] = {
    "success": "success",
    "neutral": "success",
    "cancelled": "cancelled",
    "stale": "cancelled",
    "timed_out": "timed_out",
    "skipped": "skipped",
}
_JOBS: dict[str | None, JobState] = {"success": "done", "neutral": "done", "skipped": "skipped"}


def run_state(run: WorkflowRun, jobs: tuple[WorkflowJob, ...], now: datetime) -> RunState:
    """Return a run in our words; an ending that is not known counts as a failure."""
    shown = tuple(_job(job, now) for job in jobs)
    if run.status == "completed":
        ending = _CONCLUSIONS.get(run.conclusion or "", "failure")
        return RunState(status="done", conclusion=ending, jobs=shown)
    status: Literal["queued", "running"] = "running" if run.status == "in_progress" else "queued"
    return RunState(status=status, jobs=shown)


def _job(job: WorkflowJob, now: datetime) -> Job:
    return Job(
        name=job.name, state=_job_state(job), seconds=_seconds(job, now), url=job.html_url or ""
    )


def _job_state(job: WorkflowJob) -> JobState:
    if job.status == "completed":
        return _JOBS.get(job.conclusion, "failed")
    return "running" if job.status == "in_progress" else "waiting"


def _seconds(job: WorkflowJob, now: datetime) -> float | None:
    state = _job_state(job)
    if job.started_at is None or state in ("waiting", "skipped"):
        return None
    return max(0.0, ((job.completed_at or now) - job.started_at).total_seconds())
