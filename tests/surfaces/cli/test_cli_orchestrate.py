"""Playbooks from the terminal: pairs, what is missing is asked for, exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from tests.conftest import World
    from tests.surfaces.cli.conftest import Terminal

RUN = ("orchestrate", "run", "--playbook", "deploy-web-app")


def ending(world: World, state: str) -> FakeRuns:
    """Let every run end the moment it is started."""
    made = FakeRuns(world.clock, ends_as=state)
    world.dispatcher.backends = replace(world.dispatcher.backends, runs=made)
    return made


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--parameters", "version=v1.4.0", "--parameters", "watch=60"),
         {"version": "v1.4.0", "watch": "60"}),
        (("--parameters", "version=v1.4.0,watch=60"), {"version": "v1.4.0", "watch": "60"}),
    ],
)  # fmt: skip
def test_pairs_are_given_once_or_often(
    served: Terminal, world: World, words: tuple[str, ...], found: dict[str, str]
) -> None:
    """Both spellings mean the same, and the answer can be read by a program."""
    runs = ending(world, "succeeded")

    ended = served(*RUN, *words, "--json")

    assert ended.code == 0
    assert [each.parameters for each in runs.requests] == [found]
    assert json.loads(ended.out)["state"] == "succeeded"


@pytest.mark.parametrize(("end", "code"), [("failed", 1), ("rolled_back", 1), ("succeeded", 0)])
def test_how_a_run_ends_is_the_exit_code(
    served: Terminal, world: World, end: str, code: int
) -> None:
    """So that pipelines stop where the playbook did."""
    ending(world, end)

    ended = served(*RUN, "--parameters", "version=v1.4.0")

    assert ended.code == code
    assert "WF-2026-001 deploy-web-app" in ended.out


def test_a_closed_gate_of_a_dry_run_fails(served: Terminal) -> None:
    """What is missing is named where nobody can be asked; exit code 2."""
    ended = served(*RUN, "--dry-run")

    assert ended.code == 2
    assert "version: needed: What to deploy, such as v1.4.0" in ended.err


def test_what_is_missing_is_asked_for_at_a_terminal(served: Terminal, world: World) -> None:
    """With what it is for; then the run goes on as if it had been given."""
    runs = ending(world, "succeeded")

    seen = served.sit_at(*RUN, typing="v1.4.0\r", until="such as v1.4.0):")

    assert "version (What to deploy, such as v1.4.0):" in seen.out
    assert [each.parameters for each in runs.requests] == [{"version": "v1.4.0"}]
    assert seen.code == 0
