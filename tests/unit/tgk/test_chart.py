"""Line charts."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from tgk.chart import line_chart, line_chart_alt

_START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
_SVG = "{http://www.w3.org/2000/svg}"


def _points(*values: float) -> list[tuple[datetime, float]]:
    return [(_START + timedelta(minutes=at), value) for at, value in enumerate(values)]


def _drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own drawing


def _words(svg: str) -> list[str]:
    return [text.text or "" for text in _drawn(svg).iter(f"{_SVG}text")]


def _lines(svg: str) -> list[list[tuple[float, float]]]:
    return [
        [(float(pair.split(",")[0]), float(pair.split(",")[1])) for pair in line.split()]
        for line in (element.get("points", "") for element in _drawn(svg).iter(f"{_SVG}polyline"))
    ]


def test_a_chart_prints_title_limit_and_last_value() -> None:
    """What people look for first stands in words beside the line."""
    svg = line_chart(_points(20, 91, 38), title="CPU · api", unit="%", limit=80)

    assert _words(svg) == ["CPU · api", "limit 80 %", "38 %", "2 min ago", "now"]


def test_higher_values_are_drawn_higher_within_the_card() -> None:
    """Order and scale are right, and nothing leaves the picture."""
    svg = line_chart(_points(0, 40, 80), title="CPU", unit="%", width=600, height=200)

    ((first, second, third),) = _lines(svg)
    assert first[0] < second[0] < third[0] <= 600
    assert 200 >= first[1] > second[1] > third[1] >= 0
    assert first[1] - second[1] == pytest.approx(second[1] - third[1], abs=0.2)


def test_points_may_come_in_any_order() -> None:
    """Time decides, not the order of the list."""
    points = _points(1, 2, 3)

    assert line_chart(points, title="x") == line_chart(points[::-1], title="x")


def test_unmeasured_points_are_gaps() -> None:
    """A hole in the measurements is seen as one, never as zero."""
    svg = line_chart(_points(1, 2, math.nan, math.inf, 5, 6), title="x")

    assert [len(line) for line in _lines(svg)] == [2, 2]


def test_a_value_over_the_limit_stands_out() -> None:
    """The last value takes another colour above the limit."""
    below = line_chart(_points(1, 79), title="x", limit=80)
    above = line_chart(_points(1, 81), title="x", limit=80)

    assert "#f2777a" not in below
    assert "#f2777a" in above


@pytest.mark.parametrize("last", [80.0, 80.5, 79.5, 0.0, 160.0])
def test_limit_and_value_never_lie_on_each_other(last: float) -> None:
    """The two labels keep a line's distance."""
    svg = line_chart(_points(10, last), title="x", unit="%", limit=80)
    places = {text.text: float(text.get("y", "0")) for text in _drawn(svg).iter(f"{_SVG}text")}

    value = next(
        y for words, y in places.items() if words and words.endswith("%") and "l" not in words
    )
    assert abs(places["limit 80 %"] - value) >= 24


@pytest.mark.parametrize("values", [(), (math.nan,), (math.inf, -math.inf, 1e300)])
def test_nothing_measured_is_said(values: tuple[float, ...]) -> None:
    """An empty chart is a sentence and not a flat line."""
    svg = line_chart(_points(*values), title="CPU", unit="%", limit=80)

    assert _words(svg) == ["CPU", "no measurements"]
    assert line_chart_alt(_points(*values), title="CPU", unit="%") == "CPU: no measurements"


@pytest.mark.parametrize("values", [(5,), (0, 0), (-3, -1), (7, 7, 7)])
def test_unusual_values_are_drawn(values: tuple[float, ...]) -> None:
    """One point, zeros, negatives and a constant have a place inside the card."""
    svg = line_chart(_points(*values), title="x", height=280)

    assert all(0 <= y <= 280 for line in _lines(svg) for _, y in line)
    assert "nan" not in svg
    assert "inf" not in svg


def test_foreign_words_cannot_become_markup() -> None:
    """Names are escaped, what XML cannot hold is dropped, and long ones are shortened."""
    title = "<script>&\"'\x00\x1b\ud800</script>" + "long " * 80
    svg = line_chart(_points(1, 2), title=title, unit="<b>")

    assert "<script" not in svg
    assert _words(svg)[0].startswith("<script>&\"'</script>long")
    assert _words(svg)[0].endswith("…")
    svg.encode()


def test_a_drawing_needs_no_inline_style() -> None:
    """A strict content policy would drop it."""
    assert "style" not in line_chart(_points(1, 2), title="x", limit=1)


def test_a_long_history_keeps_its_peak_and_stays_small() -> None:
    """A week of seconds is thinned, its one peak is not."""
    values = [10.0] * 100_000
    values[54_321] = 99.0
    svg = line_chart(_points(*values), title="x", unit="%")

    ((*line,),) = _lines(svg)
    assert len(line) <= 800
    assert len([y for _, y in line if y < min(y for _, y in line) + 1]) == 1
    assert len(svg) < 40_000


def test_a_long_gap_stays_a_gap_when_thinned() -> None:
    """Hours without measurements are not bridged."""
    values = [10.0] * 3000 + [math.nan] * 3000 + [20.0] * 3000

    first, second = _lines(line_chart(_points(*values), title="x"))

    assert second[0][0] - first[-1][0] > 300


def test_the_picture_in_words_names_now_lowest_highest_and_limit() -> None:
    """Who cannot see the picture learns the same; the drawing carries it too."""
    words = line_chart_alt(_points(20.4, 91, 0.023), title="CPU · api", unit="%", limit=80)

    assert words == "CPU · api: now 0.023 %, lowest 0.023 %, highest 91 %, limit 80 %"
    svg = line_chart(_points(20.4, 91, 0.023), title="CPU · api", unit="%", limit=80)
    assert words == _drawn(svg).get("aria-label")


def test_a_value_that_is_not_of_now_is_not_called_so() -> None:
    """When the newest point is missing, the last known one is named as such."""
    words = line_chart_alt(_points(3, math.nan), title="x")

    assert words == "x: last measured 3, lowest 3, highest 3"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (-0.0001, "0"), (0.02, "0.02"), (1.25, "1.2"), (37.8, "38"), (9999, "9999"),
     (12_345, "12.35k"), (1e6, "1M"), (2.5e9, "2.5G"), (1e15, "1000T"), (-250, "-250")],
)  # fmt: skip
def test_figures_are_as_short_as_people_say_them(value: float, expected: str) -> None:
    """No figure has more digits than anybody reads."""
    assert f"x: now {expected}, " in line_chart_alt(_points(value), title="x")
