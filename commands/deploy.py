"""``/deploy``: start the workflow that deploys, and stay with it to the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from commands.estimate import expected, learn
from tgk.command import Command, Confirmation, command
from tgk.errors import (
    AlreadySo,
    ConfigurationInvalid,
    Conflict,
    Locked,
    Missing,
    TgkError,
    Unavailable,
)
from tgk.options import EnvironmentName, Request, ServiceName, TagName, Token
from tgk.ports.council import ApprovalRule
from tgk.ports.pipelines import PipelineRun, RunState
from tgk.reply import Action, Fact, Facts, Plain, Progress, Reply, Stage, Text
from tgk.suggest import nearest_version

if TYPE_CHECKING:
    from types import TracebackType

    from tgk.context import Context
    from tgk.discovery import Discovery, Pipeline
    from tgk.reply import Block

LOOK_EVERY_SECONDS = 3.0
GIVE_UP_AFTER_SECONDS = 3600.0


class Deploy(Request):
    """Deploy a tag to an environment and follow it to the end."""

    env: EnvironmentName = Field(description="where to")
    tag: TagName = Field(description="which version")
    service: ServiceName | None = Field(default=None, description="only this one")
    expect: Token | None = Field(default=None, description="only if this version runs now")
    force: bool = Field(default=False, description="even if this version runs already")


class Before(BaseModel):
    """What ran before, for the way back, and when; empty when the cluster could not say."""

    model_config = ConfigDict(frozen=True)

    version: str = ""
    at: datetime


def pipeline_of(request: Deploy, discovery: Discovery) -> Pipeline:
    """Return the workflow to start; raises ConfigurationInvalid when none is named."""
    service = discovery.services.get(request.service or "")
    chosen = (service and service.deploy) or discovery.environments[request.env].deploy
    if chosen is None:
        raise ConfigurationInvalid(
            f"{request.env} has no deployment workflow.",
            [f"environments.{request.env}.deploy is missing in discovery.yml"],
            remedy="Name a repository and a workflow there.",
        )
    return chosen


async def _check(request: Deploy, context: Context) -> None:
    """Refuse a tag that does not exist and an environment that somebody holds."""
    await _require_free(request.env, context)
    await _require_expected(request, context)
    pipeline = pipeline_of(request, context.discovery)
    tags = [tag.name for tag in await context.backends.pipelines.tags(pipeline.repository)]
    if request.tag not in tags:
        raise Missing("tag", request.tag, nearest_version(request.tag, tags), newest=tags)
    if not request.force and await _runs_already(request, context):
        raise AlreadySo(
            f"{_where(request)} already runs {request.tag}; nothing to do.",
            remedy="With --force it is deployed again.",
        )


async def _require_expected(request: Deploy, context: Context) -> None:
    """Refuse when somebody deployed something else since the asker looked."""
    if request.expect is None:
        return
    now = await _version_now(request, context)
    if now != request.expect:
        raise Conflict(
            f"{request.env} was not changed.",
            why=f"It runs {now or 'an unknown version'} by now, not {request.expect}.",
            remedy="Look at /status, and ask again if you still want it.",
        )


async def _require_free(env: str, context: Context) -> None:
    locks = context.backends.locks
    for key in (f"deploy:{env}", f"deploying:{env}"):
        lock = await locks.holder(key)
        if lock and lock.holder != context.corr:
            raise Locked(env, *_holder(lock.holder, lock.reason), lock.since)


def _holder(holder: str, reason: str) -> tuple[str, str]:
    """Name the person who locked, or the deployment that runs."""
    return (holder, reason) if not reason.startswith("deploys ") else ("a deployment", reason)


def _protected(request: Deploy, discovery: Discovery) -> bool:
    return discovery.environments[request.env].protected


def _what(request: Deploy) -> str:
    return f"{request.service} {request.tag}" if request.service else request.tag


async def _question(request: Deploy, context: Context) -> Reply:
    before = await _version_now(request, context)
    change = f"{before} → {request.tag}" if before else request.tag
    environment = context.discovery.environments[request.env]
    facts = (
        Fact(label="Version", value=change, code=True),
        Fact(label="Environment", value=f"{request.env} (protected)"),
        Fact(label="Council", value=f"{environment.approvals} approval needed after this"),
    )
    go_on = Action(
        label="Deploy", command="deploy", arguments=request.model_dump(exclude_defaults=True),
        style="success", confirms=True, only=context.caller.person, lifetime=120,
    )  # fmt: skip
    return Reply(
        topic="deploy",
        title=f"Deploy {_what(request)} → {request.env}?",
        tone="warning",
        blocks=(Facts(facts=facts),),
        actions=(go_on,),
        footer="nothing happens unless you press Deploy within 2 minutes",
        private=True,
        plain=Plain(
            headline=f"Deploy {_what(request)} to {request.env}?",
            lines=(f"Version: {change}", "Nothing was started yet: confirm it."),
        ),
        data=request.model_dump(),
    )


def _approval(request: Deploy, discovery: Discovery) -> ApprovalRule | None:
    environment = discovery.environments[request.env]
    if not environment.protected:
        return None
    pipeline = pipeline_of(request, discovery)
    workflow = f"{pipeline.repository} · {pipeline.workflow} @ {pipeline.ref}"
    facts = [("Environment", request.env), ("Tag", request.tag), ("Workflow", workflow)]
    if request.service:
        facts.append(("Service", request.service))
    return ApprovalRule(
        title=f"Deploy {_what(request)} → {request.env}",
        facts=tuple(facts),
        needed=environment.approvals,
        expires_seconds=environment.approval_expires.total_seconds(),
    )


async def _version_now(request: Deploy, context: Context) -> str:
    """Return the version that runs, or nothing when the cluster cannot say."""
    names = [request.service] if request.service else list(context.discovery.services)
    service = context.discovery.services[names[0]]
    environment = context.discovery.environments[request.env]
    try:
        return (await context.backends.cluster.workload(service, environment)).version
    except TgkError:
        return ""


def _where(request: Deploy) -> str:
    return f"{request.service} in {request.env}" if request.service else request.env


async def _runs_already(request: Deploy, context: Context) -> bool:
    """Say whether all of it runs this very version and is well; not where that is unknown."""
    services, environment = context.discovery.services, context.discovery.environments[request.env]
    for name in [request.service] if request.service else services:
        try:
            found = await context.backends.cluster.workload(services[name], environment)
        except TgkError:
            return False
        if found.version != request.tag or found.state != "Running":
            return False
    return True


@dataclass(frozen=True, slots=True)
class Story:
    """A deployment from its request to its end."""

    request: Deploy
    run: PipelineRun
    state: RunState
    before: str
    now: str
    seconds: float


class _Turn:
    """The environment's turn: one deployment at a time, kept over a restart of the bot."""

    def __init__(self, request: Deploy, context: Context) -> None:
        self._locks = context.backends.locks
        self._key = f"deploying:{request.env}"
        self._corr = context.corr
        self._reason = f"deploys {_what(request)} for {context.caller.person}"

    async def __aenter__(self) -> None:
        await self._locks.acquire(self._key, self._corr, self._reason)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not asyncio.CancelledError:  # a stopping process: it goes on after the restart
            await self._locks.release(self._key, self._corr)


