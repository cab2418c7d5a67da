"""Runs as lines and as mermaid text."""

from __future__ import annotations

import re

import pytest

from orchestration.runs.picture import graph, mermaid, tree
from orchestration.runs.shape import stages
from tests.unit.runs.run_stories import (
    NOW,
    choice,
    regions,
    rollouts,
    run,
    second_generation,
    step,
    taken_back,
    thirteen,
)
from tgk.ports.runs import RunRequest


def test_a_run_is_a_tree_of_lines() -> None:
    """Marks tell states, indentation tells groups."""
    assert tree(run([rollouts(), choice("waiting")]), now=NOW) == (
        "▶ parallel-deployment · 3 m 31 s · parallel",
        "  ✓ frontend",
        "    ✓ deploy-frontend · 1 m 02 s",
        "  ▶ api",
        "    ▶ deploy-api · 3 m 31 s · attempt 2 of 4",
        "    · verify",
        "  ✗ workers",
        "    ✗ deploy-workers · 1 m 10 s · quota exceeded: 12 of 12 pods are…",
        "      ✓ on failure",
        "        ✓ rollback · 9 s",
        '‖ is-production · 1 m 11 s · environment == "production"',
        "  ‖ then",
        "    ‖ council-approval · 1 m 11 s · 1 of 2 yes · waits for the council",
        "  – else",
    )


def test_what_was_kept_and_what_was_taken_back_is_marked() -> None:
    """Generations and undone runs read at a glance."""
    assert tree(second_generation())[:2] == ("= validate · kept", "= backup · from WF-2026-001")
    assert tree(taken_back())[0] == "↩ backup · 41 s · rolled back"
    assert tree(taken_back())[-2:] == ("  ✓ switch back · 3 s", "  ✓ drop the backup · 2 s")


@pytest.mark.parametrize(
    ("asked", "given", "where"),
    [("staging", "production", "staging"), (None, "production", "production"), (None, "", "v1")],
)
def test_a_picture_begins_with_where_the_run_is_aimed(
    asked: str | None, given: str, where: str
) -> None:
    """Where it was aimed at the start, else its parameter of that name; else nothing is said."""
    view = run(
        [step("a")],
        request=RunRequest(playbook="deploy-web-app", environment=asked),
        parameters={"environment": given, "version": "v1"},
    )

    said = graph(view, now=NOW).alt.splitlines()[1]

    assert said.split(" · ")[0] == where


def test_items_that_are_done_are_counted_in_lines_too() -> None:
    """What is under way or failed keeps its line."""
    lines = tree(run([regions(["succeeded"] * 40 + ["failed", "running"])]))

    assert lines[1:] == (
        "  ✓ 40 items done", "  ✗ region-41 · failed", "  ▶ region-42",
    )  # fmt: skip


def test_no_line_is_longer_than_72_columns_or_holds_a_break() -> None:
    """Foreign words cannot tear the tree."""
    lines = tree(run([step("a", "failed", 0, 1, name="x" * 60, note="why\n" * 60)]))

    assert len(lines) == 1
    assert 60 < len(lines[0]) <= 72
    assert lines[0].isprintable()


def test_a_line_that_is_too_long_ends_with_a_whole_word() -> None:
    """In the tree and in the words below a picture; one long word is cut where it must be."""
    why = "the gate refused it after a failure, " + "failure " * 9
    view = run([step("gate", "failed", 0, 1, note=why)], "failed", reason=why)

    cut = [line for line in graph(view, now=NOW).alt.splitlines() if line.endswith("…")]

    assert len(cut) == 1  # the step; why the run failed stands above it in full
    assert why.strip() in graph(view, now=NOW).alt.replace("\n", " ")
    assert all(line.removesuffix("…").split()[-1] == "failure" for line in cut)
    assert tree(run([step("a", name="x" * 500)]))[0].endswith("x…")


def test_mermaid_links_groups_in_order() -> None:
    """Groups are subgraphs, handlers hang on their step."""
    text = mermaid(thirteen())

    assert text.startswith("flowchart TD\n")
    assert 'subgraph g3["parallel-deployment"]' in text
    assert "  n2 --> g3" in text
    assert "  g3 --> g9" in text
    assert '  n7 ==>|"on failure"| n8' in text
    assert text.count("subgraph") == len(re.findall(r"^\s*end$", text, re.MULTILINE)) == 4


def test_mermaid_colours_every_node() -> None:
    """Each node is in the class of its state."""
    text = mermaid(thirteen())
    nodes = set(re.findall(r"^\s+(n\d+)\[", text, re.MULTILINE))
    classed = re.findall(r"^  class ([\w,]+) \w+$", text, re.MULTILINE)

    assert {node for line in classed for node in line.split(",")} == nodes


def test_no_word_of_a_playbook_is_mermaid_syntax() -> None:
    """Quotes, brackets and directives become numbers."""
    evil = '"]\n  click n1 "javascript:alert(1)"\n%%{init: {}}%% <b>#'
    text = mermaid(run([step("a", name=evil)], playbook=evil))
    line = next(each for each in text.splitlines() if "n1[" in each)

    assert re.fullmatch(r'  n1\["[^"<>{}\[\]()]*<br/>to come"\]', line)
    assert all(not each.lstrip().startswith("click") for each in text.splitlines())
    assert "%%{" not in text


def test_what_was_taken_back_stands_where_it_happened() -> None:
    """Before the last steps, which run in every ending."""
    steps = [step("a", "undone", 0, 1), step("finally", "succeeded", 3, 4, kind="finally")]
    view = run(steps).model_copy(
        update={"undoes": (step("a/undo/#1", "succeeded", 2, 3, name="/back"),)}
    )

    assert [each.name for each in stages(view)] == ["a", "rolled back", "finally"]
