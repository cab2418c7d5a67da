"""A build system in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.errors import Missing, TgkError
from tgk.ports.pipelines import Job, PipelineRun, RunState, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tgk.discovery import Pipeline

_WORKED = (
    RunState(status="queued"),
    RunState(status="running", jobs=(Job(name="deploy", state="running", seconds=1.0),)),
    RunState(
        status="done", conclusion="success", jobs=(Job(name="deploy", state="done", seconds=2.0),)
    ),
)
FAILED = (
    RunState(status="running", jobs=(Job(name="deploy", state="running", seconds=1.0),)),
    RunState(
        status="done", conclusion="failure", jobs=(Job(name="deploy", state="failed", seconds=2.0),)
    ),
)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One run that was started."""

    pipeline: Pipeline
    inputs: Mapping[str, str]
    run: PipelineRun


class FakePipelines:
    """Implements Pipelines: every run passes through ``states``, one at each look.

    ``known`` limits the repositories that exist; ``trouble`` is raised once at the next call.
    """

    def __init__(
        self,
        *,
        tags: Sequence[str] = ("v1.4.0", "v1.3.0", "v1.2.3"),
        states: Sequence[RunState] = _WORKED,
        known: Sequence[str] | None = None,
    ) -> None:
        self.versions = list(tags)
        self.states = tuple(states)
        self.known = known
        self.trouble: TgkError | None = None
        self.dispatched: list[Dispatch] = []
        self._looks: dict[int, int] = {}

    async def dispatch(
        self, pipeline: Pipeline, inputs: Mapping[str, str], correlation: str
    ) -> PipelineRun:
        """Start a run, or return the one that this correlation started."""
        self._require(pipeline.repository)
        for earlier in self.dispatched:
            same = earlier.run.repository == pipeline.repository
            if same and earlier.run.correlation == correlation:
                return earlier.run
        number = 1001 + len(self.dispatched)
        run = PipelineRun(
            id=number,
            repository=pipeline.repository,
            url=f"https://github.com/{pipeline.repository}/actions/runs/{number}",
            correlation=correlation,
        )
        self.dispatched.append(Dispatch(pipeline, dict(inputs), run))
        return run

    async def state(self, run: PipelineRun) -> RunState:
        """Return the next state; the last one stays."""
        self._require(run.repository)
        if all(entry.run.id != run.id for entry in self.dispatched):
            raise Missing("workflow run", str(run.id))
        look = self._looks.get(run.id, 0)
        self._looks[run.id] = look + 1
        return self.states[min(look, len(self.states) - 1)]

    async def tags(self, repository: str) -> tuple[Tag, ...]:
        """Return the versions given, in their order."""
        self._require(repository)
        return tuple(Tag(name=name) for name in self.versions[:100])

    def _require(self, repository: str) -> None:
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble
        if self.known is not None and repository not in self.known:
            raise Missing("repository", repository)
