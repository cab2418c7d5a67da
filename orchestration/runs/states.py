"""How a step stands, or a list of steps, as people are shown it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.runs.shape import GOING
from tgk.ports.runs import StepState, StepView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestration.runs.records import StepRecord


def group(
    path: str, name: str, kind: str, steps: tuple[StepView, ...], told: StepState | None = None
) -> StepView:
    """Return a node that only holds steps; ``told`` is how they ended, where that is known.

    Else its state is the one that says most about them.
    """
    begun = [step.began for step in steps if step.began]
    ended = [step.ended for step in steps if step.ended]
    over = all(step.state not in GOING for step in steps)
    return StepView(
        path=path,
        name=name,
        kind=kind,
        state=_ended(steps, told),
        began=min(begun, default=None),
        ended=max(ended, default=None) if over else None,
        steps=steps,
    )


def _ended(steps: Sequence[StepView], told: StepState | None) -> StepState:
    """Return the state of a list; one that was cut short has not succeeded."""
    state = _common([step.state for step in steps])
    if told and state not in ("kept", "undone"):
        return told
    is_short = any(step.began is None and step.state == "skipped" for step in steps)
    return "cancelled" if is_short and state == "succeeded" else state


def _common(states: Sequence[StepState]) -> StepState:
    order: tuple[StepState, ...] = ("failed", "timed_out", "running", "waiting", "cancelled")
    for state in order:
        if state in states:
            return state
    if "pending" in states:
        started = any(state not in ("pending", "skipped") for state in states)
        return "running" if started else "pending"
    quiet: tuple[StepState, ...] = ("undone", "succeeded", "kept")
    for state in quiet:
        if state in states:
            return state
    return "skipped" if states else "pending"


def state_of(seen: StepRecord | None, *, ended: bool) -> StepState:
    """Return the state of a step in a run that has ``ended`` or goes on."""
    if seen is None:
        return "skipped" if ended else "pending"
    if seen.result is None:
        return "waiting" if seen.waits else "running"
    if seen.waits and not ended:
        return "waiting"  # for another try
    if seen.undone and not seen.result.bad:
        return "undone"
    if seen.kept and seen.result.status == "succeeded":
        return "kept"
    return seen.result.status


def note_of(seen: StepRecord | None, *, ended: bool) -> str:
    """Return what there is to say about a step, in a line; empty where it has not begun."""
    if seen is None:
        return ""
    if seen.result and seen.waits and not ended:
        return f"{seen.waits}: {seen.result.note}"
    if seen.kept_with and seen.result:
        return f"kept with {seen.kept_with} · {seen.result.note}".removesuffix(" · ")
    if seen.undone and seen.result and seen.result.bad:  # it failed, which is to be seen
        return f"{seen.result.note}; rolled back"
    return seen.result.note if seen.result else seen.waits
