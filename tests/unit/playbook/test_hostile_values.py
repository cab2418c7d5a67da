"""A thousand values made to do harm, in every option of every command: each stays one value."""

from __future__ import annotations

import random
import shlex
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from orchestration.playbook.binding import fill
from orchestration.playbook.origin import Span
from orchestration.playbook.words import read_line
from tests.journeys.hostile_words import VALUES
from tests.unit.playbook.checking import REGISTRY
from tgk.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.command_line import CommandLine

HOW_MANY = 1000
PARTS = (
    "v1.4.0", "production", " ", "  ", "\n", "\t", "\r\n", "\x00", "\x1b[31m", "\u2028", "\u202e",
    "\u2014force", "--force", "--environment", "--canary", "--", "-f", "=", "=true", ",", ";",
    "|", "&&", ">", "<", "`id`", "$(id)", "${value}", "$${value}", "${", "}", '"', "'", '\\"',
    "\\", "/infra rollback --immediate", "/deploy production v1.4.1", "#", "*", "~", "%s", "{0}",
    "null", "true", "é", "🔥",
)  # fmt: skip


def hostile_values() -> Iterator[str]:
    """Yield known ones first, then endless mixtures of what has a meaning somewhere."""
    yield from VALUES
    dice = random.Random(1000)  # noqa: S311 - the same values every time
    while True:
        yield "".join(dice.choices(PARTS, k=dice.randint(1, 7)))


def written(name: str) -> Iterator[CommandLine]:
    """Yield lines that give a computed value to each option of a command, in both spellings."""
    for option in (
        each.rstrip("_").replace("_", "-") for each in REGISTRY[name].request.model_fields
    ):
        for text in (f"/{name} --{option} ${{value}}", f"/{name} --{option}=${{value}}"):
            line, faults = read_line(text, Span(1, 1, len(text)))
            assert line is not None
            assert faults == ()
            yield line


def given(line: CommandLine, value: str) -> dict[str, object] | None:
    """Return what the command is given, None where the value is refused."""
    try:
        return fill(line, {"value": value}, REGISTRY)
    except InvalidRequest:
        return None


@pytest.mark.parametrize("name", sorted(each.name for each in REGISTRY if "playbook" in each.doors))
def test_no_value_changes_which_options_of_a_command_are_given(name: str) -> None:
    """It arrives whole where a harmless one would, or the step is refused."""
    values = list(islice(hostile_values(), HOW_MANY))
    for line in written(name):
        harmless = given(line, "true")
        assert harmless
        for value in values:
            raw = given(line, value)
            if raw is not None:
                assert raw.keys() == harmless.keys(), (line.text, value)
                assert set(raw.values()) <= {value, True, False}, (line.text, value)


def test_pasted_into_the_line_they_would_change_what_is_given() -> None:
    """So they are worth trying: filled in before it is cut into words, one in three adds some."""
    values = list(islice(hostile_values(), HOW_MANY))

    changed = [value for value in values if pasted(value) != 1]

    assert len(changed) > HOW_MANY / 3
    assert any("--force" in value for value in changed)


def pasted(value: str) -> int:
    """Return how many words a value would be; none where nobody could cut it into words."""
    try:
        return len(shlex.split(value))
    except ValueError:
        return 0


def test_most_of_them_are_taken_as_they_are_where_any_text_may_stand() -> None:
    """A command that refused everything would be none the safer."""
    values = list(islice(hostile_values(), HOW_MANY))
    text = "/notify team --message ${value}"
    line, _ = read_line(text, Span(1, 1, len(text)))
    assert line is not None

    taken = [value for value in values if given(line, value) == {"message": value}]

    assert len(taken) > HOW_MANY / 4


def test_there_are_a_thousand_different_ones() -> None:
    """And most of them hold something that means more than itself to somebody."""
    values = list(islice(hostile_values(), HOW_MANY))

    assert len(set(values)) >= 890
    assert sum(not value.isalnum() for value in values) > 950
