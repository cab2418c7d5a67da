"""``/orchestrate run``: start a playbook, or show what it would do."""

from __future__ import annotations

from pydantic import Field

from commands.orchestrate.following import follow
from commands.orchestrate.gates import world_gates
from commands.orchestrate.needs import (
    require_parameters,
    require_published,
    require_right,
    require_sound,
    typed,
)
from commands.orchestrate.plan import planned
from commands.orchestrate.veil import veiled
from orchestration.runs.picture import graph
from tgk.command import command
from tgk.context import Context
from tgk.doors import OUTSIDE_OF_PLAYBOOKS
from tgk.options import Pairs, PlaybookName, Request, RunEnvironment
from tgk.ports.runs import RunRequest
from tgk.reply import Action, Reply

_COMMAND = "orchestrate run"
_BY_ITSELF = ("schedule", "event", "webhook")


class Run(Request):
    """Run a playbook, with progress until its end."""

    playbook: PlaybookName = Field(description="which one")
    parameters: Pairs = Field(default={}, description='key=value pairs, as in "version=v1.4.0"')
    environment: RunEnvironment | None = Field(default=None, description="target environment")
    parallel: bool = Field(default=False, description="play neighbours at once that only look")
    dry_run: bool = Field(default=False, description="only show what would be done")
    checkpoint: bool = Field(default=False, description="keep a checkpoint after every step")
    timeout: float | None = Field(
        default=None, gt=0, le=10080, description="minutes for the whole run"
    )
    debug: bool = Field(default=False, description="with each step's output in the log")
    verbose: bool = Field(default=False, description="show every step as it ends")


def asked(request: Run) -> RunRequest:
    """Return the request as the engine takes it."""
    return RunRequest(
        playbook=request.playbook,
        parameters=request.parameters,
        environment=request.environment,
        parallel=request.parallel,
        checkpoint=request.checkpoint,
        timeout=request.timeout * 60 if request.timeout else None,
        debug=request.debug,
        verbose=request.verbose,
    )


async def has_what_it_needs(request: Run, context: Context) -> None:
    """Refuse a draft, one with faults, an environment that is not theirs, and what lacks a value.

    What is missing is refused with a way out.
    """
    if not request.dry_run:
        await require_published(request.playbook, context)
    await require_sound(request.playbook, context)
    given = typed(request)
    book, values = request.playbook, request.parameters
    await require_parameters(
        _COMMAND, given, context, playbook=book, parameters=values, environment=request.environment
    )
    if request.environment is None:
        await require_right(_COMMAND, given, context, playbook=book, parameters=values)


@command(
    _COMMAND,
    permission="orchestrate",
    effect="change",
    check=has_what_it_needs,
    veil=veiled,
    mirror=("#deployments", "council"),
    slow=True,
    doors=OUTSIDE_OF_PLAYBOOKS,
    default_verb=True,
)
async def run(request: Run, context: Context) -> Reply:
    """Start the run, or join it after a restart, and follow it to its end."""
    wanted = asked(request)
    if request.dry_run:
        return await _plan(request, wanted, context)
    runs = context.backends.runs
    delivery, cause = _asked_by(context.invocation.delivery)
    view = await runs.start(wanted, context.caller, delivery=delivery, cause=cause)
    return await follow(view, context, detailed=request.verbose)


async def _plan(request: Run, wanted: RunRequest, context: Context) -> Reply:
    """Ask every gate, and draw what would be played."""
    shelf, now = context.backends.playbooks, context.clock.now()
    plan = await shelf.plan(wanted, context.caller)
    more = await world_gates(plan, context)
    view = await shelf.outline(request.playbook, context.caller, now=now)
    given = {name: value for name, value in typed(request).items() if name != "dry_run"}
    return planned(
        plan.model_copy(update={"gates": (*plan.gates, *more)}),
        picture=graph(view, now=now) if view else None,
        again=Action(label="Run it", command=_COMMAND, arguments=given, style="success"),
    )


def _asked_by(delivery: str) -> tuple[str, str]:
    """Return what a start is known by, and its cause.

    Schedules, events and webhooks say so in their delivery; what was refused before may be asked
    for again, with a number behind a space, and is the same start.
    """
    kind, _, rest = delivery.partition(":")
    if kind not in _BY_ITSELF:
        return delivery, "asked"
    return delivery.partition(" ")[0], f"{kind}:{rest.partition(':')[0]}"
