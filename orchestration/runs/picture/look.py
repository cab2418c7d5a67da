"""Colours and drawn signs of states: no glyphs, for fonts lack them, and never colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.runs.picture.lettering import drawable, xml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tgk.ports.runs import RunState, StepState

GROUND = "#1e1f22"
CARD = "#2b2d31"
FRAME = "#232428"
RIM = "#3f4147"
INK = "#f2f3f5"
SOFT = "#b5bac1"
FAINT = "#989ea6"
GHOST = "#6d7078"

_GREEN, _BLUE, _AMBER, _RED = "#23a55a", "#5865f2", "#f0b132", "#f23f43"
_TEAL, _VIOLET, _GREY, _ORANGE = "#2aa198", "#a37bd8", "#5c5f66", "#f26b3a"


@dataclass(frozen=True, slots=True)
class Sign:
    """How a state looks: its colour, the colour of its words and a path inside a 20-unit circle."""

    colour: str
    words: str
    path: str
    solid: bool = False
    """Whether the path is filled instead of stroked."""


_TICK = "M5.6 10.4l3 3 5.8-6.2"
_CROSS = "M6.8 6.8l6.4 6.4M13.2 6.8l-6.4 6.4"
_PLAY = "M7.8 5.8v8.4l6.8-4.2z"
_PAUSE = "M7 6h2.3v8H7zM10.7 6H13v8h-2.3z"
_CLOCK = "M10 5.6V10l3.2 2"
_DASH = "M6.2 10h7.6"
_SQUARE = "M6.8 6.8h6.4v6.4H6.8z"
_BACK = "M13.8 13.6v-2.2a2.8 2.8 0 0 0-2.8-2.8H6.4M9 5.8L6.2 8.6 9 11.4"
_PIN = "M10 5.2v6.4M7.4 9.2l2.6 2.6 2.6-2.6M6 14.2h8"
_DOT = "M8.4 10a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0z"

_OK = Sign(_GREEN, "#57c785", _TICK)
_WRONG = Sign(_RED, "#ff8a8c", _CROSS)
_LATE = Sign(_RED, "#ff8a8c", _CLOCK)
_WAITS = Sign(_AMBER, "#f5c66a", _PAUSE, solid=True)
_WORKS = Sign(_BLUE, "#a9b4ff", _PLAY, solid=True)
_TAKEN_BACK = Sign(_VIOLET, "#c9adf0", _BACK)
_ROLLED_BACK = Sign(_ORANGE, "#ffb08a", _BACK)
"""A run that failed: nothing of it is left, which is no calm end."""
_STOPPED = Sign(_GREY, SOFT, _SQUARE, solid=True)

SIGNS: Mapping[StepState, Sign] = {
    "pending": Sign(_GREY, FAINT, _DOT, solid=True),
    "running": _WORKS,
    "waiting": _WAITS,
    "succeeded": _OK,
    "failed": _WRONG,
    "timed_out": _LATE,
    "skipped": Sign(_GREY, FAINT, _DASH),
    "cancelled": _STOPPED,
    "kept": Sign(_TEAL, "#6fd0c8", _PIN),
    "undone": _TAKEN_BACK,
}
RUN_SIGNS: Mapping[RunState, Sign] = {
    "queued": SIGNS["pending"],
    "running": _WORKS,
    "waiting": _WAITS,
    "paused": _WAITS,
    "undoing": _ROLLED_BACK,
    "succeeded": _OK,
    "failed": _WRONG,
    "cancelled": _STOPPED,
    "timed_out": _LATE,
    "rolled_back": _ROLLED_BACK,
    "rollback_failed": _WRONG,
    "forced": _STOPPED,
}


def icon(sign: Sign, x: float, y: float, radius: float = 10.0) -> str:
    """Return the sign as a filled circle around its middle."""
    scale = radius / 10
    ink = GROUND if sign.colour in {_AMBER, _TEAL, _VIOLET} else "#ffffff"
    drawn = f'fill="{ink}"' if sign.solid else (
        f'fill="none" stroke="{ink}" stroke-width="2.1" stroke-linecap="round" '
        'stroke-linejoin="round"'
    )  # fmt: skip
    return (
        f'<g transform="translate({x - radius:.1f} {y - radius:.1f}) scale({scale:g})">'
        f'<circle cx="10" cy="10" r="10" fill="{sign.colour}"/>'
        f'<path d="{sign.path}" {drawn}/></g>'
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float,
    fill: str,
    bold: bool = False,
    anchor: str = "start",
) -> str:
    """Return one line of words; one font file is bundled, so bold is an outline."""
    outline = f' stroke="{fill}" stroke-width="{size * 0.035:.2f}"' if bold else ""
    aligned = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}"{outline}{aligned}>'
        f"{xml(drawable(words))}</text>"
    )


def rect(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str,
    radius: float = 8.0,
    more: str = "",
) -> str:
    """Return a rounded box; ``more`` holds further attributes of ours."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{height:.1f}" '
        f'rx="{radius:g}" fill="{fill}"{" " if more else ""}{more}/>'
    )
