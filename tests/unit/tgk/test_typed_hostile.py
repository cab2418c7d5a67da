"""No value, whatever it looks like, changes which options a typed line gives."""

from __future__ import annotations

import random
from typing import Any

import commands
from tests.journeys.hostile_words import VALUES
from tgk.errors import InvalidRequest
from tgk.registry import collect
from tgk.typed import bind, parse_line, tokenise, value_line

COMMANDS = {entry.name: entry for entry in collect(commands) if "gateway" not in entry.doors}
NAMES = list(COMMANDS)
PIECES = (
    *VALUES[:20], "--env=production", "--yes", "--", "—env", "\\", '"', "'", "“", "”", "=", "\n",
    "\t", " ", "/deploy", "@tgk", "\x00", "\u202e", "é", "🔥", "a", "1", "-", "--no-yes", '\\"',
)  # fmt: skip
HOW_MANY = 1000


def drawn() -> list[str]:
    """Return a thousand values put together of what ends words, quotes and options."""
    chance = random.Random(7)  # noqa: S311 - the same in every run
    return [
        "".join(chance.choices(PIECES, k=chance.randint(1, 9)))[:4000] or "x"
        for _ in range(HOW_MANY)
    ]


def test_a_quoted_value_binds_to_its_option_alone_and_arrives_unchanged() -> None:
    """Written by name, as our own cards write a line to copy."""
    values = drawn()
    assert len(values) == HOW_MANY

    for number, value in enumerate(values):
        entry = COMMANDS[NAMES[number % len(NAMES)]]
        given: dict[str, object] = {
            option.name: value for option in entry.options if option.type != "boolean"
        }
        line = value_line(entry.name, given)

        name, tokens = parse_line(line, NAMES)

        assert name == entry.name
        assert bind(tokens, entry.options) == given, line


def test_a_quoted_value_by_position_never_becomes_an_option() -> None:
    """In the first place of a command it stays in the first place."""
    entry = COMMANDS["logs"]
    first = entry.options[0].name

    for value in drawn():
        quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

        _, tokens = parse_line(f"/logs {quoted}", NAMES)

        assert bind(tokens, entry.options) == {first: value}


def test_free_text_takes_all_that_is_no_option() -> None:
    """A reason may hold quotes and other commands; an option that it is behind is never lost."""
    entry = COMMANDS["notify team"]

    for value in drawn():
        line = f"/notify team --message because {value} --severity high"

        _, tokens = parse_line(line, NAMES)

        try:
            raw = bind(tokens, entry.options)
        except InvalidRequest:
            continue
        assert str(raw["message"]).startswith("because")
        assert raw["severity"] == "high"


def test_words_of_a_line_are_never_lost_or_invented() -> None:
    """What is between words is white space, and nothing else."""
    for value in drawn():
        tokens = tokenise(value)

        between: Any = 0
        for token in tokens:
            assert value[between : token.start].strip() == ""
            between = token.end
        assert value[between:].strip() == ""
