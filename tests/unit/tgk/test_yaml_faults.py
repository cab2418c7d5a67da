"""What pydantic finds, said so that an operator can act on it."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from tgk.yaml_faults import boolean_faults, validated
from tgk.yaml_marks import read


class Part(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(extra="forbid")

    size: float = Field(default=1, gt=0, lt=10)
    code: str = Field(default="", max_length=5, pattern="^[a-z]*$")
    mode: Literal["fast", "slow"] = "fast"
    odd: int = 1

    @field_validator("odd")
    @classmethod
    def _must_be_odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("it must be odd")
        return value


class Whole(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")

    parts: Annotated[list[Part], Field(description="at least one")]
    named: dict[str, Part | None] = {}
    flag: bool = False
    ratio: float = 0


def faults_of(text: str) -> list[str]:
    """Return the faults of a text against the model above, whatever is left of it."""
    document = read(text.encode(), "x.yml")
    found, faults = validated(document, Whole, {})
    if found is not None:
        faults += boolean_faults(document, found)
    return [fault.text("x.yml") for fault in sorted(faults)]


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("{size: 0}", "x.yml:1:16: parts.0.size is 0; write more than 0"),
        ("{size: 10}", "x.yml:1:16: parts.0.size is 10; write less than 10"),
        ("{size: big}", 'x.yml:1:16: parts.0.size is "big"; write a number'),
        ("{code: abcdef}", "x.yml:1:16: parts.0.code is 6 characters long; at most 5"),
        ("{code: A}", 'x.yml:1:16: parts.0.code is "A"; write text that fits ^[a-z]*$'),
        ("{code: [a]}", "x.yml:1:16: parts.0.code is a list; write text"),
        ("{mode: xx}", 'x.yml:1:16: parts.0.mode is "xx"; write one of fast, slow'),
        ("{mode: fats}", 'x.yml:1:16: parts.0.mode is "fats"; did you mean "fast"?'),
        ("{odd: 2}", "x.yml:1:15: parts.0.odd: it must be odd"),
        ("{odd: {a: 1}}", "x.yml:1:15: parts.0.odd is a mapping; write a whole number"),
        ("7", 'x.yml:1:9: parts.0 is "7"; write a mapping, one `key: value` a line'),
        ("{sise: 1}", 'x.yml:1:10: unknown key "sise"; did you mean "size"?'),
        ("{zzz: 1}", 'x.yml:1:10: unknown key "zzz"; known here: size, code, mode, odd'),
    ],
)  # fmt: skip
def test_each_kind_of_fault_has_its_words(part: str, fault: str) -> None:
    """Where it is, what is there, and what to write instead."""
    assert faults_of(f"parts: [{part}]") == [fault]


def test_a_missing_key_says_what_it_is_for() -> None:
    """The description of the model is what the operator reads."""
    assert faults_of("flag: true") == [
        'x.yml:1:1: key "parts" is missing in the file; add `parts: …` (at least one)'
    ]


def test_keys_inside_optional_parts_are_suggested_too() -> None:
    """A part that may be null still knows its keys."""
    assert faults_of("parts: []\nnamed: {a: {mod: fast}, b: null}") == [
        'x.yml:2:13: unknown key "mod"; did you mean "mode"?'
    ]


def test_long_and_broken_values_are_shown_short() -> None:
    """No fault is longer than a line."""
    (fault,) = faults_of("parts: []\nflag: |\n" + "  word word word\n" * 20)

    assert "\n" not in fault
    assert len(fault) < 160


def test_booleans_and_numbers_are_not_exchanged() -> None:
    """True is not one, and one is not true."""
    assert faults_of("parts: []\nflag: 1\nratio: true") == [
        'x.yml:2:7: "1" is not the kind of value that belongs here; write true or false',
        "x.yml:3:8: true is not the kind of value that belongs here; write a number",
    ]


def test_what_is_left_without_the_faults_can_still_be_checked() -> None:
    """So that one run names everything."""
    document = read(b"parts: [{size: 1}]\nflag: maybe\nnamed: {a: {size: x}, b: {size: 2}}", "x")

    found, faults = validated(document, Whole, {})

    assert len(faults) == 2
    assert found is not None
    assert {"a": Part(), "b": Part(size=2)} == found.named
