"""Line charts as SVG text, drawn for chat: one figure over time, its limit and where it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    Points = Sequence[tuple[datetime, float]]
    Measured = list[tuple[float, float]]
    """Seconds and values; unmeasured ones are NaN."""

_CARD = "#1e1f22"
_INK = "#dbdee1"
_FAINT = "#949ba4"
_AXIS = "#3f4147"
_LINE = "#8ea1ff"
_FILL = "#5865f2"
_LIMIT = "#f0b232"
_BAD = "#f2777a"
_LARGEST = 1e15
_MOST_BUCKETS = 360


def line_chart(
    points: Points,
    *,
    title: str,
    unit: str = "",
    limit: float | None = None,
    width: int = 1280,
    height: int = 280,
) -> str:
    """Return an SVG of the points, any order; what is not a finite number becomes a gap."""
    measured = _thinned(_ordered(points))
    limit = limit if limit is not None and _usable(limit) else None
    frame = _framed(measured, limit, width, height)
    known = [point for point in measured if not math.isnan(point[1])]
    body = _curve(frame, measured, known, unit, limit) if known else _nothing(frame)
    words = _xml(line_chart_alt(points, title=title, unit=unit, limit=limit))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{words}" '
        'font-family="DejaVu Sans, Verdana, sans-serif">'
        f'<rect width="{width}" height="{height}" rx="16" fill="{_CARD}"/>'
        f"{_text(20, 40, _fitted(title, frame.right), size=24, fill=_INK)}"
        f"{''.join(body)}</svg>"
    )


def line_chart_alt(
    points: Points, *, title: str, unit: str = "", limit: float | None = None
) -> str:
    """Return the same in words: lowest, highest and last value, and the limit."""
    ordered = _ordered(points)
    known = [value for _, value in ordered if not math.isnan(value)]
    if not known:
        return f"{title}: no measurements"
    last = "now" if not math.isnan(ordered[-1][1]) else "last measured"
    parts = [
        f"{title}: {last} {_figure(known[-1], unit)}",
        f"lowest {_figure(min(known), unit)}",
        f"highest {_figure(max(known), unit)}",
    ]
    if limit is not None and _usable(limit):
        parts.append(f"limit {_figure(limit, unit)}")
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plot inside the card and the values that its edges stand for."""

    width: int
    height: int
    top: float
    bottom: float
    left: float
    right: float
    start: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        span = self.end - self.start
        share = (at - self.start) / span if span > 0 else 1.0
        return self.left + share * (self.right - self.left)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - self.top)


def _framed(measured: Measured, limit: float | None, width: int, height: int) -> _Frame:
    values = [value for _, value in measured if not math.isnan(value)]
    shown = [0.0, *values] if limit is None else [0.0, limit, *values]
    low, high = min(shown), max(shown)
    room = (high - low) * 0.06
    return _Frame(
        width=width,
        height=height,
        top=height * 0.23,
        bottom=height * 0.84,
        left=20,
        right=width - 210,
        start=measured[0][0] if measured else 0.0,
        end=measured[-1][0] if measured else 0.0,
        low=low - (room if low < 0 else 0.0),
        high=high + room if high > low else low + 1.0,
    )


def _curve(
    frame: _Frame, measured: Measured, known: Measured, unit: str, limit: float | None
) -> Iterable[str]:
    base = frame.y(max(frame.low, 0.0))
    axis = f"M{frame.left:g} {base:.1f}H{frame.right:g}"
    yield f'<path d="{axis}" stroke="{_AXIS}" stroke-width="2"/>'
    for run in _unbroken(measured):
        line = " ".join(f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in run)
        first, last = frame.x(run[0][0]), frame.x(run[-1][0])
        yield (
            f'<polygon points="{first:.1f},{base:.1f} {line} {last:.1f},{base:.1f}" '
            f'fill="{_FILL}" fill-opacity="0.32"/>'
            f'<polyline points="{line}" fill="none" stroke="{_LINE}" stroke-width="3.5" '
            'stroke-linejoin="round" stroke-linecap="round"/>'
        )
    at, value = known[-1]
    yield from _limit_line(frame, limit, frame.y(value), unit)
    yield from _last_value(frame, at, value, unit, limit)
    yield from _time_labels(frame)


