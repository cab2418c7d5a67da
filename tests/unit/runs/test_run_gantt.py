"""Runs along the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from orchestration.runs.picture import gantt
from orchestration.runs.timing import critical_path
from tests.unit.runs.run_stories import (
    NOW,
    at,
    finished,
    regions,
    run,
    second_generation,
    step,
    thirteen,
)
from tgk.ports.runs import Pausing, Try

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.ports.runs import RunView

_SVG = "{http://www.w3.org/2000/svg}"


def _texts(view: RunView, earlier: Sequence[RunView] = ()) -> list[str]:
    root = ET.fromstring(gantt(view, earlier=earlier, now=NOW).svg)  # noqa: S314 - our own
    return [element.text or "" for element in root.iter(f"{_SVG}text")]


def test_the_branch_that_ended_last_is_critical() -> None:
    """What ended before it did not decide."""
    names = [each.name for each in critical_path(finished())]

    assert names == ["validate", "backup", "deploy-api", "verify", "council", "switch"]


def test_a_pause_is_drawn_behind_all_rows_and_told() -> None:
    """As a band with its own legend, and in words; without one there is none."""
    still = finished().model_copy(update={"pauses": (Pausing(began=at(203), ended=at(233)),)})
    plain, drawn = gantt(finished(), now=NOW), gantt(still, now=NOW)

    assert "paused after 3 m 23 s for 30 s" in drawn.alt
    assert "paused 30 s" in _texts(still)
    assert drawn.svg.count("<rect") == plain.svg.count("<rect") + 2
    assert "paused" not in plain.svg


def test_what_is_under_way_is_critical_over_what_is_done() -> None:
    """The end waits for it."""
    names = [each.name for each in critical_path(thirteen())]

    assert names == ["validate-prerequisites", "backup-current", "deploy-api"]


def test_an_item_is_critical_with_those_that_it_waited_for() -> None:
    """Two at once: the third began when the first ended."""
    times = [(0, 10), (0, 25), (10, 30)]
    items = tuple(
        step(f"f[{n}]", "succeeded", begun, lasted, kind="item", name=f"item-{n}",
             steps=(step(f"f[{n}]/do", "succeeded", begun, lasted),))
        for n, (begun, lasted) in enumerate(times)
    )  # fmt: skip
    view = run([step("f", "succeeded", 0, 40, kind="foreach", steps=items)], "succeeded")

    assert [each.path for each in critical_path(view)] == ["f[0]/do", "f[2]/do"]


def test_later_steps_stand_further_right() -> None:
    """Time runs to the right, and a bar is as long as its step."""
    root = ET.fromstring(gantt(finished()).svg)  # noqa: S314 - our own drawing
    bars = [
        (float(each.get("x", "")), float(each.get("width", "")))
        for each in root.iter(f"{_SVG}rect")
        if each.get("height") == "14.0"
    ]

    assert len(bars) == 7
    assert bars == sorted(bars, key=lambda bar: bar[0])
    assert abs(bars[3][1] / bars[2][1] - 130 / 62) < 0.05


def test_what_people_decided_before_a_step_acted_is_drawn_as_waiting() -> None:
    """In front of its own bar, and named below."""
    ship = step("ship", "succeeded", 0, 100).model_copy(update={"freed": at(90)})
    view = run([ship], "succeeded", ended=at(100))
    root = ET.fromstring(gantt(view).svg)  # noqa: S314 - our own drawing
    bars = [each for each in root.iter(f"{_SVG}rect") if each.get("height") == "14.0"]
    wide = [float(each.get("width", "")) for each in bars]

    assert len({each.get("fill") for each in bars}) == 2
    assert abs(wide[0] / wide[1] - 9) < 0.05
    assert "waiting for people or a time" in _texts(view)
    assert "1 m 30 s of it waiting for people" in gantt(view).alt


def test_medians_of_earlier_runs_are_ghosts() -> None:
    """One for each step that has run before, and the whole run is compared."""
    earlier = [finished(1, 2), finished(0.9, 3), finished(1.1, 4)]
    picture = gantt(finished(1.3), earlier=earlier)

    assert picture.svg.count('stroke-dasharray="3 3"') == 7 + 1
    assert "median of 3 earlier runs" in picture.svg
    assert "usually 4 m 27 s" in picture.svg
    assert "deploy-api: after 1 m 09 s, 2 m 49 s, usually 2 m 10 s, critical" in picture.alt


def test_without_earlier_runs_there_are_no_ghosts() -> None:
    """Nothing is compared with nothing."""
    svg = gantt(finished()).svg

    assert "dasharray" not in svg
    assert "usually" not in svg


def test_steps_to_come_are_counted() -> None:
    """They have no bar."""
    words = _texts(thirteen())

    assert "6 steps to come" in words
    assert "tell-the-team" not in words


def test_of_many_steps_the_longest_are_shown() -> None:
    """The others are counted."""
    words = _texts(run([step(f"s{n:02}", "succeeded", n, n + 1) for n in range(50)]))

    assert "20 shorter steps not shown" in words
    assert "s49" in words
    assert "s00" not in words


def test_items_of_one_name_are_told_apart() -> None:
    """Each row names its item."""
    words = _texts(run([regions(["succeeded", "succeeded"])]))

    assert {"region-deploy · region-1", "region-deploy · region-2"} <= set(words)


def test_a_long_name_gives_way_to_the_item_that_it_was_for() -> None:
    """Else all of them would be called the same."""
    items = tuple(
        step(f"f[{n}]", "succeeded", n, 1, kind="item", name=name,
             steps=(step(f"f[{n}]/validate-everything", "succeeded", n, 1),))
        for n, name in enumerate(("eu-west-1", "us-east-2"))
    )  # fmt: skip
    words = _texts(run([step("f", "succeeded", 0, 2, kind="foreach", steps=items)], "succeeded"))

    assert [word.partition("… · ")[2] for word in words if word.startswith("validate-")] == [
        "eu-west-1", "us-east-2",
    ]  # fmt: skip


def test_tries_that_failed_and_the_waits_between_them_are_drawn() -> None:
    """Lower than the last one; what waited is hatched, for its colour alone tells not everybody."""
    tries = tuple(Try(began=at(begun), ended=at(begun + 10), state="failed") for begun in (0, 30))
    flaky = step("flaky", "succeeded", 60, 40, attempt=3, attempts=4, tries=tries)
    root = ET.fromstring(gantt(run([flaky], "succeeded", ended=at(100))).svg)  # noqa: S314 - ours

    bars = [each for each in root.iter(f"{_SVG}rect") if each.get("height") in ("8.0", "14.0")]
    hatched = [each for each in root.iter(f"{_SVG}path") if each.get("stroke-width") == "1.4"]
    assert [float(each.get("width", "")) for each in bars] == [24.0, 48.0, 24.0, 48.0, 96.0]
    assert [each.get("height") for each in bars] == ["8.0", "14.0", "8.0", "14.0", "14.0"]
    assert len(hatched) == 3  # both waits, and the legend


def test_kept_steps_have_no_bar() -> None:
    """They took no time in this generation."""
    words = _texts(second_generation())

    assert "deploy" in words
    assert "validate" not in words


def test_a_run_that_has_not_begun_says_so() -> None:
    """An empty chart is a sentence."""
    assert "No step has begun." in _texts(run([step("a")], "queued", began=None))


def test_names_are_escaped() -> None:
    """Markup in a name stays text."""
    picture = gantt(run([step("a", "succeeded", 0, 1, name="<script>&")]))

    assert "&lt;script&gt;&amp;" in picture.svg
    assert "<script>" not in picture.svg
