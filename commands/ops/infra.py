"""``/infra``: what runs where, changed by whoever discovery.yml names for it."""

from __future__ import annotations

from pydantic import Field

from commands.ops.trade import Trade
from tgk.command import command
from tgk.context import Context
from tgk.options import ComponentName, PlaceName, Request, TagName, Token
from tgk.reply import Reply

_MIRROR = ("#deployments", "council")


class Deploy(Request):
    """Put a version of a component somewhere, whole or as a canary."""

    component: ComponentName | None = Field(default=None, description="which; all when left out")
    version: TagName | None = Field(default=None, description="which; the provider's newest")
    environment: PlaceName | None = Field(
        default=None, description="where: an environment, or a slot such as green"
    )
    region: Token | None = Field(default=None, description="only there, such as eu-west-1")
    canary: bool = Field(default=False, description="beside what runs, for a share of the traffic")
    percentage: int | None = Field(default=None, ge=0, le=100, description="the canary's share")
    fast: bool = Field(default=False, description="leave out what the provider can leave out")


class ScaleComponent(Request):
    """Run more or fewer instances, or give the canary another share."""

    instances: int | None = Field(default=None, ge=0, le=1000, description="how many")
    canary: bool = Field(default=False, description="change the canary's share instead")
    percentage: int | None = Field(default=None, ge=0, le=100, description="the canary's share")
    component: ComponentName | None = Field(default=None, description="which; the provider's usual")
    environment: PlaceName | None = Field(default=None, description="where; the default if not")


class Rollback(Request):
    """Go back to what ran before."""

    immediate: bool = Field(default=False, description="at once, without draining")
    component: ComponentName | None = Field(default=None, description="which; all when left out")
    environment: PlaceName | None = Field(default=None, description="where; the default if not")


class Failover(Request):
    """Let another site serve."""

    to: Token = Field(description="which site, such as disaster-recovery-site")
    environment: PlaceName | None = Field(
        default=None, description="whose traffic; the default if not"
    )


class Switch(Request):
    """Send the traffic of one slot to another."""

    from_: PlaceName = Field(description="which serves now, such as blue")
    to: PlaceName = Field(description="which is to serve, such as green")
    gradual: bool = Field(default=False, description="in steps instead of at once")


class Decommission(Request):
    """Take down what no longer serves."""

    environment: PlaceName = Field(description="which: a slot such as blue, or an environment")


def _deployed(request: Deploy) -> str:
    kind = "Deploy canary" if request.canary else "Deploy"
    share = f" at {request.percentage} %" if request.percentage is not None else ""
    words = [kind, *([request.component] if request.component else [])]
    words += [request.version] if request.version else []
    region = f" in {request.region}" if request.region else ""
    return " ".join(words) + share + _place(request.environment) + region


def _place(place: str | None) -> str:
    return f" → {place}" if place else ""


def _scaled(request: ScaleComponent) -> str:
    what = request.component or "the usual component"
    if request.canary:
        return f"Scale the canary of {what} to {request.percentage} %{_place(request.environment)}"
    return f"Scale {what} to {request.instances} instances{_place(request.environment)}"


DEPLOY: Trade[Deploy] = Trade(
    command="infra deploy",
    topic="deploy",
    title=_deployed,
    yields=("component", "version", "previous", "environment", "slot", "region", "percentage"),
    guarded=True,
    exclusive=True,
)
SCALE: Trade[ScaleComponent] = Trade(
    command="infra scale",
    topic="scale",
    title=_scaled,
    yields=("component", "instances", "previous", "percentage", "ready", "environment"),
    exclusive=True,
)
ROLLBACK: Trade[Rollback] = Trade(
    command="infra rollback",
    topic="deploy",
    title=lambda r: f"Roll back {r.component or 'everything'}{_place(r.environment)}",
    yields=("component", "version", "previous", "environment"),
    guarded=True,
    exclusive=True,
)
FAILOVER: Trade[Failover] = Trade(
    command="infra failover",
    topic="deploy",
    title=lambda r: f"Fail over to {r.to}",
    yields=("to", "previous", "environment"),
    guarded=True,
    exclusive=True,
    sites=("to",),
)
SWITCH: Trade[Switch] = Trade(
    command="infra switch",
    topic="deploy",
    title=lambda r: f"Switch traffic {r.from_} → {r.to}{' gradually' if r.gradual else ''}",
    yields=("from", "to", "environment", "share"),
    guarded=True,
    exclusive=True,
    sites=("from", "to"),
)
DECOMMISSION: Trade[Decommission] = Trade(
    command="infra decommission",
    topic="deploy",
    title=lambda r: f"Decommission {r.environment}",
    yields=("environment", "slot", "removed"),
    guarded=True,
    exclusive=True,
)


@command("infra deploy", permission="infra", effect="change", mirror=_MIRROR, **DEPLOY.declared)
async def deploy(request: Deploy, context: Context) -> Reply:
    """Hand the deployment to its provider."""
    return await DEPLOY.carry_out(request, context)


@command("infra scale", permission="infra", effect="change", mirror=_MIRROR, **SCALE.declared)
async def scale(request: ScaleComponent, context: Context) -> Reply:
    """Hand the change of instances or share to its provider."""
    return await SCALE.carry_out(request, context)


@command(
    "infra rollback",
    permission="infra",
    effect="change",
    mirror=_MIRROR,
    relative=lambda _: True,
    **ROLLBACK.declared,
)
async def rollback(request: Rollback, context: Context) -> Reply:
    """Hand the way back to its provider."""
    return await ROLLBACK.carry_out(request, context)


@command("infra failover", permission="infra", effect="change", mirror=_MIRROR, **FAILOVER.declared)
async def failover(request: Failover, context: Context) -> Reply:
    """Hand the change of site to its provider."""
    return await FAILOVER.carry_out(request, context)


@command("infra switch", permission="infra", effect="change", mirror=_MIRROR, **SWITCH.declared)
async def switch(request: Switch, context: Context) -> Reply:
    """Hand the change of traffic to its provider."""
    return await SWITCH.carry_out(request, context)


@command(
    "infra decommission",
    permission="infra",
    effect="change",
    mirror=_MIRROR,
    **DECOMMISSION.declared,
)
async def decommission(request: Decommission, context: Context) -> Reply:
    """Hand the taking down to its provider."""
    return await DECOMMISSION.carry_out(request, context)
