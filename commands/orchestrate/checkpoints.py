"""``/orchestrate checkpoints``: the moments that a run can be resumed from."""

from __future__ import annotations

from pydantic import Field

from commands.orchestrate.card import looked_at
from commands.orchestrate.spelling import counted
from tgk.command import command
from tgk.context import Context
from tgk.options import Request, RunId
from tgk.reply import Action, Fact, Facts, Plain, Reply, Table

_BUTTONS = 4
_NONE = "Run with --checkpoint, or pause with it, to keep some; failures and pauses keep their own."


class Checkpoints(Request):
    """List the checkpoints of a run."""

    workflow: RunId = Field(description="a run, or current")


@command("orchestrate checkpoints", permission="orchestrate")
async def checkpoints(request: Checkpoints, context: Context) -> Reply:
    """List them, oldest first, with a button for the newest."""
    view = await looked_at(request.workflow, context)
    found = await context.backends.runs.checkpoints(view.id)
    rows = tuple(
        (each.id, f"{each.at:%Y-%m-%d %H:%M:%S}", each.step or "end", str(each.done), each.reason)
        for each in found
    )
    title = (
        f"{counted(len(rows), 'checkpoint')} of {view.id}"
        if rows
        else f"{view.id} has no checkpoints"
    )
    buttons = tuple(
        Action(
            label=f"Resume from {each.id}",
            command="orchestrate resume",
            arguments={"workflow": view.id, "checkpoint": each.id},
        )
        for each in found[::-1][:_BUTTONS]
    )
    table = Table(columns=("Id", "At (UTC)", "Next step", "Done", "Why"), rows=rows)
    return Reply(
        topic="orchestrate",
        title=title,
        blocks=(table,) if rows else (Facts(facts=(Fact(label="Do", value=_NONE),)),),
        actions=buttons,
        plain=Plain(headline=title, lines=tuple("  ".join(row) for row in rows) or (_NONE,)),
        data={"checkpoints": [each.model_dump(mode="json") for each in found]},
    )
