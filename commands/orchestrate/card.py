"""The card of a run: the same while it goes on, at its end, and when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.log import log_of
from commands.orchestrate.spelling import shortened, written
from orchestration.runs.progress import progress
from orchestration.runs.shape import walk
from orchestration.runs.wording import took, wanted
from tgk.errors import Missing
from tgk.plain import in_words
from tgk.ports.runs import ENDED, RunFilter
from tgk.reply import Action, Fact, Facts, Log, Plain, Progress, Reply, Stage, Text

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.context import Context
    from tgk.ports.runs import RunState, RunView, StepState, StepView
    from tgk.reply import Block, StageState, Tone

CURRENT = "current"
_RECENT = 100
"""Runs among which the asker's own are looked for."""
_TONES: dict[RunState, Tone] = {
    "queued": "off", "running": "running", "waiting": "warning", "paused": "warning",
    "undoing": "warning", "succeeded": "ok", "failed": "bad", "cancelled": "warning",
    "timed_out": "bad", "rolled_back": "bad", "rollback_failed": "bad", "forced": "warning",
}  # fmt: skip
WORDS: dict[RunState, str] = {
    "queued": "waits for its turn", "running": "is running", "waiting": "waits",
    "paused": "is paused", "undoing": "is being rolled back", "succeeded": "succeeded",
    "failed": "failed", "cancelled": "was cancelled", "timed_out": "ran out of time",
    "rolled_back": "failed and was rolled back", "rollback_failed": "failed, NOT all rolled back",
    "forced": "was ended by hand",
}  # fmt: skip
_STAGES: dict[StepState, StageState] = {
    "pending": "waiting", "running": "running", "waiting": "paused", "succeeded": "done",
    "failed": "failed", "skipped": "skipped", "cancelled": "skipped", "timed_out": "failed",
    "kept": "done", "undone": "skipped",
}  # fmt: skip
_FAILED = ("failed", "timed_out")
_GOING = ("queued", "running", "waiting", "undoing")
_MOST_FAILURES = 5
BAD: frozenset[RunState] = frozenset({"failed", "timed_out", "rolled_back", "rollback_failed"})


async def meant(run: str, context: Context) -> RunView:
    """Return the run that somebody names; ``current`` is theirs that goes on, or the only one."""
    if run == CURRENT:
        return await context.backends.runs.current(context.caller.person)
    return await context.backends.runs.view(run)


async def looked_at(run: str, context: Context) -> RunView:
    """Return the run that somebody names; while none goes on, ``current`` is their newest."""
    try:
        return await meant(run, context)
    except Missing:
        own = await _own(RunFilter(limit=_RECENT), context) if run == CURRENT else None
        if own is None:
            raise
        return own


async def stopped(run: str, context: Context) -> RunView:
    """Return the run that somebody names to go on with; ``current`` is their newest paused one."""
    paused = RunFilter(states=frozenset({"paused"}), limit=_RECENT)
    own = await _own(paused, context) if run == CURRENT else None
    return own or await looked_at(run, context)


async def _own(wanted: RunFilter, context: Context) -> RunView | None:
    """Return the newest of the asker's own runs."""
    found = await context.backends.runs.find(wanted)
    own = next((each for each in found if each.starter.person == context.caller.person), None)
    return await context.backends.runs.view(own.id) if own else None


def card(view: RunView, now: datetime, *, detailed: bool = False) -> Reply:
    """Return what a run looks like now."""
    from orchestration.runs.picture import graph, tree  # most starts of a bot draw nothing

    over = view.state in ENDED
    headline = f"{view.playbook} {state_of(view)}"
    facts, failures = _facts(view, now), _failures(view)
    blocks: list[Block] = [facts, *failures, _progress(view)]
    if view.steps:
        blocks.append(graph(view, now=now).model_copy(update={"passing": not over}))
    log = [Log(lines=log_of(view), filename=f"{view.id}.log")] if detailed else []
    blocks += log
    return Reply(
        topic="orchestrate",
        title=headline,
        tone=_TONES[view.state],
        subtitle=view.id,
        blocks=tuple(blocks),
        actions=_actions(view),
        failed=view.state in BAD,
        plain=Plain(
            headline=f"{view.id} {headline}",
            lines=(*in_words([facts, *failures]), *tree(view, now=now), *in_words(log)),
        ),
        data={**view.model_dump(mode="json"), "links": {"workflow": view.id}},
    )