def _limit_line(frame: _Frame, limit: float | None, beside: float, unit: str) -> Iterable[str]:
    if limit is None:
        return
    y = frame.y(limit)
    yield (
        f'<path d="M{frame.left:g} {y:.1f}H{frame.right:g}" stroke="{_LIMIT}" '
        'stroke-width="2.5" stroke-dasharray="10 8"/>'
    )
    label = min(y, beside - 34) if beside >= y else max(y, beside + 34)
    words = f"limit {_figure(limit, unit)}"
    yield _text(frame.right + 18, label + 7, words, size=21, fill=_LIMIT)


def _last_value(
    frame: _Frame, at: float, value: float, unit: str, limit: float | None
) -> Iterable[str]:
    x, y = frame.x(at), frame.y(value)
    fill = _BAD if limit is not None and value > limit else "#ffffff"
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7.5" fill="{fill}"/>'
    # One font file is bundled, so that bold is drawn as an outline of the same colour.
    words = _xml(_figure(value, unit))
    yield (
        f'<text x="{frame.right + 18:g}" y="{y + 13:.1f}" font-size="36" fill="{fill}" '
        f'stroke="{fill}" stroke-width="1.1">{words}</text>'
    )


def _time_labels(frame: _Frame) -> Iterable[str]:
    y = frame.height - 16
    minutes = (frame.end - frame.start) / 60
    if minutes >= 1:
        yield _text(frame.left, y, f"{_age(minutes)} ago", size=19, fill=_FAINT)
    yield _text(frame.right, y, "now", size=19, fill=_FAINT, anchor="end")


def _nothing(frame: _Frame) -> Iterable[str]:
    middle = frame.width / 2, frame.height / 2 + 10
    yield _text(*middle, "no measurements", size=26, fill=_FAINT, anchor="middle")


def _text(x: float, y: float, words: str, *, size: int, fill: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:g}" y="{y:.1f}" font-size="{size}" fill="{fill}" '
        f'text-anchor="{anchor}">{_xml(words)}</text>'
    )


def _ordered(points: Points) -> Measured:
    pairs = [(at.timestamp(), value if _usable(value) else math.nan) for at, value in points]
    return sorted(pairs, key=lambda pair: pair[0])


def _usable(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= _LARGEST


def _thinned(measured: Measured) -> Measured:
    """Keep the lowest and highest of each bucket, and the last: peaks survive, files stay small."""
    size = -(-len(measured) // _MOST_BUCKETS)
    if size <= 2:  # noqa: PLR2004 - a bucket of two is its own lowest and highest
        return measured
    kept: Measured = []
    for start in range(0, len(measured), size):
        bucket = [point for point in measured[start : start + size] if not math.isnan(point[1])]
        if not bucket:
            kept.append((measured[start][0], math.nan))
            continue
        kept.extend(sorted({min(bucket, key=_value), max(bucket, key=_value)}))
    return kept if kept[-1] == measured[-1] else [*kept, measured[-1]]


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _unbroken(measured: Measured) -> list[Measured]:
    runs: list[Measured] = [[]]
    for point in measured:
        if math.isnan(point[1]):
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _figure(value: float, unit: str) -> str:
    """Return a number as short as people say it: ``38 %``, ``0.02 %``, ``12.3k``."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scale = 1e3 if letter == "k" else size
            return f"{value / scale:.4g}{letter} {unit}".strip()
    digits = 0 if abs(value) >= 10 else 1 if abs(value) >= 1 else 3  # noqa: PLR2004 - reading habit
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{'0' if text == '-0' else text} {unit}".strip()


def _age(minutes: float) -> str:
    if minutes < 120:  # noqa: PLR2004 - up to two hours people count in minutes
        return f"{minutes:.0f} min"
    hours = minutes / 60
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - likewise


def _fitted(title: str, width: float) -> str:
    most = max(8, int(width / 15))
    return title if len(title) <= most else title[: most - 1] + "…"


def _xml(text: str) -> str:
    """Return text safe between tags and quotes; what XML cannot hold is dropped."""
    clean = "".join(letter for letter in text if letter.isprintable())
    return escape(clean, {'"': "&quot;", "'": "&#39;"})
