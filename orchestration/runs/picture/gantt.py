"""A run along the clock: a bar for each step, what decided its end, and what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orchestration.runs.pauses import gone_of, pauses_of
from orchestration.runs.picture import look
from orchestration.runs.picture.graph import sheet
from orchestration.runs.picture.heading import heading
from orchestration.runs.picture.lettering import fitted, width
from orchestration.runs.picture.look import rect, text
from orchestration.runs.shape import leaves, stages, walk
from orchestration.runs.timing import WAITS, critical_path, usual
from orchestration.runs.wording import counted, duration, seconds_of, took, waited_of
from tgk.reply import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tgk.ports.runs import RunView, StepView

_WIDE, _MARGIN = 572.0, 14.0
_NAMES, _ROOM = 206.0, 240.0
_LEAST_NAME = 60.0
_ROW, _BAR = 27.0, 14.0
_MOST_ROWS = 30
_SMALL = 12.0
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_MOST_TICKS = 4
_FOOT, _LINE = 34.0, 20.0
_WAITED = "waiting for people or a time"
_PALE = 'fill-opacity="0.62"'


@dataclass(frozen=True, slots=True)
class _Scale:
    """The clock of one picture."""

    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return _MARGIN + _NAMES + _ROOM * min(1.0, max(0.0, share))


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is shown of a run."""

    steps: tuple[StepView, ...]
    critical: frozenset[str]
    usual: Mapping[str, float]
    scale: _Scale
    items: Mapping[str, str]
    """What each item of a loop is called, by the path of its steps."""
    pauses: Sequence[tuple[datetime, datetime]]

    @property
    def waited(self) -> bool:
        """Whether anything waited for people or a time."""
        return any(
            step.kind in WAITS or step.state == "waiting" or step.tries or waited_of(step)
            for step in self.steps
        )

    def name(self, step: StepView, room: float = float("inf")) -> str:
        """Return the name with the items that it was for, which tell equal names apart.

        Where there is no room for both, the items stay.
        """
        around = [name for path, name in self.items.items() if step.path.startswith(f"{path}/")]
        before = step.path.rpartition("/")[0]
        what = "".join(f" · {each}" for each in (around or ([before] if "[" in before else [])))
        left = max(room - width(what, 13), _LEAST_NAME)
        return fitted(fitted(step.name, left, 13) + what, room, 13)


def gantt(
    view: RunView, *, earlier: Sequence[RunView] = (), now: datetime | None = None
) -> Picture:
    """Return when each step ran, the critical path marked, medians of earlier runs as ghosts.

    The longest steps are shown where there are more than fit. ``now`` ends what is under way.
    """
    rows = _rows(view, earlier, now or _latest(view))
    body = list(_body(rows))
    head = heading(view, now, _WIDE, _compared(view, earlier, now))
    top = _MARGIN + head.height
    foot = _FOOT + (_LINE if rows.waited or rows.pauses or _hidden(view, rows) else 0.0)
    high = top + 26 + _ROW * max(1, len(rows.steps)) + foot + _MARGIN
    drawn = [*head.draw(_MARGIN + _WIDE / 2, _MARGIN), f'<g transform="translate(0 {top:.1f})">']
    drawn += [*_pauses(rows), *_ticks(rows), *body, *_legend(view, rows, earlier), "</g>"]
    alt = _alt(view, rows, earlier)
    return Picture(svg=sheet(drawn, _WIDE + 2 * _MARGIN, high, alt), alt=alt)


def _rows(view: RunView, earlier: Sequence[RunView], now: datetime) -> _Rows:
    begun = [step for step in leaves(stages(view)) if _took_time(step)]
    longest = sorted(begun, key=lambda step: -(seconds_of(step, now) or 0.0))[:_MOST_ROWS]
    kept = {step.path for step in longest}
    shown = tuple(step for step in begun if step.path in kept)
    medians = usual(earlier)
    begins = [step.tries[0].began if step.tries else step.began for step in shown]
    start = min((at for at in begins if at), default=view.began or view.asked)
    ends = [step.ended or now for step in shown]
    ends += [
        step.began + timedelta(seconds=waited_of(step) + medians.get(step.path, 0.0))
        for step in shown
        if step.began
    ]
    pauses = pauses_of(view, now)
    end = max([*ends, *(ended for _, ended in pauses), start + timedelta(seconds=1)])
    critical = frozenset(step.path for step in critical_path(view))
    items = {step.path: step.name for step in walk(stages(view)) if step.kind == "item"}
    return _Rows(shown, critical, medians, _Scale(start, end), items, pauses)


