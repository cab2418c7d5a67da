"""Times, states and results of runs in words that people use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.runs.shape import walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tgk.ports.runs import RunState, RunView, StepState, StepView

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TENTHS_BELOW = 10.0
_NAMED = 4
"""As many people are named where somebody is waited for."""

STATE_WORDS: Mapping[StepState | RunState, str] = {
    "pending": "to come", "queued": "queued", "running": "running", "waiting": "waiting",
    "paused": "paused", "undoing": "being rolled back", "succeeded": "done", "failed": "failed",
    "skipped": "skipped", "cancelled": "cancelled", "timed_out": "timed out", "kept": "kept",
    "undone": "rolled back", "rolled_back": "rolled back", "rollback_failed": "not all rolled back",
    "forced": "ended by hand",
}  # fmt: skip


def took(seconds: float) -> str:
    """Return a span of time as people say it: ``0.4 s``, ``12 s``, ``3 m 05 s``, ``2 h 10 m``."""
    seconds = max(0.0, seconds)
    if round(seconds, 1) < _TENTHS_BELOW:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m {whole % _MINUTE:02} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} m"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def counted(number: int, thing: str) -> str:
    """Return ``1 step``, ``3 steps``, ``2 branches``."""
    ending = "" if number == 1 else "es" if thing.endswith("ch") else "s"
    return f"{number} {thing}{ending}"


def seconds_of(step: StepView | RunView, now: datetime | None) -> float | None:
    """Return how long it took, or has taken by now; None for what has not begun."""
    end = step.ended or now
    if step.began is None or end is None:
        return None
    return max(0.0, (end - step.began).total_seconds())


def waited_of(step: StepView) -> float:
    """Return the seconds in which people decided whether it may begin to act."""
    if step.began is None or step.freed is None:
        return 0.0
    return max(0.0, (step.freed - step.began).total_seconds())


def duration(step: StepView | RunView, now: datetime | None) -> str:
    """Return the same in words, empty for what has not begun or was taken over."""
    seconds = seconds_of(step, now)
    return "" if seconds is None or step.state in {"kept", "skipped"} else took(seconds)


def attempts(step: StepView) -> str:
    """Return ``attempt 2 of 4`` while it is tried, ``3 attempts in 36 s`` after.

    The time of all is not that of the last one, which is shown elsewhere. Empty for the first.
    """
    if step.attempt <= 1 and not step.tries:
        return ""
    if step.state in {"running", "waiting", "pending"}:
        return f"attempt {step.attempt} of {step.attempts}"
    if not (step.tries and step.ended):
        return f"{step.attempt} attempts"
    return f"{step.attempt} attempts in {took((step.ended - step.tries[0].began).total_seconds())}"


def votes(step: StepView) -> str:
    """Return ``1 of 2 yes`` for an approval that says how many it has and needs."""
    if step.kind != "approval" and step.state != "waiting":
        return ""
    listed, needed = step.output.get("votes"), step.output.get("needed")
    votes = listed if isinstance(listed, list | tuple) else []
    yes = sum(1 for vote in votes if isinstance(vote, dict) and vote.get("approve") is True)
    if isinstance(needed, int):
        return f"{yes} of {needed} yes"
    return f"{yes} yes" if yes else ""


def wanted(view: RunView) -> str:
    """Return what a run waits for, as a headline says it: whose voices first; empty for nothing."""
    waiting = (step for step in walk((*view.steps, *view.undoes)) if step.state == "waiting")
    for step in waiting:
        asked, needed = step.output.get("asked"), step.output.get("needed")
        if isinstance(asked, list) and isinstance(needed, int):
            said = step.output.get("votes") or []
            return f"waits for {_some(asked, needed - sum(vote['approve'] for vote in said))}"
    kind = view.waits_for.partition(" ")[0]
    if kind == "until":
        return f"waits {view.waits_for.partition(' (')[0]}"
    thing = {"another": "another try", "lock": "a lock"}.get(kind, "")
    return f"waits for {thing}" if thing else ""


def _some(people: Sequence[str], number: int) -> str:
    """Return ``ana, ben or chi``, ``2 of ana, ben and chi``, ``2 of 9 people``."""
    if len(people) > _NAMED:
        return f"{number} of {len(people)} people"
    *first, last = people or ("somebody else",)
    joined = "or" if number <= 1 else "and"
    named = f"{', '.join(first)} {joined} {last}" if first else last
    return named if number <= 1 else f"{number} of {named}"


def details(step: StepView) -> str:
    """Return what a reader wants to know beside name, state and duration, in one line."""
    known = votes(step)
    note = "" if known and known in step.note else step.note
    note = note.removesuffix(": done")  # a mark says so already
    said = [part for part in (attempts(step), known, note) if part]
    return " · ".join(said) or _by_state(step)


def _by_state(step: StepView) -> str:
    if step.state in {"pending", "running", "succeeded"}:
        return "" if step.kind in {"command", step.name} else step.kind
    return STATE_WORDS[step.state]