async def follow_deployment(request: Deploy, context: Context) -> Reply:
    """Start the workflow once, show it while it runs, and say how it ended."""
    pipeline = pipeline_of(request, context.discovery)
    inputs = {"environment": request.env, "tag": request.tag}
    if request.service:
        inputs["service"] = request.service

    async def note_version() -> Before:
        await _require_free(request.env, context)  # somebody may have locked it meanwhile
        await _require_expected(request, context)
        return Before(version=await _version_now(request, context), at=context.clock.now())

    async def dispatch() -> PipelineRun:
        return await context.backends.pipelines.dispatch(pipeline, inputs, context.key)

    async with _Turn(request, context):
        before = await context.steps.once("before", note_version, Before)
        run = await context.steps.once("dispatch", dispatch, PipelineRun)
        state = await _follow(request, run, before, context)
    now = await _version_now(request, context)
    seconds = _elapsed(before, context)
    if state.conclusion == "success":
        await learn(_subject(request), seconds, context)
    return _end(Story(request, run, state, before.version, now, seconds))


def _elapsed(before: Before, context: Context) -> float:
    return (context.clock.now() - before.at).total_seconds()


def _subject(request: Deploy) -> str:
    """Return whose durations are compared with this one's."""
    return f"deploy:{request.env}:{request.service or '*'}"