def _latest(view: RunView) -> datetime:
    moments = [view.ended, view.began, view.asked]
    moments += [at for step in walk(stages(view)) for at in (step.began, step.ended)]
    return max(at for at in moments if at is not None)


def _body(rows: _Rows) -> Iterator[str]:
    if not rows.steps:
        yield text(_MARGIN, 44, "No step has begun.", size=14, fill=look.FAINT)
    for number, step in enumerate(rows.steps):
        yield from _row(rows, step, 26 + _ROW * number)


def _row(rows: _Rows, step: StepView, y: float) -> Iterator[str]:
    decisive = step.path in rows.critical
    yield look.icon(look.SIGNS[step.state], _MARGIN + 8, y + _ROW / 2, 7)
    name = rows.name(step, _NAMES - 34)
    ink = look.INK if decisive else look.SOFT
    yield text(_MARGIN + 24, y + _ROW / 2 + 4.5, name, size=13, fill=ink, bold=decisive)
    begins = step.began or rows.scale.start
    left, right = rows.scale.x(begins), rows.scale.x(step.ended or rows.scale.end)
    begins += timedelta(seconds=waited_of(step))
    acts = rows.scale.x(begins)
    top = y + (_ROW - _BAR) / 2
    median = rows.usual.get(step.path)
    reach = right
    if median is not None:
        reach = max(right, rows.scale.x(begins + timedelta(seconds=median)))
        yield from _ghost(acts, top, rows.scale.x(begins + timedelta(seconds=median)) - acts)
    colour = look.SIGNS["waiting" if step.kind in WAITS else step.state].colour
    rim = f'stroke="{look.INK}" stroke-width="1.6"' if decisive else _PALE
    yield from _before(rows, step, top)
    if acts > left:
        yield from _wait(left, top, acts - left)
    yield rect(acts, top, max(2.5, right - acts), _BAR, fill=colour, radius=3, more=rim)
    if step.kind in WAITS or step.state == "waiting":
        yield _hatch(acts, top, right - acts)
    yield _figure(rows, step, reach, y, rows.scale.end)


def _before(rows: _Rows, step: StepView, top: float) -> Iterator[str]:
    """Draw the tries before the last one, and the waits between them."""
    nexts = [*(each.began for each in step.tries[1:]), step.began or rows.scale.end]
    for each, follows in zip(step.tries, nexts, strict=False):
        left, right = rows.scale.x(each.began), rows.scale.x(each.ended or follows)
        colour = look.SIGNS[each.state].colour
        wide = max(2.5, right - left)
        yield rect(left, top + 3, wide, _BAR - 6, fill=colour, radius=3, more=_PALE)
        if (reach := rows.scale.x(follows)) > right:
            yield from _wait(right, top, reach - right)


def _wait(left: float, top: float, wide: float, high: float = _BAR) -> Iterator[str]:
    waits = look.SIGNS["waiting"].colour
    yield rect(left, top, wide, high, fill=waits, radius=3, more=_PALE)
    yield _hatch(left, top, wide, high)


