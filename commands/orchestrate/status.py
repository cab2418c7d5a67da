"""``/orchestrate status``: one run, those that go on, or what happened lately."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from commands.orchestrate.card import WORDS, card, lasted, looked_at
from orchestration.runs.wording import counted, took
from tgk.command import command
from tgk.context import Context
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.options import Request, RunId
from tgk.plain import in_words
from tgk.ports.runs import ENDED, RunFilter, RunState
from tgk.reply import Action, Fact, Facts, Plain, Reply, Table

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.ports.runs import RunView

_MOST = 50
_BUTTONS = 4
_GOING: frozenset[RunState] = frozenset({"queued", "running", "waiting", "paused", "undoing"})


class Status(Request):
    """Show a run, or list runs."""

    workflow: RunId | None = Field(default=None, description="a run, or current")
    all: bool = Field(default=False, description="every run, ended ones included")
    running: bool = Field(default=False, description="only runs that have not ended")
    history: int | None = Field(default=None, ge=1, le=365, description="days to look back")
    detailed: bool = Field(default=False, description="with the log of every step")


@command("orchestrate status", permission="orchestrate")
async def status(request: Status, context: Context) -> Reply:
    """Look at one run or at many."""
    if request.all and request.running:
        raise InvalidRequest("orchestrate status", [ArgumentFault("running", "not with --all")])
    now = context.clock.now()
    if request.workflow:
        return card(await looked_at(request.workflow, context), now, detailed=request.detailed)
    found = await context.backends.runs.find(_filter(request, now))
    rows = tuple(_row(view, now) for view in found)
    going = sum(view.state not in ENDED for view in found)
    title, blocks = _counted(len(rows), going), _blocks(rows, request)
    return Reply(
        topic="orchestrate",
        title=title,
        tone="running" if going else "off",
        blocks=blocks,
        actions=tuple(
            Action(
                label=view.id, command="orchestrate status",
                arguments={"workflow": view.id, "detailed": True},
            )
            for view in found[:_BUTTONS]
        ),
        plain=Plain(headline=title, lines=tuple(" ".join(row) for row in rows) or in_words(blocks)),
        data={"runs": [view.model_dump(mode="json", exclude={"steps"}) for view in found]},
    )  # fmt: skip


def _counted(all_: int, going: int) -> str:
    if not all_:
        return "No runs"
    listed = counted(all_, "run")
    return listed if going == all_ else f"{listed}, {going or 'none'} going on"


def _filter(request: Status, now: datetime) -> RunFilter:
    """Without options what goes on is shown; ``all`` and ``history`` show what ended as well."""
    ended = request.all or (request.history is not None and not request.running)
    since = now - timedelta(days=request.history) if request.history else None
    return RunFilter(states=frozenset() if ended else _GOING, since=since, limit=_MOST)


def _blocks(rows: tuple[tuple[str, ...], ...], request: Status) -> tuple[Table | Facts, ...]:
    if rows:
        return (Table(columns=("Run", "Playbook", "State", "By", "Time"), rows=rows),)
    more = "" if request.all else "/orchestrate status --all shows what has ended."
    start = "/orchestrate library lists what could be run."
    return (
        Facts(facts=(Fact(label="Do", value=" ".join(part for part in (more, start) if part)),)),
    )


def _row(view: RunView, now: datetime) -> tuple[str, ...]:
    state = WORDS[view.state].removeprefix("is ")
    return view.id, view.playbook, state, view.starter.person, took(lasted(view, now))