def state_of(view: RunView) -> str:
    """Return how it stands in words: one that waits is not paused yet, but will be."""
    if view.pausing:
        return "pauses after this step"
    if view.continued:
        return f"goes on as {view.continued}"
    awaited = wanted(view) if view.state in _GOING else ""
    if view.state in ("waiting", "queued"):
        return awaited or WORDS[view.state]
    return f"{WORDS[view.state]}, and {awaited}" if awaited else WORDS[view.state]


def followed(view: RunView, now: datetime) -> Reply:
    """Return the end of a run for whoever waited for it, with the log of its steps."""
    return card(view, now, detailed=True)


def _failures(view: RunView) -> tuple[Text, ...]:
    """Return why each step failed, the last time, but for what the run itself says of its end."""
    told = ((_why(step), step.path) for step in walk((*view.steps, *view.undoes)))
    paths = {why: path for why, path in told if why}  # a group repeats its step's
    lines = [shortened(f"{path}: {why}") for why, path in paths.items() if why not in view.reason]
    if len(lines) > _MOST_FAILURES:
        lines[_MOST_FAILURES:] = [f"… and {len(lines) - _MOST_FAILURES} more"]
    return (Text(text="\n".join(lines), style="quote"),) if lines else ()


def _why(step: StepView) -> str:
    """Return why it failed, or why it waits for another try."""
    if step.state == "waiting" and step.tries and step.tries[-1].ended == step.began:
        return step.tries[-1].note
    return step.note if step.state in _FAILED else ""


def lasted(view: RunView, now: datetime) -> float:
    """Return the seconds since a run began, until its end or until now."""
    return ((view.ended or now) - (view.began or view.asked)).total_seconds()


def _facts(view: RunView, now: datetime) -> Facts:
    given = ", ".join(f"{key}={written(value)}" for key, value in view.parameters.items())
    facts = [
        Fact(label="Why", value=shortened(view.reason)),
        Fact(label="Waits for", value=view.waits_for),
        Fact(label="Started by", value=view.starter.person),
        Fact(label="Asked", at=view.asked),
        Fact(label="Parameters", value=given, code=True),
        Fact(label="Takes" if view.ended is None else "Took", value=took(lasted(view, now))),
        Fact(label="Cause", value="" if view.cause == "asked" else view.cause),
        Fact(label="Goes on by itself", at=view.until),
        Fact(label="Must end by", at=view.deadline if view.ended is None else None),
        Fact(label="Continues", value=_generation(view.previous)),
        Fact(label="Finally", value=_last_words(view)),
        Fact(label="Kept with", value=view.kept_with),
    ]
    return Facts(facts=tuple(fact for fact in facts if fact.value or fact.at))


def _last_words(view: RunView) -> str:
    """Return when the steps that every ending has are played, where this was no ending."""
    has_some = any(step.kind == "finally" for step in view.steps)
    return f"comes once, at the end of {view.continued}" if view.continued and has_some else ""


def _generation(run: str) -> str:
    """Return what to name a generation by: the bare id means the newest one."""
    return f"{run}.1" if run and "." not in run else run


def _progress(view: RunView) -> Progress:
    stages = tuple(
        Stage(name=step.name, state=state, note="" if state == "done" else _note(step, view))
        for step in view.steps
        for state in (_STAGES[step.state],)
    )
    done, total = progress(view)  # as on the picture beneath
    return Progress(done=done, total=total, note="steps", stages=stages)


def _note(step: StepView, view: RunView) -> str:
    """Return what is to be said of a step; why it failed stands above it already."""
    if step.state == "undone":
        return "rolled back"
    tries = f"attempt {step.attempt} of {step.attempts}" if step.attempt > 1 else ""
    note = "" if step.state in _FAILED or step.note in view.reason else step.note
    return " · ".join(part for part in (tries, note) if part)


def _actions(view: RunView) -> tuple[Action, ...]:
    given = {"workflow": view.id}
    details = Action(
        label="Details", command="orchestrate status", arguments={**given, "detailed": True}
    )
    more: tuple[Action, ...]
    if view.continued:
        given = {"workflow": view.continued}
        more = (Action(label="Status", command="orchestrate status", arguments=given),)
    elif view.state == "paused":
        more = (
            Action(label="Resume", command="orchestrate resume", arguments=given, style="success"),
        )
    elif view.state in BAD or view.state == "cancelled":
        skip = {**given, "skip_failed": True}
        more = (
            Action(label="Resume", command="orchestrate resume", arguments=given, style="primary"),
            Action(label="Resume, skip failed", command="orchestrate resume", arguments=skip),
        )
    elif view.state in ENDED:
        more = (Action(label="Analyze", command="orchestrate analyze", arguments=given),)
    else:
        more = (
            Action(label="Pause…", command="orchestrate pause", arguments=given, asks=("reason",)),
        )
    return (*more, details)
