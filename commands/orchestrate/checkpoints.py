"""``/orchestrate checkpoints``: the moments that a run can be resumed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from commands.orchestrate.card import looked_at
from orchestration.runs.wording import counted
from tgk.command import command
from tgk.context import Context
from tgk.options import Request, RunId
from tgk.ports.runs import ENDED
from tgk.reply import Action, Fact, Facts, Plain, Reply, Table

if TYPE_CHECKING:
    from tgk.ports.runs import Checkpoint, RunView

_BUTTONS = 4
_NONE = "Run with --checkpoint, or pause with it, to keep some; failures and pauses keep their own."


class Checkpoints(Request):
    """List the checkpoints of a run."""

    workflow: RunId = Field(description="a run, or current")


@command("orchestrate checkpoints", permission="orchestrate")
async def checkpoints(request: Checkpoints, context: Context) -> Reply:
    """List them, oldest first, with a button for the newest that can be resumed from now."""
    view = await looked_at(request.workflow, context)
    found = await context.backends.runs.checkpoints(view.id)
    own = [each for each in found if each.run == view.id]
    rows = tuple(_row(each, view) for each in found)
    title = f"{counted(len(own), 'checkpoint')} of {view.id}"
    advice = _advice(view, own)
    table = Table(columns=("Id", "At (UTC)", "Next step", "Done", "Why"), rows=rows)
    hint = Facts(facts=(Fact(label="Do", value=advice),))
    return Reply(
        topic="orchestrate",
        title=title if own else f"{view.id} has no checkpoints",
        blocks=(*((table,) if rows else ()), *((hint,) if advice else ())),
        actions=() if advice else tuple(_button(each) for each in own[::-1][:_BUTTONS]),
        plain=Plain(
            headline=title if own else f"{view.id} has no checkpoints",
            lines=(*("  ".join(row) for row in rows), *((advice,) if advice else ())),
        ),
        data={"checkpoints": [each.model_dump(mode="json") for each in found]},
    )


def _row(checkpoint: Checkpoint, view: RunView) -> tuple[str, ...]:
    """Return one with why it was kept, and whether its generation is over."""
    gone = "" if checkpoint.run == view.id else f"; {view.id} has gone on since"
    at, step = f"{checkpoint.at:%Y-%m-%d %H:%M:%S}", checkpoint.step or "end"
    return checkpoint.id, at, step, str(checkpoint.done), f"{checkpoint.reason}{gone}"


def _advice(view: RunView, own: list[Checkpoint]) -> str:
    """Return what to do first; empty where one can be resumed from at once."""
    if not own:
        return _NONE
    rests = view.state in ENDED or (view.state == "paused" and not view.pausing)
    return "" if rests else f"/orchestrate pause {view.id} first: what goes on is not resumed."


def _button(checkpoint: Checkpoint) -> Action:
    return Action(
        label=f"Resume from {checkpoint.id}",
        command="orchestrate resume",
        arguments={"workflow": checkpoint.run, "checkpoint": checkpoint.id},
    )
