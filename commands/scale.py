"""``/scale``: how many replicas a service runs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from tgk.command import command
from tgk.context import Context
from tgk.errors import ArgumentFault, Conflict, InvalidRequest
from tgk.options import EnvironmentName, Request, ServiceName
from tgk.reply import Action, Fact, Facts, Plain, Progress, Reply, Text

if TYPE_CHECKING:
    from tgk.ports.cluster import Workload

READY_WITHIN_SECONDS = 300.0
_SECONDS_UP, _SECONDS_DOWN = 30, 10


class Scale(Request):
    """Set how many replicas a service runs and wait until they are ready."""

    service: ServiceName = Field(description="which one")
    replicas: int = Field(ge=0, le=1000, description="wanted replicas")
    env: EnvironmentName | None = Field(default=None, description="where; the default environment")
    expect: int | None = Field(
        default=None, ge=0, le=1000, description="only if it still wants so many"
    )


class Before(BaseModel):
    """The replicas wanted before."""

    model_config = ConfigDict(frozen=True)

    replicas: int


async def within_bounds(request: Scale, context: Context) -> None:
    """Refuse a number outside the service's bounds in discovery.yml."""
    bounds = context.discovery.services[request.service].replicas
    if not bounds.min <= request.replicas <= bounds.max:
        message = f"{request.service} runs {bounds.min} to {bounds.max} replicas"
        raise InvalidRequest("scale", [ArgumentFault("replicas", message)])
    if request.expect is not None:
        await require_expected(request, context)


async def require_expected(request: Scale, context: Context) -> None:
    """Refuse when somebody scaled it since the asker looked."""
    service = context.discovery.services[request.service]
    env = request.env or context.discovery.default_environment
    found = await context.backends.cluster.workload(service, context.discovery.environments[env])
    if found.desired != request.expect:
        raise Conflict(
            f"{request.service} was not scaled.",
            why=f"It wants {found.desired} replicas by now, not {request.expect}.",
            remedy="Look at /status, and ask again if you still want it.",
        )


@command(
    "scale",
    permission="scale",
    effect="change",
    check=within_bounds,
    excusable=True,
    mirror=("#deployments", "council"),
    slow=True,
)
async def scale(request: Scale, context: Context) -> Reply:
    """Note the number before, set the new one, and watch until it is reached."""
    cluster = context.backends.cluster
    service = context.discovery.services[request.service]
    environment = context.discovery.environments[
        request.env or context.discovery.default_environment
    ]

    async def note() -> Before:
        return Before(replicas=(await cluster.workload(service, environment)).desired)

    async def change() -> Before:
        return Before(replicas=await cluster.scale(service, environment, request.replicas))

    before = await context.steps.once("before", note, Before)
    await context.steps.once("scale", change, Before)
    began = context.clock.monotonic()
    last: Workload | None = None
    try:
        async with (
            asyncio.timeout(READY_WITHIN_SECONDS),
            aclosing(cluster.watch(service, environment)) as states,  # type: ignore[type-var]
        ):
            async for last in states:
                if last.desired == request.replicas == last.ready:
                    break
                await context.show(_progress(request, before.replicas, last))
    except TimeoutError:
        return _end(request, before.replicas, last, None)
    return _end(request, before.replicas, last, context.clock.monotonic() - began)


def _words(request: Scale, before: int, *more: str) -> Plain:
    """Return the wording of seed 003."""
    seconds = _SECONDS_UP if request.replicas > before else _SECONDS_DOWN
    return Plain(
        headline=f"Scaling {request.service} to {request.replicas} replicas",
        lines=(
            f"Previous: {before}",
            f"New: {request.replicas}",
            f"ETA: ~{seconds} seconds",
            *more,
        ),
    )


def _progress(request: Scale, before: int, now: Workload) -> Reply:
    ready = min(now.ready, request.replicas)
    blocks = [Progress(done=ready, total=request.replicas, note=f"{now.ready} ready")]
    return Reply(
        topic="scale",
        title=f"{request.service} {before} → {request.replicas} replicas",
        tone="running",
        blocks=(*blocks, *([Text(text=now.note, style="small")] if now.note else [])),
        plain=_words(request, before),
        data={"ready": now.ready, "wanted": request.replicas},
    )


def _end(request: Scale, before: int, now: Workload | None, seconds: float | None) -> Reply:
    ready = now.ready if now else 0
    why = f": {now.note}" if now and now.note else ""
    outcome = (
        f"ready in {seconds:.0f} s"
        if seconds is not None
        else f"only {ready} of {request.replicas} ready after {READY_WITHIN_SECONDS:.0f} s{why}"
    )
    given = {
        "service": request.service,
        "replicas": before,
        "env": request.env,
        "expect": request.replicas,
    }
    undo = Action(label=f"Undo (back to {before})", command="scale", arguments=given)
    facts = (
        Fact(label="Previous", value=str(before)),
        Fact(label="New", value=str(request.replicas)),
        Fact(label="Result", value=outcome),
    )
    return Reply(
        topic="scale",
        title=f"{request.service} {before} → {request.replicas} replicas",
        tone="ok" if seconds is not None else "bad",
        blocks=(Facts(facts=facts),),
        actions=(undo,) if before != request.replicas else (),
        failed=seconds is None,
        plain=_words(request, before, f"Result: {outcome}"),
        data={
            "previous": before,
            "new": request.replicas,
            "ready": ready,
            "service": request.service,
        },
    )
