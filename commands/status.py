"""``/status``: is it running, which version, how many, how well."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from commands.canary import canary_of, share_of, told
from tgk.chart import line_chart, line_chart_alt
from tgk.command import command
from tgk.context import Context
from tgk.errors import Missing, TgkError, Unavailable, Upstream
from tgk.options import EnvironmentName, Request, ServiceName
from tgk.ports.metrics import Vitals
from tgk.reply import Action, Fact, Facts, Picture, Plain, Reply, Table, Text, Tone

if TYPE_CHECKING:
    from tgk.discovery import Service
    from tgk.ports.cluster import Workload
    from tgk.reply import Block


class Status(Request):
    """Report state, version and replicas of a service, or of all."""

    service: ServiceName | None = Field(default=None, description="which one; all when left out")
    env: EnvironmentName | None = Field(default=None, description="where; the default environment")


@dataclass(frozen=True, slots=True)
class Sighting:
    """What could be learned of one service; an error stands where nothing could."""

    name: str
    workload: Workload | None = None
    vitals: Vitals | None = None
    canary: Workload | None = None
    problems: tuple[str, ...] = ()


_TONES: dict[str, Tone] = {
    "Running": "ok",
    "Progressing": "running",
    "Degraded": "bad",
    "Stopped": "off",
}


@command("status", permission="status", slow=True)
async def status(request: Status, context: Context) -> Reply:
    """Ask the cluster and the metrics at once; one of them missing is said, not hidden."""
    env = request.env or context.discovery.default_environment
    if request.service is None:
        return await _overview(env, context)
    sighting = await _look(request.service, env, context)
    if sighting.workload is None and sighting.vitals is None:
        raise Unavailable("the cluster", "; ".join(sighting.problems))
    return _card(sighting, env, context)


async def _look(name: str, env: str, context: Context) -> Sighting:
    """Gather what is known of one service; raises Missing when the cluster has no such thing."""
    service, environment = context.discovery.services[name], context.discovery.environments[env]
    workload, vitals, canary = await asyncio.gather(
        context.backends.cluster.workload(service, environment),
        context.backends.metrics.vitals(name, service, env),
        canary_of(service, environment, context),
        return_exceptions=True,
    )
    problems: dict[str, str] = {}
    for source, found in (("cluster", workload), ("metrics", vitals), ("cluster", canary)):
        if isinstance(found, Upstream | Missing):
            problems.setdefault(source, f"{source} unavailable: {found.why or found.what}")
        elif isinstance(found, BaseException):
            raise found
    return Sighting(
        name,
        None if isinstance(workload, BaseException) else workload,
        None if isinstance(vitals, BaseException) else vitals,
        None if isinstance(canary, BaseException) else canary,
        tuple(problems.values()),
    )


def _card(seen: Sighting, env: str, context: Context) -> Reply:
    service = context.discovery.services[seen.name]
    workload, vitals = seen.workload, seen.vitals or Vitals()
    tone: Tone = _TONES[workload.state] if workload else "warning"
    if seen.problems and tone == "ok":
        tone = "warning"
    blocks: list[Block] = [Facts(facts=_facts(workload, seen.canary))]
    figures = _figures(vitals, service)
    if figures:
        blocks.append(Facts(facts=figures))
    if len(vitals.cpu_history) > 1:
        blocks.append(_picture(seen.name, vitals, service))
    blocks += [Text(text=problem, style="small") for problem in seen.problems]
    if workload and workload.note:
        blocks.append(Text(text=workload.note, style="quote"))
    sources = " + ".join(
        name for name, found in (("kubernetes", workload), ("prometheus", seen.vitals)) if found
    )
    return Reply(
        topic="status",
        title=f"{seen.name} · {env}",
        tone=tone,
        subtitle=f"checked just now · {sources}",
        blocks=tuple(blocks),
        actions=_actions(seen.name, env, service, context),
        plain=_plain(seen, context.discovery.org.name),
        data=_data(seen, env),
    )


def _facts(workload: Workload | None, canary: Workload | None) -> tuple[Fact, ...]:
    beside = (Fact(label="Canary", value=told(canary, workload)),) if canary else ()
    if workload is None:
        return (Fact(label="State", value="unknown"), *beside)
    facts = [
        Fact(label="State", value=workload.state),
        Fact(label="Version", value=workload.version, code=True),
        Fact(label="Replicas", value=f"{workload.ready}/{workload.desired}"),
    ]
    if workload.updated_at:
        facts.append(Fact(label="Deployed", at=workload.updated_at))
    return (*facts, *beside)


def _figures(vitals: Vitals, service: Service) -> tuple[Fact, ...]:
    facts = []
    if vitals.error_rate is not None:
        slo = service.metrics.error_slo
        facts.append(Fact(label="Error rate", value=f"{vitals.error_rate:.2f} % (SLO {slo:g} %)"))
    if vitals.latency_p95 is not None:
        facts.append(Fact(label="p95", value=f"{vitals.latency_p95:.0f} ms"))
    if vitals.cpu is not None:
        facts.append(Fact(label="CPU", value=f"{vitals.cpu:.0f} %"))
    return tuple(facts)


def _picture(name: str, vitals: Vitals, service: Service) -> Picture:
    points, limit = vitals.cpu_history, service.metrics.cpu_limit
    title = f"CPU · {name} · 60 min"
    return Picture(
        svg=line_chart(points, title=title, unit="%", limit=limit),
        alt=line_chart_alt(points, title=title, unit="%", limit=limit),
    )


def _actions(name: str, env: str, service: Service, context: Context) -> tuple[Action, ...]:
    given = {"service": name, "env": env}
    offers = (
        Action(label="Logs", command="logs", arguments=given),
        Action(label="Scale…", command="scale", arguments=given, asks=("replicas",)),
        Action(label="Deploy…", command="deploy", arguments=given, asks=("tag",), style="primary"),
    )
    shown = [offer for offer in offers if context.access.may(offer.command, given)]
    if service.dashboard:
        shown.append(Action(label="Dashboard", url=service.dashboard))
    return tuple(shown)


def _plain(seen: Sighting, organisation: str) -> Plain:
    """Return the wording of seed 003."""
    workload = seen.workload
    lines = [f"Service: {seen.name}"]
    if workload:
        lines += [
            f"State: {workload.state}",
            f"Version: {workload.version}",
            f"Replicas: {workload.ready}/{workload.desired}",
        ]
    lines += [f"Canary: {told(seen.canary, workload)}"] if seen.canary else []
    return Plain(headline=f"{organisation}: status check", lines=(*lines, *seen.problems))


def _data(seen: Sighting, env: str) -> dict[str, object]:
    found = seen.workload
    return {
        "service": seen.name,
        "environment": env,
        "state": found.state if found else None,
        "version": found.version if found else None,
        "replicas": {"ready": found.ready, "desired": found.desired} if found else None,
        **({"canary": _beside(seen.canary, found)} if seen.canary else {}),
        "problems": list(seen.problems),
    }


def _beside(canary: Workload, stable: Workload | None) -> dict[str, object]:
    return {
        "state": canary.state,
        "version": canary.version,
        "replicas": {"ready": canary.ready, "desired": canary.desired},
        "share_of_pods": share_of(canary, stable) if stable else None,
    }


async def _overview(env: str, context: Context) -> Reply:
    """Show every service that the caller may see, one line each."""
    names = [
        name
        for name in context.discovery.services
        if context.access.may("status", {"service": name, "env": env})
    ]
    seen = await asyncio.gather(*(_glance(name, env, context) for name in names))
    canaries = any(each.canary for each in seen)
    columns = ("Service", "State", "Version", "Replicas", *(["Beside"] * canaries))
    rows = tuple(
        (
            each.name,
            each.workload.state if each.workload else "unknown",
            each.workload.version if each.workload else "-",
            f"{each.workload.ready}/{each.workload.desired}" if each.workload else "-",
            *([f"canary {told(each.canary, each.workload)}" if each.canary else ""] * canaries),
        )
        for each in seen
    )
    well = all(each.workload and each.workload.state == "Running" for each in seen)
    problems = sorted({problem for each in seen for problem in each.problems})
    blocks: list[Block] = [Table(columns=columns, rows=rows)]
    blocks += [Text(text=problem, style="small") for problem in problems]
    return Reply(
        topic="status",
        title=f"{len(rows)} services · {env}",
        tone="ok" if well else "warning",
        blocks=tuple(blocks),
        plain=Plain(
            headline=f"{context.discovery.org.name}: status check",
            lines=tuple("  ".join(row).rstrip() for row in rows) + tuple(problems),
        ),
        data={"environment": env, "services": [_data(each, env) for each in seen]},
    )


async def _glance(name: str, env: str, context: Context) -> Sighting:
    """Ask only the cluster; whatever goes wrong with one service does not hide the others."""
    service, environment = context.discovery.services[name], context.discovery.environments[env]
    try:
        found = await context.backends.cluster.workload(service, environment)
        canary = await canary_of(service, environment, context)
    except TgkError as error:
        return Sighting(name, problems=(f"{name}: {error.why or error.what}",))
    return Sighting(name, found, canary=canary)
