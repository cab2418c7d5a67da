"""Slips that are no faults of form: told all the same, on the line where they were made."""

from __future__ import annotations

import pytest

from orchestration.playbook.fix import mend
from tests.unit.playbook.checking import found

SCAN = "steps:\n  - name: scan\n    command: /security scan\n"


def told(text: str) -> list[str]:
    """Return code, line, column and length of everything that is told."""
    return [
        f"{one.code} {one.span.line}:{one.span.column}+{one.span.length}" for one in found(text)
    ]


@pytest.mark.parametrize(
    ("line", "column", "length"),
    [
        ("description:\ta word", 13, 1),
        ("description: \t  a word", 13, 4),
        ('description:\t"a: word"', 13, 1),
        ("locks:\t[one]", 7, 1),
        ("locks: [{x:\t1}]", 12, 1),
    ],
)
def test_a_tab_between_a_key_and_its_value_is_warned_of(
    line: str, column: int, length: int
) -> None:
    """Nobody sees it; mending writes the space that was meant, and nothing else."""
    text = f"name: x\n{line}\nsteps: [/status]\n"

    assert f"W072 2:{column}+{length}" in told(text)
    before, after = line[: column - 1], line[column - 1 + length :]
    assert mend(text.encode(), "x.yml").text.splitlines()[1] == f"{before} {after}"


@pytest.mark.parametrize(
    "line",
    ['description: "a:\tb"', "description: |\n  a:\tb", "description: a\tb", "locks: [one] \t# x"],
)
def test_a_tab_within_a_text_is_its_own(line: str) -> None:
    """And one before a comment or the end of a line means nothing to anybody."""
    assert told(f"name: x\n{line}\nsteps: [/status]\n") == []


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("[10, 25, 50o, 100]", ["W073 3:22+3"]),
        ("[l0, 25, 50]", ["W073 3:14+2"]),
        ("[10, 25, '50o', 100]", []),
        ("[10, 25, all]", []),
        ("[10, 2.5, 50]", []),
        ("[v1, v2, 3]", []),
        ("[1, v2]", []),
    ],
)
def test_a_text_with_digits_among_numbers_is_warned_of(entries: str, expected: list[str]) -> None:
    """One alone, without quotes, among two numbers at least."""
    text = f"name: x\nsteps:\n  - {{items: {entries}, as: n, steps: [/status]}}\n"

    assert told(text) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("type: int, min: 3.30", ["E013 2:40+4"]),
        ("type: int, max: 8.40", ["E013 2:40+4"]),
        ("type: string, max: 2.5", ["E013 2:43+3"]),
        ("type: number, max: 2.5", []),
        ("type: duration, min: 0.5", []),
    ],
)
def test_bounds_of_whole_numbers_are_whole(keys: str, expected: list[str]) -> None:
    """A half is no bound of them."""
    assert told(f"name: x\nparameters: [{{name: n, {keys}}}]\nsteps: [/status]\n") == expected


@pytest.mark.parametrize("value", ["tru", "1", '"true"', "[true]"])
def test_switches_of_integrations_are_true_or_false(value: str) -> None:
    """What a run would take for off is told before."""
    text = f"integrations:\n  - type: datadog\n    track_metrics: {value}\n"

    assert f"E013 3:20+{len(value)}" in told(text)


def test_a_switch_of_an_integration_may_be_computed() -> None:
    """Or be written out."""
    head = "name: x\nparameters: [{name: p, type: bool, default: true}]\nsteps: [/status]\n"

    for value in ("true", "false", "${p}"):
        assert told(f"{head}integrations: [{{type: datadog, track_metrics: '${{p}}'}}]\n") == []
        assert told(f"{head}integrations:\n  - type: datadog\n    track_metrics: {value}\n") == []


def test_what_a_trigger_gives_is_told_where_it_stands() -> None:
    """Its name, and a value that the parameter does not take."""
    text = (
        "name: x\nparameters:\n  - {name: severity, enum: [low, high], default: low}\n"
        "triggers:\n  - type: event\n    source: s\n    event: e\n    parameters:\n"
        "      severity: hihg\n      sevreity: low\nsteps: [/status]\n"
    )

    assert told(text) == ["E042 9:17+4", "E031 10:7+8"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("has(output.critcal)", ["E034 5:39+7"]),
        ("has(output.critical)", []),
        ("has(output.anything)", []),
        ("output.anything == 1", ["E034 5:35+8"]),
    ],
)
def test_a_field_asked_for_with_care_may_still_be_a_slip(
    condition: str, expected: list[str]
) -> None:
    """A provider may tell more than its command promises; a slip of what it promises is one."""
    text = f"name: x\n{SCAN}    retry: {{max: 1, when: '{condition}'}}\n"

    assert told(text) == expected


def test_a_name_that_two_have_is_told_at_both() -> None:
    """Nobody but the author knows which of them was meant; each names the other."""
    text = "name: x\nsteps:\n  - {name: a, command: /status}\n  - {name: a, command: /status}\n"

    first, second = found(text)

    assert (first.span.line, second.span.line) == (3, 4)
    assert first.related[0].span == second.span
    assert second.related[0].span == first.span


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("[/status, /status]", ["W074 2:18+7"]),
        ("\n  - /status\n  - command: /status\n  - command: /status", ["W074 5:5+16"]),
        ("\n  - {wait: 5s}\n  - {wait: 5s, name: on-purpose}", []),
        ("\n  - /status\n  - wait: 5s\n  - /status", []),
    ],
)
def test_a_step_that_was_copied_is_warned_of(steps: str, expected: list[str]) -> None:
    """Right behind itself and without a name; a name tells that it is meant."""
    assert told(f"name: x\nsteps: {steps}\n") == expected
