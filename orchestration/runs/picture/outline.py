"""A run as lines of words: for chats, terminals and people who cannot see the picture."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from orchestration.runs.picture.heading import state_word, subtitle
from orchestration.runs.shape import IDLE, PLAN, parts, stages
from orchestration.runs.wording import STATE_WORDS, counted, details, duration, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from orchestration.runs.shape import Column
    from tgk.ports.runs import RunView, StepState, StepView

_COLUMNS = 72
_MOST_ALT = 1000
_MOST_REASON = 4
"""Lines of why it is so; nothing else says whose word it was."""
_SHOWN_ITEMS = 4
_MARKS: Mapping[StepState, str] = {
    "pending": "·", "running": "▶", "waiting": "‖", "succeeded": "✓", "failed": "✗",
    "skipped": "–", "cancelled": "■", "timed_out": "✗", "kept": "=", "undone": "↩",
}  # fmt: skip
_LABELS = {"on_failure": "on failure", "on_success": "on success", "undo": "undo"}


def tree(view: RunView, *, now: datetime | None = None) -> tuple[str, ...]:
    """Return the steps as indented lines of at most 72 columns; ``now`` times what is under way."""
    return tuple(line for step in stages(view) for line in _lines(step, 0, now))


def alternative(view: RunView, now: datetime | None) -> str:
    """Return the run in words, as short as chats take them; what is left out is counted."""
    named = view.playbook if view.id == PLAN else f"{view.playbook} {view.id}"
    said = [f"{named}: {state_word(view)}", subtitle(view, now)]
    why = wrap(_one_line(view.reason or wanted(view)), _COLUMNS)[:_MOST_REASON]
    lines = [*(_shortened(line) for line in said), *why, *tree(view, now=now)]
    used = 0
    for number, line in enumerate(lines):
        used += len(line) + 1
        if used > _MOST_ALT - 30:
            return "\n".join([*lines[:number], f"… and {len(lines) - number} more lines"])
    return "\n".join(lines)


def _lines(step: StepView, depth: int, now: datetime | None) -> Iterator[str]:
    inner = parts(step)
    yield _line(step.state, depth, step.name, duration(step, now), _said(step))
    for child in inner.own:
        yield from _lines(child, depth + 1, now)
    yield from _columns(step, inner.columns, depth + 1, now)
    for handler in inner.handlers:
        if handler.state not in IDLE:
            yield from _column(handler, depth + 1, now, _LABELS.get(handler.name, handler.name))


def _columns(
    step: StepView, columns: tuple[Column, ...], depth: int, now: datetime | None
) -> Iterator[str]:
    hidden: list[Column] = []
    if step.kind == "foreach" and len(columns) > _SHOWN_ITEMS:
        hidden = [column for column in columns if column.state in {"succeeded", "kept"}]
    if hidden:
        yield _line("succeeded", depth, f"{counted(len(hidden), 'item')} done", "", "")
    for column in columns:
        if column in hidden:
            continue
        only = column.steps[0] if len(column.steps) == 1 else None
        if step.kind == "foreach" and only is not None and not only.steps:
            yield from _lines(only.model_copy(update={"name": column.name}), depth, now)
        else:
            yield from _column(column, depth, now, column.name)


def _column(column: Column, depth: int, now: datetime | None, name: str) -> Iterator[str]:
    only = column.steps[0] if len(column.steps) == 1 else None
    if only is not None and only.name == name:
        yield from _lines(only, depth, now)
        return
    yield _line(column.state if column.steps else "skipped", depth, name, "", "")
    if column.state != "skipped":
        for step in column.steps:
            yield from _lines(step, depth + 1, now)


def _said(step: StepView) -> str:
    said = details(step)
    return "" if said == STATE_WORDS[step.state] and step.state == "skipped" else said


def _line(state: StepState, depth: int, name: str, time: str, said: str) -> str:
    """Return one line; a long name or note is cut where the line ends."""
    mark = _MARKS[state]
    words = " · ".join(_one_line(part) for part in (name, time, said) if part)
    line = f"{'  ' * min(depth, 12)}{mark} {words}"
    return _shortened(line)


def _shortened(line: str) -> str:
    """Return a line of at most 72 columns; one that is longer ends with a whole word and a mark."""
    if len(line) <= _COLUMNS:
        return line
    kept = line[:_COLUMNS].rpartition(" ")[0].rstrip(" ·,;:")
    return f"{kept if len(kept) > _COLUMNS // 2 else line[: _COLUMNS - 1]}…"


def _one_line(words: str) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(clean.split())