def _hatch(left: float, top: float, wide: float, high: float = _BAR) -> str:
    """Return strokes over a bar, so that nobody needs its colour to know that it waited."""
    strokes = "".join(
        f"M{left + 3 + 5 * number:.1f} {top + 1:.1f}v{high - 2:.1f}"
        for number in range(int((wide - 1) // 5))
    )
    return f'<path d="{strokes or "M0 0"}" stroke="{look.GROUND}" stroke-width="1.4"/>'


def _pauses(rows: _Rows) -> Iterator[str]:
    """Draw when the whole run stood still, behind all rows."""
    for began, ended in rows.pauses:
        left, right = rows.scale.x(began), rows.scale.x(ended)
        yield _still(left, 20, right - left, 6 + _ROW * max(1, len(rows.steps)))


def _still(left: float, top: float, wide: float, high: float) -> str:
    more = f'stroke="{look.FAINT}" stroke-width="1" stroke-dasharray="1 3"'
    return rect(left, top, max(2.5, wide), high, fill=look.CARD, radius=3, more=more)


def _ghost(left: float, top: float, wide: float) -> Iterator[str]:
    more = f'stroke="{look.FAINT}" stroke-width="1.2" stroke-dasharray="3 3"'
    yield rect(left, top - 4, max(2.5, wide), _BAR + 8, fill="none", radius=4, more=more)


def _figure(rows: _Rows, step: StepView, reach: float, y: float, now: datetime) -> str:
    tried = f" · {step.attempt} tries" if step.attempt > 1 else ""
    words = f"{duration(step, now)}{tried}"
    ink = look.INK if step.path in rows.critical else look.SOFT
    return text(reach + 8, y + _ROW / 2 + 4.5, words, size=_SMALL, fill=ink)


def _ticks(rows: _Rows) -> Iterator[str]:
    seconds = (rows.scale.end - rows.scale.start).total_seconds()
    step = next((each for each in _TICKS if seconds / each <= _MOST_TICKS), 86400.0)
    step = max(step, seconds / _MOST_TICKS)
    bottom = 26 + _ROW * max(1, len(rows.steps))
    for number in range(int(seconds / step) + 1):
        x = rows.scale.x(rows.scale.start + timedelta(seconds=step * number))
        yield f'<path d="M{x:.1f} 20V{bottom:.1f}" stroke="{look.RIM}" stroke-width="1"/>'
        words = took(step * number) if number else "0"
        yield text(x, 12, words, size=_SMALL, fill=look.FAINT, anchor="middle")


def _legend(view: RunView, rows: _Rows, earlier: Sequence[RunView]) -> Iterator[str]:
    y = 26 + _ROW * max(1, len(rows.steps)) + 24
    x = _MARGIN + 4
    rim = f'stroke="{look.INK}" stroke-width="1.6"'
    yield rect(x, y - 10, 22, 11, fill=look.SIGNS["succeeded"].colour, radius=3, more=rim)
    words = "critical path: what decided the end"
    yield text(x + 30, y, words, size=_SMALL, fill=look.SOFT)
    x += 30 + width(words, _SMALL) + 26
    if rows.usual:
        yield from _ghost(x, y - 11, 22)
        words = f"median of {counted(len(earlier), 'earlier run')}"
        yield text(x + 30, y, words, size=_SMALL, fill=look.SOFT)
    y, x = y + _LINE, _MARGIN + 4
    if rows.waited:
        yield from _wait(x, y - 10, 22, 11)
        yield text(x + 30, y, _WAITED, size=_SMALL, fill=look.SOFT)
        x += 30 + width(_WAITED, _SMALL) + 26
    if rows.pauses:
        yield _still(x, y - 10, 22, 11)
        words = f"paused {took(sum((end - began).total_seconds() for began, end in rows.pauses))}"
        yield text(x + 30, y, words, size=_SMALL, fill=look.SOFT)
        x += 30 + width(words, _SMALL) + 26
    if hidden := _hidden(view, rows):
        yield text(x, y, hidden, size=_SMALL, fill=look.FAINT)


def _hidden(view: RunView, rows: _Rows) -> str:
    every = list(leaves(stages(view)))
    short = sum(1 for step in every if _took_time(step)) - len(rows.steps)
    later = sum(step.state == "pending" and not _spare(step) for step in every)
    said = [f"{counted(short, 'shorter step')} not shown"] if short else []
    return " · ".join([*said, f"{counted(later, 'step')} to come"] if later else said)


def _took_time(step: StepView) -> bool:
    return step.began is not None and step.state not in {"kept", "skipped"}


def _spare(step: StepView) -> bool:
    return "/on_" in step.path or "/undo" in step.path


def _compared(view: RunView, earlier: Sequence[RunView], now: datetime | None) -> str:
    """Return what is usual without pauses."""
    whole = [each for each in earlier if each.state == "succeeded" and not each.previous]
    times = [gone_of(each, None) for each in whole]
    known = sorted(time for time in times if time is not None)
    if not known or gone_of(view, now) is None:
        return ""
    return f"usually {took(known[len(known) // 2])}"


def _alt(view: RunView, rows: _Rows, earlier: Sequence[RunView]) -> str:
    lines = [f"When the steps of {view.playbook} {view.id} ran"]
    for step in rows.steps:
        begins = took(((step.began or rows.scale.start) - rows.scale.start).total_seconds())
        median = rows.usual.get(step.path)
        said = [f"{rows.name(step)}: after {begins}, {duration(step, rows.scale.end)}"]
        said += [f"{took(waited_of(step))} of it waiting for people"] if waited_of(step) else []
        said += [f"usually {took(median)}"] if median is not None and earlier else []
        said += ["critical"] if step.path in rows.critical else []
        lines.append(", ".join(said)[:100])
    for began, ended in rows.pauses:
        after = took((began - rows.scale.start).total_seconds())
        lines.append(f"paused after {after} for {took((ended - began).total_seconds())}")
    words = "\n".join(lines)
    return words if len(words) <= 1000 else words[:999].rpartition("\n")[0] + "\n…"  # noqa: PLR2004
