"""Diagnostics for people and for machines say the same."""

from __future__ import annotations

import json

import pytest

from orchestration.playbook.exports import as_annotations, as_json, as_sarif
from orchestration.playbook.load import load
from orchestration.playbook.rendering import as_text

TEXT = """\
name: x
steps:
  - command: /status
    timeout: 300
    timeout: 5m
    retires: 3
"""
LOADED = load(TEXT.encode(), "x.yml")


def test_people_read_the_line_the_place_and_the_help() -> None:
    """With the other place that has to do with it."""
    assert as_text(LOADED.diagnostics, LOADED.source) == (
        'error[E011]: key "timeout" stands here twice\n'
        " --> x.yml:5:5\n"
        "4 |     timeout: 300\n"
        "  |     ------- first used here\n"
        "5 |     timeout: 5m\n"
        "  |     ^^^^^^^ second time here\n"
        "  = help: it is already on line 4\n"
        "\n"
        "error[E010]: a step has no key 'retires'\n"
        " --> x.yml:6:5\n"
        "6 |     retires: 3\n"
        "  |     ^^^^^^^\n"
        "  = help: did you mean 'retry'?\n"
        "\n"
        "x.yml: 2 errors\n"
    )  # fmt: skip


def test_marks_stand_under_wide_characters_and_tabs() -> None:
    """As terminals draw them."""
    loaded = load(
        "name: x\nsteps: [{name: 日本, retires: 3, command: /status}]\n".encode(), "x.yml"
    )
    rows = as_text(loaded.diagnostics, loaded.source).splitlines()
    marks = [row for row in rows if "^" in row]

    assert marks[1].index("^") == len("2 | steps: [{name: 日本, ") + 2


def test_a_very_long_line_is_cut_around_the_place() -> None:
    """No line of the output is longer than a screen can bear."""
    text = (
        "name: x\nsteps: [{command: /status, " + "description: " + "x" * 3000 + ", retires: 3}]\n"
    )
    loaded = load(text.encode(), "x.yml")
    rows = as_text(loaded.diagnostics, loaded.source).splitlines()

    assert max(map(len, rows)) < 200
    assert any("retires" in row for row in rows[2:4])


def test_only_the_first_are_told_where_so_many_fit() -> None:
    """The line that counts them counts all."""
    told = as_text(LOADED.diagnostics, LOADED.source, most=1)

    assert "E010" not in told
    assert told.splitlines()[-1] == as_text(LOADED.diagnostics, LOADED.source).splitlines()[-1]


def test_json_counts_and_lists() -> None:
    """With lines and columns counted from one."""
    data = json.loads(as_json(LOADED.diagnostics, "x.yml"))

    assert (data["ok"], data["errors"], data["warnings"]) == (False, 2, 0)
    assert data["diagnostics"][0]["related"] == [
        {"line": 4, "column": 5, "length": 7, "label": "first used here"}
    ]


def test_sarif_names_rules_places_and_replacements() -> None:
    """As code scanning reads it."""
    loaded = load(b"name: x\nversion: 1.5\nsteps: [{command: /status}]\n", "x.yml")
    log = json.loads(as_sarif(loaded.diagnostics, "x.yml"))
    (run,) = log["runs"]
    (result,) = run["results"]

    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["W061"]
    assert result["level"] == "warning"
    assert result["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 2, "startColumn": 10, "endColumn": 13,
    }  # fmt: skip
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": '"1.5"'}


def test_annotations_cannot_be_broken_out_of() -> None:
    """Line ends and colons of a playbook do not make commands of the build system."""
    loaded = load(b'name: x\nsteps: [{command: /status, "a\\n::error::b": 1}]\n', "a,b:c.yml")

    lines = as_annotations(loaded.diagnostics, "a,b:c.yml").splitlines()

    assert len(lines) == 1
    assert lines[0].startswith("::error file=a%2Cb%3Ac.yml,line=2,col=28,")
    assert "%0A::error::b" in lines[0]


@pytest.mark.parametrize("sign", ["\\u2028", "\\x85", "\\v", "\\f", "\\x1e", "\\r"])
def test_no_sign_that_ends_a_line_somewhere_breaks_out(sign: str) -> None:
    """Neither out of an annotation nor out of the text for people."""
    text = f'name: x\nsteps: [{{command: /status, "a{sign}::error::b": 1}}]\n'
    loaded = load(text.encode(), "x.yml")

    lines = as_annotations(loaded.diagnostics, "x.yml").splitlines()
    rows = as_text(loaded.diagnostics, loaded.source).splitlines()

    assert [line[:15] for line in lines] == ["::error file=x."]
    assert not [row for row in rows if row.startswith("::")]


def test_the_text_of_a_playbook_gives_a_terminal_no_orders() -> None:
    """What cannot be seen is shown as a dot, in messages as in the lines themselves."""
    loaded = load(b'name: x\nsteps: [{command: /status, "\\e[31m\\a": 1}]\n', "x.yml")

    assert "\x1b" not in as_text(loaded.diagnostics, loaded.source)


def test_sarif_names_any_file_as_an_address() -> None:
    """With its signs escaped; and looking succeeded, whatever was found."""
    loaded = load(b"name: x\nnmae: y\nsteps: [{command: /status}]\n", "x.yml")
    (run,) = json.loads(as_sarif(loaded.diagnostics, "my plays/50%#ä.yml"))["runs"]
    (result,) = run["results"]

    places = [one["physicalLocation"]["artifactLocation"] for one in result["locations"]]
    assert places == [{"uri": "my%20plays/50%25%23%C3%A4.yml"}]
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_sarif_counts_columns_in_the_unit_that_it_names() -> None:
    """In characters, also behind those that take two units elsewhere."""
    loaded = load(
        "name: x\nsteps: [{description: 😀, nmae: a, command: /status}]\n".encode(), "x.yml"
    )
    (run,) = json.loads(as_sarif(loaded.diagnostics, "x.yml"))["runs"]

    assert run["columnKind"] == "unicodeCodePoints"
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (26, 30)
