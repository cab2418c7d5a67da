"""The head of every picture of a run: what it is, how it stands, how far it is and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.runs.picture import look
from orchestration.runs.picture.boxes import Box
from orchestration.runs.picture.lettering import fitted, width, wrapped
from orchestration.runs.picture.look import rect, text
from orchestration.runs.progress import progress
from orchestration.runs.shape import IDLE, PLAN, expected
from orchestration.runs.wording import STATE_WORDS, counted, duration, took, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tgk.ports.runs import RunView

_LARGE, _SMALL = 20.0, 13.0


def heading(view: RunView, now: datetime | None, room: float, more: str = "") -> Box:
    """Return the head as wide as ``room``, hung on its middle."""
    reasons = wrapped(_reason(view, now), room, _SMALL, 3)
    high = 84.0 + 18 * len(reasons)

    def draw(spine: float, top: float) -> Iterator[str]:
        x = spine - room / 2
        taken, pill = _pill(view, x + room, top)
        yield from _title(view, x, top, room - taken - 16)
        yield from pill
        line = " · ".join(part for part in (subtitle(view, now), more) if part)
        yield text(x, top + 44, fitted(line, room, _SMALL), size=_SMALL, fill=look.SOFT)
        ink = look.RUN_SIGNS[view.state].words
        for number, reason in enumerate(reasons):
            yield text(x, top + 64 + 18 * number, reason, size=_SMALL, fill=ink)
        if view.id != PLAN:
            yield from _bar(view, x, top + 58 + 18 * len(reasons), room)

    return Box(room / 2, room / 2, high, draw)


def subtitle(view: RunView, now: datetime | None) -> str:
    """Return who started what where, when, for how long, and how far it is.

    Of a plan nothing of that is known but how many steps it has.
    """
    done, total = progress(view)
    if view.id == PLAN:
        return counted(total, "step")
    where = view.request.environment or str(view.parameters.get("environment", ""))
    version = str(view.parameters.get("version", ""))
    begun = f"{view.began:%H:%M} UTC" if view.began else ""
    who = f"{view.starter.person} {begun}".strip()
    cause = "" if view.cause == "asked" else view.cause
    said = [where, version, who, cause, duration(view, now), f"{done} of {total} steps"]
    return " · ".join(part for part in said if part)


def state_word(view: RunView) -> str:
    """Return how it stands, in a word or two."""
    return "plan" if view.id == PLAN else STATE_WORDS[view.state]


def _reason(view: RunView, now: datetime | None) -> str:
    said = [view.reason or wanted(view)]
    if view.pausing:
        said.append("steps under way end first")
    if view.state == "paused" and view.until is not None:
        left = (view.until - now).total_seconds() if now else None
        said.append(f"goes on in {took(left)}" if left else f"goes on at {view.until:%H:%M} UTC")
    if view.previous:
        said.append(f"goes on from {view.previous}")
    return " · ".join(part for part in said if part)


def _title(view: RunView, x: float, top: float, room: float) -> Iterator[str]:
    name = fitted(view.playbook, room, _LARGE)
    yield text(x, top + 20, name, size=_LARGE, fill=look.INK, bold=True)
    after = x + width(name, _LARGE) * 1.02 + 12
    shown = "" if view.id == PLAN else view.id
    mark = " · ".join(part for part in (shown, f"v{view.version}" if view.version else "") if part)
    if mark and after + width(mark, _SMALL) <= x + room:
        yield text(after, top + 20, mark, size=_SMALL, fill=look.FAINT)


def _pill(view: RunView, right: float, top: float) -> tuple[float, list[str]]:
    sign, word = look.RUN_SIGNS[view.state], state_word(view)
    wide = width(word, _SMALL) * 1.04 + 40
    x = right - wide
    tint = f'fill-opacity="0.16" stroke="{sign.colour}" stroke-width="1.4"'
    return wide, [
        rect(x, top, wide, 28, fill=sign.colour, radius=14, more=tint),
        look.icon(sign, x + 15, top + 14, 8),
        text(x + 29, top + 18.6, word, size=_SMALL, fill=sign.words, bold=True),
    ]


def _bar(view: RunView, x: float, y: float, room: float) -> Iterator[str]:
    """Return one segment a step, in reading order, so that colours say where it went wrong.

    A run that succeeded has no segment for ways that it did not need.
    """
    passed = {"skipped"} if view.state == "succeeded" else set()
    steps = [each for each in expected(view.steps) if each.state not in passed]
    each = room / max(1, len(steps))
    gap = min(3.0, each / 4)
    for number, step in enumerate(steps):
        colour = look.RIM if step.state in IDLE else look.SIGNS[step.state].colour
        yield rect(x + each * number, y, each - gap, 5, fill=colour, radius=min(2.5, each / 3))
