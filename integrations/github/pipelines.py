"""Workflows of GitHub Actions as the build system that deploys."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from integrations.github.reader import GitHubReader
from integrations.github.records import (
    RunDetails,
    TagPage,
    WorkflowJobs,
    WorkflowRun,
    WorkflowRuns,
    run_state,
)
from integrations.github.remedies import dispatch_refused, invisible, unnamed_run
from integrations.github.versions import newest_first
from integrations.http import HttpPort, quoted
from tgk.errors import Missing, Rejected, Unavailable
from tgk.ports.pipelines import PipelineRun, RunState, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pydantic import SecretStr

    from integrations.http import Answer, Patience
    from tgk.discovery import Pipeline
    from tgk.ports.time import Clock

_PAGE = 100
_MOST_PAGES = 3
_LATEST_RUNS = 30
_MOST_TAGS = 100
_MOST_REPOSITORIES = 64
_CLOCKS_DIFFER = timedelta(minutes=5)
_UNKNOWN_FIELD = (400, 422)


class GitHubPipelines:
    """Implements Pipelines over GitHub's API, or any address that speaks it.

    A run is recognised by the input ``correlation_input``, which the workflow puts into its
    run-name.
    """

    def __init__(
        self,
        *,
        token: SecretStr,
        clock: Clock,
        base_url: str = "https://api.github.com",
        correlation_input: str = "correlation_id",
        find_within: float = 30.0,
        tags_for: float = 60.0,
        patience: Patience | None = None,
    ) -> None:
        self._http = HttpPort(
            "GitHub",
            base_url,
            clock=clock,
            headers={
                "Authorization": _bearer(token),
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "tgk",
            },
            patience=patience,
        )
        self._reader = GitHubReader(self._http)
        self._clock = clock
        self._input = correlation_input
        self._find_within = find_within
        self._tags_for = tags_for
        self._tags: dict[str, tuple[float, tuple[Tag, ...]]] = {}
        self._reading_tags = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *ended: object) -> None:
        await self._http.aclose()

    async def dispatch(
        self, pipeline: Pipeline, inputs: Mapping[str, str], correlation: str
    ) -> PipelineRun:
        """Start the workflow, or return the run that this correlation already started."""
        before = await self._runs(pipeline)
        found: RunDetails | WorkflowRun | None = _named(before, correlation)
        if found is None:
            known = {run.id for run in before}
            found = await self._started(pipeline, inputs, correlation, known)
        return PipelineRun(
            id=found.id,
            repository=pipeline.repository,
            url=found.html_url,
            correlation=correlation,
        )

    async def state(self, run: PipelineRun) -> RunState:
        """Read a run and the first hundred jobs of its latest attempt."""
        path = f"{_repository(run.repository)}/actions/runs/{run.id}"
        missing = ("workflow run", str(run.id))
        found = (await self._reader.get(path, missing=missing)).read(WorkflowRun)
        answer = await self._reader.get(f"{path}/jobs", {"per_page": _PAGE}, missing=missing)
        return run_state(found, answer.read(WorkflowJobs).jobs, self._clock.now())

    async def tags(self, repository: str) -> tuple[Tag, ...]:
        """Return versions, newest first, read at most once in ``tags_for`` seconds."""
        async with self._reading_tags:
            known = self._tags.get(repository)
            if known is None or self._clock.monotonic() - known[0] >= self._tags_for:
                known = (self._clock.monotonic(), await self._read_tags(repository))
                self._tags.pop(repository, None)
                self._tags[repository] = known
                while len(self._tags) > _MOST_REPOSITORIES:
                    del self._tags[next(iter(self._tags))]
            return known[1]

    async def _read_tags(self, repository: str) -> tuple[Tag, ...]:
        found: list[Tag] = []
        for page in range(1, _MOST_PAGES + 1):
            try:
                answer = await self._reader.get(
                    f"{_repository(repository)}/tags",
                    {"per_page": _PAGE, "page": page},
                    missing=("repository", repository),
                )
            except Missing as error:
                raise invisible("repository", repository) from error
            tags = answer.read(TagPage).tags
            found += tags
            if len(tags) < _PAGE:
                break
        return newest_first(found)[:_MOST_TAGS]

    async def _started(
        self, pipeline: Pipeline, inputs: Mapping[str, str], correlation: str, known: set[int]
    ) -> RunDetails | WorkflowRun:
        """Start the workflow and return its run, told by the server or found in the list."""
        began = self._clock.now()
        try:
            details = await self._start(pipeline, {**inputs, self._input: correlation})
        except Unavailable as error:
            found = None
            if error.retry_after is None:
                found = await self._trace(pipeline, correlation, began)
            if found is None:
                raise
            return found
        return details or await self._await_run(pipeline, correlation, began, known)

    async def _start(self, pipeline: Pipeline, inputs: Mapping[str, str]) -> RunDetails | None:
        """Start it; older servers tell nothing of the run, and some refuse to be asked."""
        body: dict[str, object] = {"ref": pipeline.ref, "inputs": dict(inputs)}
        try:
            answer = await self._post(pipeline, {**body, "return_run_details": True})
        except Rejected as error:
            asked_too_much = "return_run_details" in error.why
            if error.status not in _UNKNOWN_FIELD or not asked_too_much:
                raise dispatch_refused(error, pipeline, self._input) from error
            answer = await self._start_without_details(pipeline, body)
        return _details(answer)

    async def _start_without_details(self, pipeline: Pipeline, body: dict[str, object]) -> Answer:
        try:
            return await self._post(pipeline, body)
        except Rejected as error:
            raise dispatch_refused(error, pipeline, self._input) from error

    async def _post(self, pipeline: Pipeline, body: Mapping[str, object]) -> Answer:
        missing = ("workflow", f"{pipeline.repository}/{pipeline.workflow}")
        try:
            return await self._http.request(
                "POST", f"{_workflow(pipeline)}/dispatches", json=body, missing=missing
            )
        except Missing as error:
            raise invisible(*missing) from error

    async def _await_run(
        self, pipeline: Pipeline, correlation: str, began: datetime, known: set[int]
    ) -> WorkflowRun:
        """Look until the run appears in the list, which takes GitHub some seconds."""
        until = self._clock.monotonic() + self._find_within
        pause = 1.0
        runs: Sequence[WorkflowRun] = ()
        while self._clock.monotonic() < until:
            await self._clock.sleep(pause)
            runs = await self._runs(pipeline, began)
            found = _named(runs, correlation)
            if found is not None:
                return found
            pause = min(pause * 1.5, 5.0)
        if any(run.id not in known for run in runs):
            raise unnamed_run(pipeline, self._input)
        raise Unavailable(
            "GitHub",
            f"{pipeline.workflow} was started, but its run did not appear within"
            f" {self._find_within:g} s.",
            remedy=f"Look at the Actions page of {pipeline.repository}.",
        )

    async def _trace(
        self, pipeline: Pipeline, correlation: str, began: datetime
    ) -> WorkflowRun | None:
        """Look whether a dispatch that got no answer was done all the same."""
        for pause in (1.0, 3.0):
            await self._clock.sleep(pause)
            try:
                found = _named(await self._runs(pipeline, began), correlation)
            except (Unavailable, Rejected):
                return None
            if found is not None:
                return found
        return None

    async def _runs(
        self, pipeline: Pipeline, since: datetime | None = None
    ) -> Sequence[WorkflowRun]:
        params: dict[str, str | int | float | bool] = {
            "event": "workflow_dispatch",
            "per_page": _LATEST_RUNS,
        }
        if since is not None:
            params["created"] = f">={since - _CLOCKS_DIFFER:%Y-%m-%dT%H:%M:%SZ}"
        missing = ("workflow", f"{pipeline.repository}/{pipeline.workflow}")
        try:
            answer = await self._reader.get(f"{_workflow(pipeline)}/runs", params, missing=missing)
        except Missing as error:
            raise invisible(*missing) from error
        return answer.read(WorkflowRuns).workflow_runs


def _bearer(token: SecretStr) -> SecretStr:
    return type(token)(f"Bearer {token.get_secret_value()}")


def _details(answer: Answer) -> RunDetails | None:
    """Return what the server tells of the run; it was started, even if that cannot be read."""
    try:
        return answer.read(RunDetails) if answer.body else None
    except Rejected:
        return None


def _named(runs: Sequence[WorkflowRun], correlation: str) -> WorkflowRun | None:
    """Return the first run whose title holds the correlation as a whole word."""
    word = re.compile(rf"(?<![\w-]){re.escape(correlation)}(?![\w-])")
    titled = (run for run in runs if word.search(f"{run.display_title} {run.name or ''}"))
    return min(titled, key=lambda run: run.created_at, default=None)


def _repository(repository: str) -> str:
    owner, _, name = repository.partition("/")
    return f"/repos/{quoted(owner)}/{quoted(name)}"


def _workflow(pipeline: Pipeline) -> str:
    return f"{_repository(pipeline.repository)}/actions/workflows/{quoted(pipeline.workflow)}"
