"""What came of the last time of a schedule, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.card import WORDS
from tgk.errors import Missing

if TYPE_CHECKING:
    from tgk.context import Context
    from tgk.ports.schedules import Schedule


async def last_of(kept: Schedule, context: Context) -> str:
    """Return when it was last to start, and its run or why there was none; empty before that."""
    if kept.last is None:
        return ""
    at = f"{kept.last:%Y-%m-%d %H:%M} UTC"
    if kept.refusal:
        return f"{at}: not started: {kept.refusal}"
    return f"{at}: {await _run(kept.run, context)}" if kept.run else at


async def _run(run: str, context: Context) -> str:
    """Return a run with how it stands; its id alone once it is forgotten."""
    try:
        view = await context.backends.runs.view(run)
    except Missing:
        return run
    return f"{view.id} {WORDS[view.state]}"
