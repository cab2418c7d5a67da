"""Arguments that cannot be used are answered with what to write instead."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import pytest
from pydantic import AwareDatetime, Field, StringConstraints, field_validator

import commands
from tgk.command import Command
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.options import Request
from tgk.registry import collect

COMMANDS = {entry.name: entry for entry in collect(commands)}
PYDANTIC = re.compile(r"should|[Ii]nput|valid|pattern|\^|permitted|parse|required|pydantic")
NAME = "letters, digits and . _ / # @ : + - only, starting with a letter or digit"


def faults_of(entry: Command[Any], raw: dict[str, object]) -> tuple[ArgumentFault, ...]:
    """Return every fault of some arguments."""
    with pytest.raises(InvalidRequest) as caught:
        entry.parse(raw)
    return caught.value.faults


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("deploy", {"env": "staging", "tag": "!v1"}, f"tag: {NAME}"),
        ("deploy", {"env": "staging", "tag": "v" * 129}, "tag: at most 128 characters"),
        ("deploy", {"env": "staging"}, "tag: needed"),
        ("deploy", {"env": "staging", "tag": 7}, "tag: text"),
        ("logs", {"service": "a", "tail": "zz"}, "tail: a whole number from 1 to 5000"),
        ("logs", {"service": "a", "tail": "0"}, "tail: a whole number from 1 to 5000"),
        ("logs", {"service": "a", "tail": "5001"}, "tail: a whole number from 1 to 5000"),
        ("logs", {"service": "a", "tail": 1.5}, "tail: a whole number from 1 to 5000"),
        ("logs", {"service": "a", "tail": "9" * 9999}, "tail: a whole number from 1 to 5000"),
        ("logs", {"service": "a", "level": "loud"}, "level: one of debug, info, warn, error"),
        (
            "logs", {"service": "a", "since": "soon"},
            "since: not in the right form (not older than, such as 15m or 2h)",
        ),
        ("scale", {"service": "a", "replicas": "-1"}, "replicas: a whole number from 0 to 1000"),
        ("lock", {"env": "staging", "reason": "ab"}, "reason: at least 3 characters"),
        ("lock", {"env": "staging", "reason": "\ud800abc"}, "reason: text"),
        (
            "logs", {"service": "a", "tial": 3}, "tial: there is no such option; did you mean tail?"
        ),
        ("logs", {"service": "a", "zzz": 3}, "zzz: there is no such option"),
        ("alert", {"receiver": "x", "status": "firing", "alerts": []}, "alerts: at least 1 entry"),
    ],
)  # fmt: skip
def test_each_fault_says_what_to_write(name: str, raw: dict[str, object], told: str) -> None:
    """In an operator's words, and naming the option."""
    listed = [f"{fault.name}: {fault.message}" for fault in faults_of(COMMANDS[name], raw)]

    assert told in listed


def test_what_was_probably_meant_is_kept_for_surfaces() -> None:
    """A surface can offer it."""
    (level,) = faults_of(COMMANDS["logs"], {"service": "a", "level": "wran"})
    (option,) = faults_of(COMMANDS["logs"], {"service": "a", "tial": 1})

    assert "warn" == level.suggestions[0]
    assert ("tail",) == option.suggestions


@pytest.mark.parametrize("name", sorted(COMMANDS))
@pytest.mark.parametrize(
    "value",
    [None, "", "!", "a", "x" * 20_000, -1, 1.5, 10**30, float("nan"), True, [], {}, [1], "\ud800"],
    ids=repr,
)
def test_no_command_answers_in_the_words_of_a_library(name: str, value: object) -> None:
    """Whatever is put into whatever option of whatever command."""
    entry = COMMANDS[name]
    raw = {option.name: value for option in entry.options}

    with pytest.raises(InvalidRequest) as caught:
        entry.parse({**raw, "surplus": value})

    assert [] == [f for f in caught.value.faults if PYDANTIC.search(f.message)]


class Booking(Request):
    """Book something."""

    start: AwareDatetime
    until: datetime | None = None
    urgent: bool = False
    share: float = Field(default=1, gt=0)
    most: int = Field(default=1, le=9)
    free: int = 0
    names: tuple[Annotated[str, StringConstraints(max_length=1)], ...] = Field((), max_length=2)

    @field_validator("free")
    @classmethod
    def _must_be_odd(cls, value: int) -> int:
        if value == 2:
            raise ValueError("it must be odd")
        return value


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"start": "2026-01-01T00:00:00"}, "start: a time with its zone, as in 2026-"),
        ({"until": "later"}, "until: a time with its zone, as in 2026-"),
        ({"urgent": "perhaps"}, "urgent: true or false"),
        ({"share": "0"}, "share: more than 0"),
        ({"share": "much"}, "share: a number"),
        ({"most": "10"}, "most: a whole number, at most 9"),
        ({"free": "x"}, "free: a whole number"),
        ({"free": 2}, "free: it must be odd"),
        ({"names": "x"}, "names: a list"),
        ({"names": ["a", "b", "c"]}, "names: at most 2 entries"),
        ({"names": ["ab"]}, "names.0: at most 1 character"),
    ],
)
def test_kinds_that_a_new_command_may_use_have_their_words_too(
    given: dict[str, object], told: str
) -> None:
    """Times, flags, shares and lists."""
    entry = Command(name="book", request=Booking, handle=_nothing, permission="/book")

    (fault,) = faults_of(entry, {"start": "2026-01-01T00:00:00Z", **given})

    assert f"{fault.name}: {fault.message}".startswith(told)


async def _nothing(request: Booking, context: object) -> Any:
    """Never called."""
    raise AssertionError((request, context))
