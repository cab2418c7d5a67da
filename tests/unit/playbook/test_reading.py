"""A file is read within bounds, and what is wrong with its text stands where it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.playbook.load import load
from orchestration.playbook.source import Source
from tests.pace import milliseconds
from tgk.yaml_marks import read

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
)
HOSTILE = {
    "laughs": LAUGHS,
    "deep": "a: " + "[" * 20_000,
    "deep mappings": "".join(f"{' ' * n}a:\n" for n in range(400)),
    "wide": "steps: [" + "1," * 60_000 + "]",
    "large": "x" * 300_000,
    "self": "a: &a [*a]",
    "quotes": 'a: "' + '"' * 5_000,
    "words": "steps:\n- command: /infra deploy " + "--x " * 20_000,
    "holes": "steps:\n- command: /infra deploy " + "${" * 20_000,
    "long condition": "steps:\n- command: /status\n  condition: " + "(" * 50_000,
    "merge": "a: &a {x: 1}\nb: {<<: *a}",
    "binary": "\x00\x01\x02",
}


def codes(text: str | bytes) -> list[tuple[str, int, int]]:
    """Return code, line and column of each fault."""
    source = text if isinstance(text, bytes) else text.encode()
    return [(one.code, one.span.line, one.span.column) for one in load(source, "x.yml").diagnostics]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_once(name: str) -> None:
    """Its bounds are measured with the other figures; here it must only not hang."""
    content = HOSTILE[name].encode()
    loaded = load(content, "x.yml")

    assert [one for one in loaded.diagnostics if one.severity == "error"]
    assert milliseconds(lambda: load(content, "x.yml"), under=500) < 500


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\nvariables:\n  a: &a 1\n  b: *a\nsteps: [{command: /status}]\n",
         [("E003", 3, 6), ("E003", 4, 6)]),
        ("name: x\nname: y\nsteps: [{command: /status}]\n", [("E011", 2, 1)]),
        ("name: x\nsteps:\n\t- command: /status\n", [("E004", 3, 1)]),
        ("name: x\nsteps: [{command: /status, recover: yes}]\n",
         [("E005", 2, 37)]),
        ("name: !x y\nsteps: [{command: /status}]\n", [("E003", 1, 7)]),
        (b"name: \xff\n", [("E006", 1, 1)]),
        ("name: x\nsteps: [{command: /status}\n", [("E002", 2, 26)]),
        ("- a\n", [("E013", 1, 1)]),
        ("", [("E013", 1, 1)]),
    ],
)  # fmt: skip
def test_what_is_no_plain_yaml_is_told_at_its_place(
    text: str | bytes, expected: list[tuple[str, int, int]]
) -> None:
    """With its code."""
    assert codes(text) == expected


def test_a_duplicate_names_both_places() -> None:
    """The first use is the related one."""
    (one,) = load(b"name: x\nname: y\nsteps: [{command: /status}]\n", "x.yml").diagnostics

    assert [(near.span.line, near.label) for near in one.related] == [(1, "first used here")]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab \"'\\$&{}:-é", min_size=1, max_size=30))
def test_every_character_of_a_value_is_found_in_its_file(value: str) -> None:
    """In double quotes, with escapes; in single ones; in a literal block."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    quoted = value.replace("'", "''")
    for text in (f'k: "{escaped}"\n', f"k: '{quoted}'\n", f"k: |\n  .{value}\n"):
        document = read(text.encode(), "x.yml")
        node = document.root.value["k"] if isinstance(document.root.value, dict) else None
        assert node is not None
        assert isinstance(node.value, str)
        source = Source("x.yml", text)
        origin = source.origin(node, node.value)

        for offset, character in enumerate(node.value.rstrip("\n")):
            place = origin.at(offset)
            assert place.line == (2 if "|" in text[:4] else 1)
            assert source.line(place.line)[place.column - 1] in (character, "\\")


def test_a_place_in_folded_text_is_on_its_line() -> None:
    """Long command lines are folded."""
    text = (
        "name: x\nsteps:\n  - command: >-\n      /infra deploy\n"
        "      --version ${verison}\nparameters: [version]\n"
    )

    assert ("E030", 5, 17) not in codes(text)
    loaded = load(text.encode(), "x.yml")
    assert loaded.playbook is not None
    (step,) = loaded.playbook.steps
    (argument,) = step.command.arguments  # type: ignore[union-attr]  # a command step
    (reference,) = argument.value.references
    place = argument.origin.at(reference.offset, reference.length)
    assert (place.line, place.column, place.length) == (5, 19, 7)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_no_text_makes_reading_fail(text: str) -> None:
    """Whatever it is, it is told."""
    loaded = load(text.encode("utf-8", "replace"), "x.yml")

    assert loaded.diagnostics


@pytest.mark.parametrize(
    ("text", "place", "message", "steps"),
    [
        ("name: x\ncategory: y\n\n  - name: a\n    command: /status\n",
         (4, 3), "this list stands under no key", 0),
        ("name: x\nsteps:\n    command: /status\n  - name: b\n    command: /status\n",
         (3, 5), "the first item of this list has no '- '", 2),
    ],
)  # fmt: skip
def test_a_line_that_is_gone_is_told_where_it_was(
    text: str, place: tuple[int, int], message: str, steps: int
) -> None:
    """Not where YAML stumbles later; what is behind it is still read."""
    loaded = load(text.encode(), "x.yml")

    first = min(loaded.diagnostics, key=lambda one: one.span)
    assert (first.span.line, first.span.column, first.message) == (*place, message)
    assert loaded.playbook is None or len(loaded.playbook.steps) == steps


TWO = """\
name: x
steps:
  - name: one
    command: /status
    timeout: 5m
  - name: two
    type: conditional
    condition: one.success
    then: [/queue]
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TWO.replace("  - name: two\n", ""), [("E020", 6, 5)]),
        (TWO.replace("  - name: two\n", "\n").replace("    type: conditional\n", ""),
         [("E020", 7, 5)]),
        ("name: x\nparameters:\n  - name: a\n    type: int\n\n    type: user\nsteps: [/status]\n",
         [("E020", 6, 5)]),
        (TWO.replace("timeout: 5m", "command: /status"), [("E011", 5, 5)]),
        ("steps:\n  - approval:\n      Go on now: yes or no?\n      Tell us.\n      count: 2\n",
         [("E002", 3, 7)]),
        ("  tries: 3\n  more: 4\nsteps: [/status]\n", [("E002", 1, 3)]),
        ("name: x\nparameters:\n  type: environment\n  default: staging\nsteps: [/status]\n",
         [("W069", 3, 3)]),
    ],
)  # fmt: skip
def test_a_line_that_is_missing_is_told_where_it_was(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    """Not where its absence is first felt, and without accusing what is right."""
    assert [one for one in codes(text) if one[0] not in ("W060", "E012")][:2] == expected
