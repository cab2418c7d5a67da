"""The log of a run: what began, what ended and how, each line with the time at which it was so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from orchestration.runs.wording import took

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tgk.ports.runs import RunView, StepState, StepView

_HOLDERS = frozenset({"then", "else", "branch", "item", "finally", "on_failure", "on_success"})
"""Kinds of what only holds steps: their own lines say all there is to say."""
_WORDS: dict[StepState, str] = {
    "pending": "to come", "timed_out": "timed out", "kept": "kept", "undone": "ended",
}  # fmt: skip
_NO_TIME, _NO_TIME_OF_A_DAY = "--:--:--", "-----"


class _Event(NamedTuple):
    at: datetime | None
    """None for what has not begun."""
    word: str
    path: str
    told: str = ""
    more: str = ""


def log_of(view: RunView) -> tuple[str, ...]:
    """Return what happened, oldest first, then what did not; for debugging what was found, too."""
    events = [each for step in (*view.steps, *view.undoes) for each in _events(step, view)]
    happened = sorted((each for each in events if each.at), key=lambda each: each.at or view.asked)
    days = {each.at.date() for each in happened if each.at}
    form = "%H:%M:%S" if len(days) < 2 else "%m-%d %H:%M:%S"  # noqa: PLR2004 - midnight between
    waiting = (each for each in events if each.at is None)
    lines = tuple(line for each in (*happened, *waiting) for line in _lines(each, form))
    return lines or ("nothing has begun yet",)


def _lines(event: _Event, form: str) -> Iterator[str]:
    unknown = _NO_TIME if form == "%H:%M:%S" else f"{_NO_TIME_OF_A_DAY} {_NO_TIME}"
    time = event.at.strftime(form) if event.at else unknown
    yield " ".join(part for part in (time, f"{event.word:<9}", event.path, event.told) if part)
    if event.more:
        yield f"    {event.more}"


def _events(step: StepView, view: RunView) -> Iterator[_Event]:
    """Yield what is known of a step around what is known of those inside of it."""
    inside = [each for inner in step.steps for each in _events(inner, view)]
    if step.kind in _HOLDERS:
        yield from inside
        return
    yield from _tried(step)
    own = step.state not in ("skipped", "kept") or bool(inside)
    if step.began and step.ended and own:
        yield _Event(step.began, "began", step.path, _in_brackets(_try(step), _wait(step)))
    if step.freed:
        told = _in_brackets("by people", _since(step.began, step.freed))
        yield _Event(step.freed, "decided", step.path, told)
    yield from inside
    yield _last(step, view)


def _tried(step: StepView) -> Iterator[_Event]:
    """Yield the attempts before the last one."""
    before: datetime | None = None
    for number, each in enumerate(step.tries, 1):
        which = f"attempt {number}"
        yield _Event(
            each.began, "began", step.path, _in_brackets(which, _since(before, each.began))
        )
        audit = f"audit {each.reference}" if each.reference else ""
        told = " ".join(part for part in (_in_brackets(which, each.note), audit) if part)
        yield _Event(each.ended, _word(each.state), step.path, told)
        before = each.ended


def _last(step: StepView, view: RunView) -> _Event:
    """Return how it ended, or how it stands."""
    if step.state == "waiting" and step.tries and step.tries[-1].ended == step.began:
        return _Event(step.began, "waits", step.path, f"({step.note.partition(': ')[0]})")
    told_inside = step.note in {each.note for each in step.steps}
    note = "" if step.state == "pending" or told_inside else step.note
    back = "rolled back later" if step.state == "undone" else ""
    told = _in_brackets(_try(step), "" if step.ended else _wait(step), back, note)
    audit = f"audit {step.reference}" if step.reference else ""
    found = view.request.debug and step.output
    return _Event(
        at=step.ended or step.began,
        word=_word(step.state) if step.ended or not step.began else "began",
        path=step.path,
        told=" ".join(part for part in (told, audit) if part),
        more=json.dumps(step.output, ensure_ascii=False, default=str) if found else "",
    )


def _try(step: StepView) -> str:
    return f"attempt {step.attempt} of {step.attempts}" if step.attempt > 1 else ""


def _wait(step: StepView) -> str:
    """Return how long it was waited before the last attempt."""
    return _since(step.tries[-1].ended, step.began) if step.tries else ""


def _since(before: datetime | None, began: datetime | None) -> str:
    if before is None or began is None or began <= before:
        return ""
    return f"after a wait of {took((began - before).total_seconds())}"


def _word(state: StepState) -> str:
    return _WORDS.get(state, state)


def _in_brackets(*parts: str) -> str:
    told: Sequence[str] = [part for part in parts if part]
    return f"({' · '.join(told)})" if told else ""
