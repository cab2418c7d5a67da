"""``/orchestrate pause``: begin no more steps; what is under way ends and is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from commands.orchestrate.card import card, meant
from tgk.command import command
from tgk.context import Context
from tgk.options import Request, RunId
from tgk.ports.runs import RunView
from tgk.reply import Action, Fact, Facts, Plain, Reply


class Pause(Request):
    """Pause a run; steps under way end, no new one begins."""

    workflow: RunId = Field(description="a run, or current")
    reason: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="why; everybody who looks reads it"
    )
    checkpoint: bool = Field(default=False, description="keep a checkpoint to return to")
    timeout: float | None = Field(
        default=None, gt=0, le=43200, description="minutes until it goes on by itself"
    )


@command("orchestrate pause", permission="orchestrate", effect="change", mirror=("#deployments",))
async def pause(request: Pause, context: Context) -> Reply:
    """Close the gate."""

    async def named() -> RunView:
        return await meant(request.workflow, context)

    before = await context.steps.once("named", named, RunView)

    async def close() -> RunView:
        now = context.clock.now()
        return await context.backends.runs.pause(
            before.id,
            who=context.caller.person,
            reason=request.reason or f"paused by {context.caller.person}",
            until=now + timedelta(minutes=request.timeout) if request.timeout else None,
            checkpoint=request.checkpoint,
            delivery=context.invocation.delivery,
        )

    view = await context.steps.once("pause", close, RunView)
    return _paused(view, context)


def _paused(view: RunView, context: Context) -> Reply:
    """Return what was done: no card of the run, which would stand still while the run goes on."""
    shown = card(view, context.clock.now())
    title = f"{view.playbook} {'pauses after this step' if view.pausing else 'is paused'}"
    going = [step.name for step in view.steps if step.state in ("running", "waiting")]
    facts = (
        Fact(label="Why", value=view.reason),
        Fact(label="Under way", value=", ".join(going) if view.pausing else ""),
        Fact(label="Waits for", value=view.waits_for),
        Fact(label="Goes on by itself", at=view.until),
    )
    given = {"workflow": view.id}
    return shown.model_copy(
        update={
            "title": title,
            "tone": "warning",
            "blocks": (Facts(facts=tuple(fact for fact in facts if fact.value or fact.at)),),
            "actions": (
                Action(label="Resume", command="orchestrate resume", arguments=given),
                Action(label="Details", command="orchestrate status", arguments=given),
            ),
            "failed": False,
            "plain": Plain(headline=f"{view.id} {title}", lines=_lines(facts)),
        }
    )


def _lines(facts: tuple[Fact, ...]) -> tuple[str, ...]:
    told = (f"{fact.label}: {fact.value}" for fact in facts if fact.value)
    until = (f"{fact.label}: {fact.at:%Y-%m-%d %H:%M} UTC" for fact in facts if fact.at)
    return (*told, *until)