async def _follow(request: Deploy, run: PipelineRun, before: Before, context: Context) -> RunState:
    """Show the run until it is done; an outage of the build system only delays the news."""
    began = context.clock.monotonic()
    estimate = await expected(_subject(request), context)
    trouble = ""
    state = RunState(status="queued")
    while context.clock.monotonic() - began < GIVE_UP_AFTER_SECONDS:
        try:
            state = await context.backends.pipelines.state(run)
            trouble = ""
        except Unavailable as error:
            trouble = f"{error.system} does not answer, still trying: {error.why}"
        if state.status == "done":
            return state
        left = estimate.left(_elapsed(before, context)) if estimate else ""
        await context.show(_progress(request, run, state, trouble, left))
        await context.clock.sleep(LOOK_EVERY_SECONDS)
    raise Unavailable(
        "the workflow", "it still runs after an hour", remedy=f"Look at {run.url} yourself."
    )


def _stages(state: RunState) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            name=job.name, state=job.state, url=job.url,
            note=f"{job.seconds:.0f} s" if job.seconds is not None else "",
        )
        for job in state.jobs
    )  # fmt: skip


def _bar(state: RunState, left: str = "") -> Progress:
    finished = sum(job.state in ("done", "failed", "skipped") for job in state.jobs)
    note = "waits for a runner" if state.status == "queued" else left
    return Progress(done=finished, total=len(state.jobs), note=note, stages=_stages(state))


def run_name(request: Deploy, run: PipelineRun) -> str:
    """Return the name people know the run by, as in seed 003."""
    return f"deploy-{request.env}-{run.id}"


def _words(request: Deploy, run: PipelineRun, *more: str) -> Plain:
    return Plain(
        headline=f"Deploying {_what(request)} to {request.env}",
        lines=(f"Triggered workflow: {run_name(request, run)}", f"Monitor: {run.url}", *more),
    )


def _progress(request: Deploy, run: PipelineRun, state: RunState, trouble: str, left: str) -> Reply:
    blocks: list[Block] = [_bar(state, left)]
    if trouble:
        blocks.append(Text(text=trouble, style="small"))
    return Reply(
        topic="deploy",
        title=f"Deploy {_what(request)} → {request.env}",
        tone="warning" if trouble else "running",
        subtitle=run_name(request, run),
        blocks=tuple(blocks),
        actions=(Action(label="Monitor", url=run.url),),
        plain=_words(request, run),
        data={"status": state.status, "run": run.model_dump()},
    )


def _way_back(story: Story) -> tuple[Action, ...]:
    """Offer what ran before, as long as nobody deploys something else meanwhile."""
    before, request = story.before, story.request
    if not before or before == request.tag:
        return ()
    given = {**request.model_dump(exclude_defaults=True), "tag": before, "expect": request.tag}
    return (Action(label=f"Revert to {before}", command="deploy", arguments=given),)


def _end(story: Story) -> Reply:
    request, run, state, before = story.request, story.run, story.state, story.before
    worked = state.conclusion == "success"
    verdict = "done" if worked else (state.conclusion or "failure").replace("_", " ")
    failed = ", ".join(job.name for job in state.jobs if job.state == "failed")
    outcome = f"{verdict} in {story.seconds:.0f} s" + (f", failed: {failed}" if failed else "")
    change = f"{before} → {request.tag}" if before else request.tag
    return Reply(
        topic="deploy",
        title=f"Deploy {_what(request)} → {request.env}: {verdict}",
        tone="ok" if worked else "bad",
        subtitle=run_name(request, run),
        blocks=(
            Facts(facts=(
                Fact(label="Version", value=change, code=True),
                Fact(label="Result", value=outcome),
                *([] if worked else [Fact(label="Runs now", value=story.now or "unknown")]),
            )),
            _bar(state),
        ),
        actions=(Action(label="Monitor", url=run.url), *_way_back(story)),
        failed=not worked,
        plain=_words(request, run, f"Result: {outcome}"),
        data={
            "environment": request.env, "tag": request.tag, "service": request.service,
            "before": before, "now": story.now, "conclusion": state.conclusion,
            "seconds": round(story.seconds, 1),
            "links": {"run": run.url},
        },
    )  # fmt: skip


deploy: Command[Deploy] = command(
    "deploy",
    permission="deploy",
    effect="change",
    confirm=Confirmation(when=_protected, question=_question),
    check=_check,
    approval=_approval,
    excusable=True,
    mirror=("#deployments", "council"),
    slow=True,
)(follow_deployment)
