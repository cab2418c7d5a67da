"""What each step of a run is drawn as: a card, a frame with columns, or a count of what is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from orchestration.runs.picture import look
from orchestration.runs.picture.boxes import Box, aside, below, beside, captioned, framed, under
from orchestration.runs.picture.lettering import fitted, width, wrapped, xml
from orchestration.runs.picture.look import rect, text
from orchestration.runs.progress import begun, over, size
from orchestration.runs.shape import BAD, DONE, GOING, IDLE, expected, leaves, parts, state_of
from orchestration.runs.wording import STATE_WORDS, counted, details, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from orchestration.runs.shape import Column
    from tgk.ports.runs import StepState, StepView

_NARROW, _WIDE = 160.0, 228.0
_TEXT_AT = 38.0
_EDGE = 12.0
_AROUND = _TEXT_AT + _EDGE
_BESIDE = 12.0
_NAME, _SMALL = 14.0, 12.0
_LINE = 16.0
_BOLD = 1.03
"""How much wider an outline makes a name."""
_SHOWN_ITEMS = 4
_LABELS = {"on_failure": "on failure", "on_success": "on success", "undo": "undo"}
_OVER = DONE | {"skipped"}


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is drawn: what does not fit is drawn as counts."""

    now: datetime | None
    whole_groups: bool = True
    """Whether groups that are over, or not begun, are drawn with their steps."""
    narrow: bool = False
    """Whether what handles the end of a step stands below it, not beside it."""
    whole_stretches: bool = True
    """Whether steps that are over and follow one another are drawn one by one."""


def blocks(steps: Sequence[StepView], detail: Detail) -> list[Box]:
    """Return the boxes of steps that follow one another."""
    if detail.whole_stretches:
        return [block(step, detail) for step in steps]
    found: list[Box] = []
    for ended, run in groupby(steps, key=_passed):
        stretch = list(run)
        if ended and len(stretch) > 1:
            found.append(_stretch(stretch))
        else:
            found += [block(step, detail) for step in stretch]
    return found


def _passed(step: StepView) -> bool:
    """Say whether nobody asks about it any more; what was rolled back is asked about."""
    return step.state in _OVER and step.kind != "undoes"


def block(step: StepView, detail: Detail) -> Box:
    """Return one step with everything inside it."""
    inner = parts(step)
    if not inner.own and not inner.columns:
        box, reach = card(step, detail), 24.0
    elif step.state == "skipped" or not (detail.whole_groups or step.state not in _OVER | IDLE):
        box, reach = _summary(step, detail), 24.0
    else:
        box, reach = _group(step, detail), 17.0
    for handler in inner.handlers:
        if handler.state in IDLE and not detail.whole_groups:
            continue  # it was not needed, or will be drawn when it is
        label = _LABELS.get(handler.name, handler.name)
        drawn = _handler(handler, detail)
        box = under(box, label, drawn) if detail.narrow else aside(box, label, drawn, reach)
    return box


def card(step: StepView, detail: Detail) -> Box:
    """Return one step as a card with its state, name, time and what there is to say."""
    return _card(step.name, step.state, duration(step, detail.now), details(step), path=step.path)


def _card(name: str, state: StepState, time: str = "", said: str = "", *, path: str = "") -> Box:
    if time and width(name, _NAME) * _BOLD + width(time, _SMALL) + _BESIDE > _WIDE - _AROUND:
        said, time = " · ".join(part for part in (time, said) if part), ""  # the name goes first
    return _Card(name, state, time, said, path).box()


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    state: StepState
    time: str
    said: str
    path: str

    def box(self, least: float = _NARROW) -> Box:
        """Return the card as wide as its words need, within bounds."""
        want = max(
            width(self.name, _NAME) * _BOLD + self._beside + 2,
            min(width(self.said, _SMALL), _WIDE * 0.8),
        )
        wide = min(_WIDE, max(least, want + _AROUND))
        most = 3 if self.state in BAD | {"waiting"} else 2
        lines = wrapped(self.said, wide - _AROUND, _SMALL, most)
        high = 40.0 + _LINE * len(lines) + (2 if lines else 0)

        def draw(spine: float, top: float) -> Iterator[str]:
            x = spine - wide / 2
            yield f'<g data-path="{xml(self.path)}">' if self.path else "<g>"
            yield from _plate(x, top, wide, high, self.state)
            yield look.icon(look.SIGNS[self.state], x + 20, top + 20)
            yield from self._words(x, top, wide, lines)
            yield "</g>"

        return Box(wide / 2, wide / 2, high, draw, self.state, self.box)

    @property
    def _beside(self) -> float:
        return width(self.time, _SMALL) + _BESIDE if self.time else 0.0

    def _words(self, x: float, top: float, wide: float, lines: Sequence[str]) -> Iterator[str]:
        idle = self.state in IDLE
        title = fitted(self.name, (wide - _AROUND - self._beside) / _BOLD, _NAME)
        ink = look.FAINT if idle else look.INK
        yield text(x + _TEXT_AT, top + 25, title, size=_NAME, fill=ink, bold=not idle)
        if self.time:
            end = x + wide - _EDGE
            yield text(end, top + 25, self.time, size=_SMALL, fill=look.SOFT, anchor="end")
        ink = look.SOFT if self.state in DONE else look.SIGNS[self.state].words
        for number, line in enumerate(lines, start=1):
            y = top + 26 + _LINE * number
            yield text(x + _TEXT_AT, y, line, size=_SMALL, fill=ink)


