"""Boxes that know their size and draw themselves: one after another, beside one another, framed.

Every box hangs on a spine; ``left`` and ``right`` are how far it reaches from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestration.runs.picture import look
from orchestration.runs.picture.lettering import width
from orchestration.runs.picture.look import rect, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tgk.ports.runs import StepState

LINK = 22.0
GAP = 16.0
_PAD = 14.0
_TITLE = 30.0
_CAPTION = 20.0
ROOM = 516.0
"""How wide boxes may stand beside one another: chats show pictures about so wide, frames added."""
_LABEL = 12.0


@dataclass(frozen=True, slots=True)
class Box:
    """Something to draw, and how much room it takes."""

    left: float
    right: float
    height: float
    draw: Callable[[float, float], Iterator[str]]
    """Called with the spine and the top."""
    state: StepState = "pending"
    widened: Callable[[float], Box] | None = None
    """Returns the same box at least so wide, where it can grow."""

    @property
    def width(self) -> float:
        """From edge to edge."""
        return self.left + self.right


def below(boxes: Sequence[Box], *, paused: bool = False) -> Box:
    """Return boxes that follow one another down one spine, joined by arrows."""
    most = max((2 * box.left for box in boxes if box.widened), default=0.0)
    boxes = [box.widened(most) if box.widened else box for box in boxes]
    height = sum(box.height for box in boxes) + LINK * max(0, len(boxes) - 1)

    def draw(spine: float, top: float) -> Iterator[str]:
        for index, box in enumerate(boxes):
            if index:
                yield from arrow(spine, top, boxes[index - 1], box, paused=paused)
                top += LINK
            yield from box.draw(spine, top)
            top += box.height

    left = max((box.left for box in boxes), default=0.0)
    right = max((box.right for box in boxes), default=0.0)
    widened = boxes[0].widened if len(boxes) == 1 else None
    return Box(left, right, height, draw, widened=widened)


def arrow(
    spine: float, top: float, before: Box, after: Box, *, paused: bool = False
) -> Iterator[str]:
    """Return the link between two boxes; a paused run is marked where it would go on."""
    colour = _link_colour(after)
    yield (
        f'<path d="M{spine:.1f} {top:.1f}v{LINK - 6:g}" stroke="{colour}" stroke-width="2"/>'
        f'<path d="M{spine - 5:.1f} {top + LINK - 7:.1f}h10l-5 6.5z" fill="{colour}"/>'
    )
    if paused and after.state == "pending" and before.state not in {"pending", "running"}:
        yield look.icon(look.RUN_SIGNS["paused"], spine, top + LINK / 2 - 1, 9)


def beside(boxes: Sequence[Box]) -> Box:
    """Return boxes next to one another, their tops level, in as many rows as there must be."""
    rows = _in_rows(boxes)
    widths = [_wide(row) for row in rows]
    heights = [max(box.height for box in row) for row in rows]

    def draw(spine: float, top: float) -> Iterator[str]:
        for row, wide, high in zip(rows, widths, heights, strict=True):
            x = spine - wide / 2
            for box in row:
                yield from box.draw(x + box.left, top)
                x += box.width + GAP
            top += high + GAP

    half = max(widths, default=0.0) / 2
    return Box(half, half, sum(heights) + GAP * max(0, len(rows) - 1), draw)


def _in_rows(boxes: Sequence[Box]) -> list[Sequence[Box]]:
    """Return rows about equally long that have room; a box that has none stands alone."""
    for size in range(len(boxes), 0, -1):
        rows = [boxes[start : start + size] for start in range(0, len(boxes), size)]
        if max(map(_wide, rows)) <= ROOM:
            return _even(boxes, len(rows))
    return [boxes[start : start + 1] for start in range(len(boxes))]


def _even(boxes: Sequence[Box], count: int) -> list[Sequence[Box]]:
    size = -(-len(boxes) // count)
    return [boxes[start : start + size] for start in range(0, len(boxes), size)]


def _wide(row: Sequence[Box]) -> float:
    return sum(box.width for box in row) + GAP * (len(row) - 1)


def framed(title: str, inner: Box, state: StepState, *, note: str = "") -> Box:
    """Return a box within a frame that says what it is."""
    idle = state in {"pending", "skipped"}
    words = width(title, 13) * 1.03 + (width(note, 12) + 14 if note else 0) + 2 * _PAD + 24
    wide = max(inner.width + 2 * _PAD, words)
    half_left = inner.left + _PAD + max(0.0, wide - inner.width - 2 * _PAD) / 2
    sign = look.SIGNS[state]
    rim = look.RIM if idle or state == "succeeded" else sign.colour

    def draw(spine: float, top: float) -> Iterator[str]:
        x = spine - half_left
        dashed = ' stroke-dasharray="5 4"' if state == "skipped" else ""
        more = f'stroke="{rim}" stroke-width="1.3"{dashed}'
        yield rect(
            x, top, wide, inner.height + _TITLE + _PAD, fill=look.FRAME, radius=12, more=more
        )
        yield look.icon(sign, x + _PAD + 7, top + 17, 7)
        ink = look.FAINT if idle else look.SOFT
        yield text(x + _PAD + 21, top + 21.5, title, size=13, fill=ink, bold=True)
        if note:
            yield text(x + wide - _PAD, top + 21.5, note, size=12, fill=look.FAINT, anchor="end")
        yield from inner.draw(spine, top + _TITLE)

    return Box(half_left, wide - half_left, inner.height + _TITLE + _PAD, draw, state)


def captioned(caption: str, inner: Box, *, faint: bool = False) -> Box:
    """Return a box below the name of the branch that it is."""
    half = (width(caption, 12) + 4) / 2
    ink = look.FAINT if faint else look.SOFT

    def draw(spine: float, top: float) -> Iterator[str]:
        yield text(spine, top + 13, caption, size=12, fill=ink, anchor="middle")
        yield from inner.draw(spine, top + _CAPTION)

    return replace(
        inner,
        left=max(inner.left, half),
        right=max(inner.right, half),
        height=inner.height + _CAPTION,
        draw=draw,
        widened=None,
    )


def aside(main: Box, label: str, handler: Box, reach: float) -> Box:
    """Return a box with what handles its end to the right; ``reach`` is where its arrow starts."""
    used = handler.state not in {"pending", "skipped"}
    colour = look.SIGNS["failed"].colour if used and label == "on failure" else look.GHOST
    gap = width(label, _LABEL) + 20

    def draw(spine: float, top: float) -> Iterator[str]:
        yield from main.draw(spine, top)
        x, y = spine + main.right, top + min(reach, main.height / 2)
        dashed = "" if used else ' stroke-dasharray="4 4"'
        yield (
            f'<path d="M{x:.1f} {y:.1f}h{gap - 7:.1f}" stroke="{colour}" stroke-width="2"{dashed}/>'
            f'<path d="M{x + gap - 8:.1f} {y - 5:.1f}v10l6.5-5z" fill="{colour}"/>'
        )
        ink = look.SIGNS["failed"].words if used and label == "on failure" else look.FAINT
        yield text(x + (gap - 8) / 2, y - 6, label, size=_LABEL, fill=ink, anchor="middle")
        yield from handler.draw(x + gap + handler.left, top)

    right = main.right + gap + handler.width
    grow = main.widened
    return replace(
        main,
        right=right,
        height=max(main.height, handler.height),
        draw=draw,
        widened=(lambda least: aside(grow(least), label, handler, reach)) if grow else None,
    )


def under(main: Box, label: str, handler: Box) -> Box:
    """Return a box with what handles its end below it, right of the way that goes on."""
    used = handler.state not in {"pending", "skipped"}
    colour = look.SIGNS["failed"].colour if used and label == "on failure" else look.GHOST
    high = main.height + LINK + handler.height

    def draw(spine: float, top: float) -> Iterator[str]:
        yield from main.draw(spine, top)
        y, x = top + main.height, spine + GAP + handler.left
        start = min(x, spine + main.right - GAP)
        dashed = "" if used else ' stroke-dasharray="4 4"'
        yield (
            f'<path d="M{spine:.1f} {y:.1f}V{top + high:.1f}" stroke="{look.RIM}" '
            'stroke-width="2"/>'
            f'<path d="M{start:.1f} {y:.1f}v4H{x:.1f}v{LINK - 10:g}" fill="none" stroke="{colour}" '
            f'stroke-width="2"{dashed}/>'
            f'<path d="M{x - 5:.1f} {y + LINK - 7:.1f}h10l-5 6.5z" fill="{colour}"/>'
        )
        ink = look.SIGNS["failed"].words if used and label == "on failure" else look.FAINT
        yield text(x + 10, y + LINK - 5, label, size=_LABEL, fill=ink)
        yield from handler.draw(x, y + LINK)

    words = GAP + handler.left + 10 + width(label, _LABEL)
    right = max(main.right, GAP + handler.width, words)
    return replace(main, right=right, height=high, draw=draw, widened=None)


def folded(boxes: Sequence[Box], columns: int, *, paused: bool = False) -> Box:
    """Return boxes that follow one another down several columns, left to right."""
    runs = _split(boxes, columns)
    stacks = [below(run, paused=paused) for run in runs]
    step = GAP * 2.5
    wide = sum(stack.width for stack in stacks) + step * (len(stacks) - 1)
    high = max((stack.height for stack in stacks), default=0.0)

    def draw(spine: float, top: float) -> Iterator[str]:
        x = spine - wide / 2
        for index, stack in enumerate(stacks):
            middle = x + stack.left
            yield from stack.draw(middle, top + LINK)
            if index + 1 < len(stacks):
                after, follows = middle + stack.width - stack.left + step / 2, stacks[index + 1]
                end = x + stack.width + step + follows.left
                bottom = top + LINK + stack.height
                yield _turn(
                    middle, bottom, after, end, top, colour=_link_colour(runs[index + 1][0])
                )
            x += stack.width + step

    if len(stacks) == 1:
        return stacks[0]
    return Box(wide / 2, wide / 2, high + 2 * LINK, draw)


def _turn(
    start: float, bottom: float, gutter: float, end: float, top: float, *, colour: str
) -> str:
    """Return the link from the foot of one column to the head of the next."""
    rise = bottom + LINK / 2 - top
    return (
        f'<path d="M{start:.1f} {bottom:.1f}v{LINK / 2 - 6:g}q0 6 6 6H{gutter - 6:.1f}q6 0 6 -6'
        f"v{-(rise - 12):.1f}q0 -6 6 -6H{end - 6:.1f}q6 0 6 6v{LINK - 12:.1f}"
        f'" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<path d="M{end - 5:.1f} {top + LINK - 7:.1f}h10l-5 6.5z" fill="{colour}"/>'
    )


def _split(boxes: Sequence[Box], columns: int) -> list[Sequence[Box]]:
    """Return so many runs of boxes, at most, about equally high."""
    total = sum(box.height + LINK for box in boxes)
    runs: list[list[Box]] = [[]]
    used = 0.0
    for box in boxes:
        middle = used + (box.height + LINK) / 2
        if runs[-1] and len(runs) < columns and middle > total * len(runs) / columns:
            runs.append([])
        runs[-1].append(box)
        used += box.height + LINK
    return list(runs)


def _link_colour(after: Box) -> str:
    return look.RIM if after.state in {"pending", "skipped"} else look.GHOST
