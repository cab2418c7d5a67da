"""``/orchestrate complete``: end a run by hand that will not end by itself."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

from pydantic import Field, StringConstraints

from commands.orchestrate.card import WORDS, card, meant
from tgk.command import Confirmation, command
from tgk.context import Context
from tgk.errors import ArgumentFault, Conflict, InvalidRequest
from tgk.options import Request, RunId
from tgk.ports.runs import ENDED, RunView
from tgk.reply import Action, Blank, Fact, Facts, Reply

_COMMAND = "orchestrate complete"
_PATIENCE_SECONDS = 15.0
"""How long the answer waits for the last steps of the run."""


class Complete(Request):
    """End a run by hand: steps under way are stopped, its finally steps run."""

    workflow: RunId = Field(description="a run, or current")
    force: bool = Field(default=False, description="needed: nothing is undone by this")
    reason: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="why; kept with the run"
    )
    typed: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="", description="the run's id once more, to confirm"
    )


async def is_meant(request: Complete, context: Context) -> None:
    """Demand ``--force``, and the id in full when it is confirmed."""
    if not request.force:
        fault = ArgumentFault("force", "needed: the run ends as it stands")
        remedy = "Add --force, or hold the run instead: /orchestrate pause"
        raise InvalidRequest(_COMMAND, [fault], remedy=f"{remedy} {request.workflow}")
    view = await meant(request.workflow, context)
    if view.state in ENDED:
        remedy = f"/orchestrate status {view.id} shows how it ended."
        raise Conflict(f"{view.id} is over already.", why=f"It {WORDS[view.state]}.", remedy=remedy)
    remedy = f"Add {_typed(view)}."
    if context.invocation.confirmed and not request.typed.strip():
        fault = ArgumentFault("typed", f"needed: {view.id}, to confirm")
        raise InvalidRequest(_COMMAND, [fault], remedy=remedy)
    if request.typed and request.typed.strip() != view.id:
        fault = ArgumentFault("typed", f"that is not {view.id}; nothing was done")
        raise InvalidRequest(_COMMAND, [fault], remedy=remedy)


def _typed(view: RunView) -> str:
    """Return the option that confirms."""
    return f"--typed {view.id}"


async def question(request: Complete, context: Context) -> Reply:
    """Ask for the id, typed."""
    view = await meant(request.workflow, context)
    given = {"workflow": view.id, "force": True, "reason": request.reason}
    going = [step.name for step in view.steps if step.state in ("running", "waiting")]
    facts = (
        Fact(label="Under way", value=", ".join(going) or "nothing"),
        Fact(label="Not undone", value="what was done stays as it is"),
        Fact(label="Confirm", value=f"type {view.id}"),
    )
    return Reply(
        topic="orchestrate",
        title=f"End {view.id} ({view.playbook}) by hand?",
        tone="warning",
        blocks=(Facts(facts=facts),),
        actions=(
            Action(
                label="Type the id…", command=_COMMAND, arguments=given, asks=("typed",),
                blanks=(Blank(name="typed", description=f"{view.id}, to confirm"),),
                style="danger", confirms=True, only=context.caller.person,
            ),
        ),
        data={"workflow": view.id, "confirm": _typed(view)},
    )  # fmt: skip


@command(
    _COMMAND,
    permission="orchestrate",
    effect="change",
    check=is_meant,
    confirm=Confirmation(when=lambda request, _: not request.typed, question=question),
)
async def complete(request: Complete, context: Context) -> Reply:
    """Force the end; whoever follows the run since its start tells everybody else."""

    async def named() -> RunView:
        return await meant(request.workflow, context)

    before = await context.steps.once("named", named, RunView)

    async def force() -> RunView:
        return await context.backends.runs.complete(
            before.id,
            who=context.caller.person,
            reason=request.reason or f"ended by {context.caller.person}",
            delivery=context.invocation.delivery,
        )

    view = await context.steps.once("complete", force, RunView)
    with contextlib.suppress(TimeoutError):  # its finally steps take longer: the card says so
        async with asyncio.timeout(_PATIENCE_SECONDS):
            view = await context.backends.runs.ended(view.id, _unwatched)
    shown = card(view, context.clock.now())
    if view.state in ENDED:
        return shown
    title = f"{view.playbook} was ended by hand, and does its last steps"
    return shown.model_copy(update={"title": title})


async def _unwatched(view: RunView) -> None:
    """Look away: only the end is of interest."""
