"""``/orchestrate resume``: go on with a paused run, or with one that ended badly."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from commands.orchestrate.card import stopped
from commands.orchestrate.following import follow
from commands.orchestrate.needs import require_places, require_right
from commands.orchestrate.veil import veiled
from tgk.command import command
from tgk.context import Context
from tgk.doors import OUTSIDE_OF_PLAYBOOKS
from tgk.options import CheckpointId, Pairs, Request, RunId
from tgk.ports.runs import RunView
from tgk.reply import Reply

_COMMAND = "orchestrate resume"


class Resume(Request):
    """Resume a run from where it stopped, from a step, or from a checkpoint."""

    workflow: RunId = Field(description="a run, or current")
    from_step: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="name or path of the first step to run again"
    )
    skip_failed: bool = Field(default=False, description="go on behind the steps that failed")
    parameters: Pairs = Field(default={}, description='changed values, as in "version=v1.4.1"')
    checkpoint: CheckpointId | None = Field(default=None, description="such as CP-123")


async def works_where_allowed(request: Resume, context: Context) -> None:
    """Refuse changed parameters that would let the run work where the asker may run nothing."""
    require_places(_COMMAND, request.parameters)
    if request.parameters:
        view = await stopped(request.workflow, context)
        known = {name: str(value) for name, value in view.parameters.items()}
        await require_right(
            "orchestrate run",
            {"playbook": view.playbook},
            context,
            playbook=view.playbook,
            parameters={**known, **request.parameters},
        )


@command(
    _COMMAND,
    permission="orchestrate",
    effect="change",
    check=works_where_allowed,
    veil=veiled,
    mirror=("#deployments", "council"),
    slow=True,
    doors=OUTSIDE_OF_PLAYBOOKS,
)
async def resume(request: Resume, context: Context) -> Reply:
    """Open the gate or begin a new generation, and follow it to its end."""
    runs = context.backends.runs

    async def named() -> RunView:
        return await stopped(request.workflow, context)

    before = await context.steps.once("named", named, RunView)

    async def go_on() -> RunView:
        return await runs.resume(
            before.id,
            who=context.caller,
            from_step=request.from_step,
            skip_failed=request.skip_failed,
            parameters=request.parameters or None,
            checkpoint=request.checkpoint or "",
            delivery=context.invocation.delivery,
        )

    view = await context.steps.once("resume", go_on, RunView)
    shown = await follow(view, context)
    # Whoever started a run that was paused follows it still, and its end is told to others once.
    return shown.model_copy(update={"mirrored": view.id != before.id})
