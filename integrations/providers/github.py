"""A command done by a workflow of GitHub Actions, followed to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.providers.filling import filled
from tgk.discovery import Pipeline
from tgk.errors import Unavailable
from tgk.ports.pipelines import RunState
from tgk.ports.providers import ProviderProgress, ProviderResult
from tgk.reply import Stage

if TYPE_CHECKING:
    from integrations.providers.call import Call
    from tgk.bindings import GitHubBinding
    from tgk.ports.pipelines import Job, PipelineRun, Pipelines
    from tgk.ports.providers import Arguments
    from tgk.ports.time import Clock

LOOK_EVERY_SECONDS = 3.0


class WorkflowProvider:
    """Starts the workflow once for each key; its success is the run's."""

    def __init__(self, binding: GitHubBinding, pipelines: Pipelines, clock: Clock) -> None:
        self._binding = binding
        self._pipelines = pipelines
        self._clock = clock
        self._pipeline = Pipeline(
            repository=binding.repository, workflow=binding.workflow, ref=binding.ref
        )

    def plan(self, arguments: Arguments) -> str:
        """Name the workflow and what it would be told."""
        inputs = self._inputs(arguments)
        told = ", ".join(f"{name}={value}" for name, value in inputs.items())
        binding = self._binding
        where = f"{binding.workflow} of {binding.repository} @ {binding.ref}"
        return f"start {where}" + (f" with {told}" if told else "")

    async def invoke(self, call: Call) -> ProviderResult:
        """Start the run, or find it by the key, and look until it is done."""
        inputs = self._inputs(call.arguments)
        run = await self._pipelines.dispatch(self._pipeline, inputs, call.key)
        state = await self._follow(run, call)
        ending = state.conclusion or "failure"
        failed = ", ".join(job.name for job in state.jobs if job.state == "failed")
        words = f"{self._binding.workflow}: {ending.replace('_', ' ')}"
        return ProviderResult(
            success=ending == "success",
            summary=words + (f", failed: {failed}" if failed else ""),
            url=run.url,
            log=tuple(f"{job.name}: {job.state}" for job in state.jobs),
        )

    async def aclose(self) -> None:
        """Nothing is held open here."""

    async def _follow(self, run: PipelineRun, call: Call) -> RunState:
        """Look at the run until it is done; an outage of GitHub only delays the news."""
        began = self._clock.monotonic()
        state, trouble = RunState(status="queued"), ""
        while self._clock.monotonic() - began < self._binding.within:
            try:
                state, trouble = await self._pipelines.state(run), ""
            except Unavailable as error:
                trouble = f"{error.system} does not answer, still trying: {error.why}"
            if state.status == "done":
                return state
            await call.watch(_progress(run, state, trouble))
            await self._clock.sleep(LOOK_EVERY_SECONDS)
        raise Unavailable(
            "the workflow",
            f"It still runs after {self._binding.within:.0f} s.",
            remedy=f"Look at {run.url} yourself.",
        )

    def _inputs(self, arguments: Arguments) -> dict[str, str]:
        """Return the workflow's inputs, which are all text."""
        values = {name: filled(text, arguments) for name, text in self._binding.inputs.items()}
        return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _progress(run: PipelineRun, state: RunState, trouble: str) -> ProviderProgress:
    finished = sum(job.state in ("done", "failed", "skipped") for job in state.jobs)
    return ProviderProgress(
        note=trouble or ("waits for a runner" if state.status == "queued" else ""),
        done=finished,
        total=len(state.jobs),
        stages=tuple(_stage(job) for job in state.jobs),
        url=run.url,
    )


def _stage(job: Job) -> Stage:
    note = f"{job.seconds:.0f} s" if job.seconds is not None else ""
    return Stage(name=job.name, state=job.state, url=job.url, note=note)