def _plate(x: float, y: float, wide: float, high: float, state: StepState) -> Iterator[str]:
    sign = look.SIGNS[state]
    lit = state in {"running", "waiting"} or state in BAD
    if lit:
        halo = f'stroke="{sign.colour}" stroke-opacity="0.28" stroke-width="6"'
        yield rect(x, y, wide, high, fill="none", radius=9, more=halo)
    dashed = ' stroke-dasharray="5 4"' if state == "skipped" else ""
    rim = f'stroke="{look.RIM if state in IDLE else sign.colour}" '
    rim += f'stroke-width="{2 if lit else 1.4}"{dashed}'
    yield rect(
        x, y, wide, high, fill=look.FRAME if state in IDLE else look.CARD, radius=9, more=rim
    )
    if lit:
        tint = 'fill-opacity="0.12" stroke="none"'
        yield rect(x, y, wide, high, fill=sign.colour, radius=9, more=tint)


def _group(step: StepView, detail: Detail) -> Box:
    inner = parts(step)
    own = below(blocks(inner.own, detail)) if inner.own else None
    columns = beside(_columns(step, inner.columns, detail)) if inner.columns else None
    boxes = [box for box in (columns, own) if box is not None]
    return framed(_title(step), below(boxes), step.state, note=_group_note(step, detail))


def _title(step: StepView) -> str:
    said = details(step)
    named = step.name if step.name == step.kind else f"{step.name} · {_kind(step)}"
    whole = step.kind == "parallel" and step.state in DONE  # then all of them are
    told = whole or said in ("", step.kind) or f" · {said} " in f"{named} "
    shown = named if told else f"{named} · {said}"
    return fitted(shown, _WIDE * 1.9, 13)


def _kind(step: StepView) -> str:
    inner = parts(step)
    if step.kind == "parallel":
        return counted(len(inner.columns), "branch")
    if step.kind == "foreach" and not any(
        "[" in each.path[len(step.path) :] for each in step.steps
    ):
        return "for each item"  # nobody knows yet how many there are
    if step.kind == "foreach":
        ended = sum(column.state not in GOING and begun(column.steps) for column in inner.columns)
        return f"{ended} of {counted(len(inner.columns), 'item')}"
    return {"conditional": "if", "finally": "always", "undoes": "in reverse"}.get(
        step.kind, step.kind
    )


def _group_note(step: StepView, detail: Detail) -> str:
    return duration(step, detail.now)


def _columns(step: StepView, columns: Sequence[Column], detail: Detail) -> list[Box]:
    if step.kind != "foreach" or len(columns) <= _SHOWN_ITEMS:
        return [_column(step, column, detail) for column in columns]
    shown = [each for each in columns if each.state not in DONE | IDLE][:_SHOWN_ITEMS]
    done = [each for each in columns if each.state in DONE]
    idle = [each for each in columns if each.state in IDLE]
    more = len(columns) - len(shown) - len(done) - len(idle)
    boxes = [_count(done, "done")] if done else []
    boxes += [_column(step, column, detail) for column in shown]
    boxes += [_card(f"{more} more at work", "running")] if more else []
    return boxes + ([_count(idle, "to come")] if idle else [])


def _count(columns: Sequence[Column], word: str) -> Box:
    names = ", ".join(column.name for column in columns[:6])
    said = names + (" …" if len(columns) > 6 else "")  # noqa: PLR2004 - what fits on the line
    state: StepState = "succeeded" if word == "done" else state_of(
        step for column in columns for step in column.steps
    )  # fmt: skip
    return _card(f"{counted(len(columns), 'item')} {word}", state, said=said)


def _column(step: StepView, column: Column, detail: Detail) -> Box:
    idle = column.state in IDLE
    if column.state == "skipped" and len(column.steps) > 1:
        return captioned(_caption(column), _skipped(column), faint=True)
    boxes = blocks(column.steps, detail)
    if not boxes:
        return _card(_caption(column), column.state, said="no steps")
    if len(column.steps) == 1 and step.kind == "foreach" and not parts(column.steps[0]).own:
        (only,) = column.steps
        if not only.steps:
            return card(only.model_copy(update={"name": column.name}), detail)
    box = replace(below(boxes), state=column.state)
    alone = len(column.steps) == 1 and column.steps[0].name == column.name
    return box if alone else captioned(_caption(column), box, faint=idle)


def _caption(column: Column) -> str:
    return fitted(column.name, _WIDE, _SMALL)


def _skipped(column: Column) -> Box:
    return _card(counted(len(column.steps), "step"), "skipped", said=_names(column.steps))


def _handler(column: Column, detail: Detail) -> Box:
    if column.state in IDLE:
        state: StepState = "skipped" if column.state == "skipped" else "pending"
        names = _names(column.steps)
        if width(names, _NAME) * _BOLD <= _WIDE - _AROUND:
            return _card(names, state)
        return _card(counted(len(column.steps), "step"), state, said=names)
    return replace(below(blocks(column.steps, detail)), state=column.state)


def _summary(step: StepView, detail: Detail) -> Box:
    number = sum(1 for _ in leaves(step.steps))
    said = (
        counted(number, "step")
        if step.state in _OVER | IDLE
        else f"{over([step])} of {size([step])} steps"
    )
    said = f"{step.note} · {said}" if step.note else said
    return _card(step.name, step.state, duration(step, detail.now), said, path=step.path)


def _stretch(steps: Sequence[StepView]) -> Box:
    state = state_of(steps)
    number = sum(1 for _ in expected(steps))
    return _card(f"{counted(number, 'step')} {STATE_WORDS[state]}", state, said=_names(steps))


def _names(steps: Sequence[StepView]) -> str:
    return ", ".join(step.name for step in steps)
