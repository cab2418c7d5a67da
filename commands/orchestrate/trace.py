"""``/orchestrate trace``: what a run did and when, as spans that other tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from pydantic import Field

from commands.orchestrate.card import looked_at
from orchestration.runs.shape import walk
from orchestration.runs.wording import took
from tgk.command import command
from tgk.context import Context
from tgk.options import Request, RunId
from tgk.plain import in_words
from tgk.reply import Action, Fact, Facts, Log, Plain, Reply, Table

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.ports.runs import RunView

_ROWS = 40


class Trace(Request):
    """Show the trace of a run, or export it as OTLP JSON."""

    workflow: RunId = Field(description="a run, or current")
    export: bool = Field(default=False, description="as a file of OTLP JSON, and a diagram")


@command("orchestrate trace", permission="orchestrate")
async def trace(request: Trace, context: Context) -> Reply:
    """Return the spans; an export holds everything, the card the first forty."""
    from orchestration.runs.picture import mermaid  # most starts need none of these
    from orchestration.runs.tracing import trace as traced
    from orchestration.runs.tracing import trace_id

    view = await looked_at(request.workflow, context)
    now = context.clock.now()
    exported = traced(view, now=now)
    facts = Facts(
        facts=(
            Fact(label="Trace id", value=trace_id(view.id, view.mark), code=True),
            Fact(label="Playbook", value=f"{view.playbook} {view.version}".strip()),
        )
    )
    title, rows = f"Trace of {view.id}", _rows(view, now)
    table = Table(columns=("At (UTC)", "Step", "State", "Took"), rows=rows[:_ROWS])
    text = orjson.dumps(exported, option=orjson.OPT_INDENT_2).decode()
    files = (
        Log(lines=tuple(text.splitlines()), filename=f"{view.id}-otlp.json", document=True),
        Log(lines=tuple(mermaid(view).splitlines()), filename=f"{view.id}.mmd"),
    )
    more = Action(
        label="Export", command="orchestrate trace",
        arguments={"workflow": view.id, "export": True},
    )  # fmt: skip
    blocks = (facts, *(files if request.export else (table,)))
    whole = blocks if request.export else (facts, table.model_copy(update={"rows": rows}))
    return Reply(
        topic="orchestrate",
        title=title,
        subtitle=view.id,
        blocks=blocks,
        actions=() if request.export else (more,),
        plain=Plain(headline=title, lines=in_words(whole)),
        data=exported,
    )


def _rows(view: RunView, now: datetime) -> tuple[tuple[str, ...], ...]:
    """Return when each step began, and how long it took or has taken."""
    return tuple(
        (
            f"{step.began:%H:%M:%S}" if step.began else "",
            step.path,
            step.state,
            took(((step.ended or now) - step.began).total_seconds()) if step.began else "",
        )
        for step in walk(view.steps)
    )
