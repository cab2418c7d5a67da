"""No expression takes long, swells or crashes, whatever somebody writes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.playbook import template
from orchestration.playbook.expression import ExpressionError, parse

sys.path.insert(0, str(Path(__file__).parent))  # what follows is no package of its own
import expression_texts
import hostile

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestration.playbook.expression import Value

ROOT = Path(__file__).parents[3]
LONGEST = 50.0
"""Milliseconds."""
LARGEST = 10.0
"""Megabytes."""


@pytest.fixture(scope="module")
def hostilities() -> dict[str, dict[str, Any]]:
    """What came of every hostile case, in a process that may grow by ten megabytes."""
    script = Path(__file__).with_name("hostile.py")
    done = subprocess.run(
        [sys.executable, script], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    results: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return results


@pytest.mark.parametrize("case", [*hostile.REFUSED, *hostile.TEMPLATES])
def test_the_hostile_are_refused_at_once(case: str, hostilities: dict[str, dict[str, Any]]) -> None:
    """Within ten megabytes and fifty milliseconds."""
    assert hostilities[case]["refused"]
    assert hostilities[case]["ms"] < LONGEST
    assert hostilities[case]["mb"] < LARGEST


@pytest.mark.parametrize("case", hostile.ALLOWED)
def test_the_long_and_harmless_have_a_value(
    case: str, hostilities: dict[str, dict[str, Any]]
) -> None:
    """A bound is one on cost, not on style."""
    assert not hostilities[case]["refused"]
    assert hostilities[case]["ms"] < LONGEST
    assert hostilities[case]["mb"] < LARGEST


def test_the_measure_finds_what_takes_long_and_what_swells(
    hostilities: dict[str, dict[str, Any]],
) -> None:
    """Else the bars would hold whatever happened."""
    assert hostilities["takes too long"]["ms"] > LONGEST
    assert hostilities["swells a little"]["mb"] > LARGEST


def fault(read: Callable[[str], Any], text: str) -> ExpressionError | None:
    """Return what is wrong with a text, if anything is."""
    try:
        found = read(text)
        found.references  # noqa: B018 - must be known for whatever can be read
        (found.value if read is template.parse else found.evaluate)(expression_texts.SCOPE)
    except ExpressionError as error:
        return error
    return None


@pytest.mark.parametrize(
    "count", [5_000, pytest.param(100_000, marks=[pytest.mark.bench, pytest.mark.timeout(600)])]
)
@pytest.mark.parametrize(("read", "around"), [(parse, "{}"), (template.parse, "x ${{{}}} y")])
def test_nonsense_raises_nothing_but_its_own_error(
    count: int, read: Callable[[str], Any], around: str
) -> None:
    """With a place inside the text, whether it fails to be read or to have a value."""
    dice = random.Random(count)  # noqa: S311 - the same texts every time
    texts = [around.format(expression_texts.random_text(dice)) for _ in range(count)]

    faults = [(text, error) for text in texts if (error := fault(read, text)) is not None]

    assert count // 4 < len(faults) < count
    for text, error in faults:
        assert 0 <= error.offset <= len(text), text
        assert 1 <= error.length <= len(text) + 1 - error.offset, text
        assert isinstance(error.help, str)


def test_a_depth_of_forty_is_allowed() -> None:
    """And one more is not, with the place of the parenthesis that is too much."""
    assert parse("(" * 39 + "1" + ")" * 39).evaluate({}) == 1
    with pytest.raises(ExpressionError, match="nested deeper than 40") as caught:
        parse("(" * 40 + "1" + ")" * 40)

    assert caught.value.offset == 40


def test_two_thousand_characters_are_allowed() -> None:
    """And one more is not."""
    assert parse("1" + " " * 1_999).evaluate({}) == 1
    with pytest.raises(ExpressionError, match="at most 2,000 characters") as caught:
        parse("1" + " " * 2_000)

    assert (2_000, 1) == (caught.value.offset, caught.value.length)


BOUNDS: dict[str, Value] = {
    "half": "a" * 40_000,
    "long": "a" * 65_537,
    "build": {"log": "a" * 65_537},
    "list": [0] * 600,
    "steps": [0] * 6_000,
    "deep": hostile.deep(50),
    "deeper": hostile.deep(50),
    "nan": float("nan"),
}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("half + half", "the text is longer than 65,536 characters"),
        ("1 + size(long)", "the text is longer than 65,536 characters"),
        ("build.log", "the text is longer than 65,536 characters"),
        ('upper(half + "ß" + string([half]))', "the text is longer than 65,536 characters"),
        ("list + list", "the list is longer than 1,000 elements"),
        ("product(list, [1, 2])", "there are more than 1,000 combinations"),
        ("1 in steps || 0 in steps", "this takes more than 10,000 steps"),
        ("deep == deeper", "the values are nested deeper than 40 levels"),
        ("string(deep)", "the value is nested deeper than 40 levels"),
        ("string(nan)", "nan is no number"),
    ],
)
def test_every_bound_is_told_by_its_name(source: str, message: str) -> None:
    """What is computed stays small, and what comes from a run is bounded too."""
    with pytest.raises(ExpressionError) as caught:
        parse(source).evaluate(BOUNDS)

    assert message == caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${half} ${half}", "the text is longer than 65,536 characters"),
        ("x" * 65_537, "the text is longer than 65,536 characters"),
        ("${half}" * 201, "a text has at most 200 placeholders"),
    ],
)
def test_templates_are_bounded_too(text: str, message: str) -> None:
    """As they are written, and as they are filled in."""
    with pytest.raises(ExpressionError) as caught:
        template.parse(text).text(BOUNDS)

    assert message == caught.value.message
