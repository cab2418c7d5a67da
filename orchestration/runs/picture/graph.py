"""A run as a picture: each step a card with its state, groups as frames, in reading order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestration.runs.picture import look
from orchestration.runs.picture.boxes import folded
from orchestration.runs.picture.cards import Detail, blocks, card
from orchestration.runs.picture.heading import heading
from orchestration.runs.picture.lettering import FONT, xml
from orchestration.runs.picture.outline import alternative
from orchestration.runs.shape import stages
from tgk.ports.runs import StepView
from tgk.reply import Picture

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from orchestration.runs.picture.boxes import Box
    from tgk.ports.runs import RunView

_LONGEST = 1000.0
_SCALE = 2
_MARGIN = 14.0
_LEAST = 500.0
_MOST_WIDE, _MOST_HIGH = 572.0, 1100.0
"""What is wider, margins not counted, is read with a glass where a chat shows it 550 pixels wide;
what is higher, only by scrolling."""
_MOST_COLUMNS = 3


def graph(view: RunView, *, now: datetime) -> Picture:
    """Return the run as it stands; no side is longer than 2,000 pixels.

    What does not fit is drawn as counts, groups that are over or not begun first.
    """
    body = _body(view, now)
    room = max(_LEAST, body.width)
    head = heading(view, now, room)
    high = head.height + body.height + 2 * _MARGIN
    middle = _MARGIN + room / 2
    drawn = [*head.draw(middle, _MARGIN)]
    spine = middle - body.width / 2 + body.left
    drawn += body.draw(spine, _MARGIN + head.height)
    alt = alternative(view, now)
    return Picture(svg=sheet(drawn, room + 2 * _MARGIN, high, alt), alt=alt)


def sheet(drawn: Iterable[str], wide: float, high: float, words: str) -> str:
    """Return a whole SVG, twice as large as drawn unless that is too large."""
    scale = min(_SCALE, _SCALE * _LONGEST / max(wide, high))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.1f} {high:.1f}" '
        f'width="{wide * scale:.0f}" height="{high * scale:.0f}" role="img" '
        f'aria-label="{xml(words)}" font-family="{FONT}">'
        f'<rect width="{wide:.1f}" height="{high:.1f}" rx="14" fill="{look.GROUND}"/>'
        f"{''.join(drawn)}</svg>"
    )


def _body(view: RunView, now: datetime) -> Box:
    steps = stages(view)
    if not steps:
        nothing = StepView(path="", name="no steps yet", kind="group")
        return card(nothing, Detail(now))
    details = (
        Detail(now),
        Detail(now, whole_groups=False),
        Detail(now, whole_groups=False, whole_stretches=False),
    )
    best: Box | None = None
    for detail in (each for one in details for each in (one, replace(one, narrow=True))):
        boxes = blocks(steps, detail)
        best = _arranged(boxes, paused=view.state == "paused")
        if best.width <= _MOST_WIDE and best.height <= _MOST_HIGH:
            return best
    return best or folded(boxes, 1)


def _arranged(boxes: list[Box], *, paused: bool) -> Box:
    """Return the boxes in as many columns as are read without a glass, so the lowest."""
    options = (
        folded(boxes, number, paused=paused)
        for number in range(1, min(_MOST_COLUMNS, len(boxes)) + 1)
    )
    return min(options, key=lambda box: (max(_MOST_WIDE, box.width), box.height))
