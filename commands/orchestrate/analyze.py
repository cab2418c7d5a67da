"""``/orchestrate analyze``: where the time of a run went, beside the runs before it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import Field

from commands.orchestrate.card import WORDS, looked_at
from orchestration.runs.wording import counted, took
from tgk.command import command
from tgk.context import Context
from tgk.options import Request, RunId
from tgk.plain import in_words
from tgk.ports.runs import ENDED, RunFilter
from tgk.reply import Action, Fact, Facts, Plain, Reply, Table, Text

if TYPE_CHECKING:
    from orchestration.runs.findings import Analysis, StepTime
    from tgk.ports.runs import RunView

_EARLIER = 20
_ROWS = 10


class Analyze(Request):
    """Show where the time of a run went, and compare it with earlier runs."""

    workflow: RunId = Field(description="a run, or current")


@command("orchestrate analyze", permission="orchestrate", slow=True)
async def analyze(request: Analyze, context: Context) -> Reply:
    """Compare with at most twenty earlier runs of the same playbook."""
    from orchestration.runs.analysis import analyze as analysed  # most starts need neither
    from orchestration.runs.picture import gantt

    view = await looked_at(request.workflow, context)
    earlier = await _earlier(view, context)
    now = context.clock.now()
    found = analysed(view, earlier, now=now)
    paused = f", {took(found.paused)} of it paused" if found.paused else ""
    title = f"{view.playbook}: {took(found.seconds)}{paused}, {_beside(view, found)}"
    facts = _facts(view, found)
    table = Table(columns=("Step", "Time", "Usually", ""), rows=_rows(found))
    return Reply(
        topic="orchestrate",
        title=title,
        subtitle=view.id,
        blocks=(
            facts,
            gantt(view, earlier=earlier, now=now),
            table,
            *(Text(text=each, style="small") for each in found.suggestions),
        ),
        actions=(
            Action(
                label="Trace", command="orchestrate trace",
                arguments={"workflow": view.id, "export": True},
            ),
        ),
        plain=Plain(headline=title, lines=(*in_words((facts, table)), *found.suggestions)),
        data=asdict(found),
    )  # fmt: skip


async def _earlier(view: RunView, context: Context) -> tuple[RunView, ...]:
    runs = context.backends.runs
    wanted = RunFilter(states=ENDED, playbook=view.playbook, limit=_EARLIER + 1)
    others = [each.id for each in await runs.find(wanted) if each.id != view.id]
    return tuple([await runs.view(each) for each in others[:_EARLIER]])


def _beside(view: RunView, found: Analysis) -> str:
    """Compare whole runs, where there are enough of them to say what is usual."""
    from orchestration.runs.advice import FEW_RUNS

    if view.previous:
        return f"goes on from {view.previous}"
    if not found.earlier or found.median is None:
        return "the first of its kind"
    if not found.median or found.earlier < FEW_RUNS:
        return counted(found.earlier, "earlier run")
    change = (found.gone / found.median - 1) * 100
    return f"{abs(change):.0f} % {'slower' if change > 0 else 'faster'} than usual"


def _facts(view: RunView, found: Analysis) -> Facts:
    facts = (
        Fact(label="State", value=WORDS[view.state]),
        Fact(label="Working", value=took(found.working)),
        Fact(label="Waiting", value=took(found.waiting)),
        Fact(label="Paused", value=took(found.paused) if found.paused else ""),
        Fact(label="Queued", value=took(found.queued)),
        Fact(label="Critical path", value=" → ".join(found.critical)),
        Fact(label="Compared with", value=counted(found.earlier, "run") if found.earlier else ""),
    )
    return Facts(facts=tuple(fact for fact in facts if fact.value))


def _rows(found: Analysis) -> tuple[tuple[str, ...], ...]:
    shown = found.slowest[:_ROWS]
    return tuple(_row(step, shown) for step in shown)


def _row(step: StepTime, others: tuple[StepTime, ...]) -> tuple[str, ...]:
    usual = took(step.median) if step.median is not None else ""
    marks = ["critical"] if step.critical else []
    if step.attempts > 1:
        marks.append(f"{step.attempts} attempts")
    return _called(step, others), took(step.seconds), usual, ", ".join(marks)


def _called(step: StepTime, others: tuple[StepTime, ...]) -> str:
    """Return a step's name, and its path where others are called the same."""
    names = [each.name for each in others]
    return step.name if names.count(step.name) == 1 else step.path
