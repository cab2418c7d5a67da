"""The playbooks and templates that are shipped: complete, checked, and useful to a stranger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import commands
from orchestration.playbook.check import check
from orchestration.playbook.load import load
from orchestration.playbook.model import ApprovalStep, CommandStep
from orchestration.playbook.tree import every_step, walk
from tests.conftest import ROOT
from tgk.registry import Registry, collect

if TYPE_CHECKING:
    from pathlib import Path

    from orchestration.playbook.model import Playbook

_LIBRARY = sorted((ROOT / "playbooks" / "library").glob("*.yml"))
_TEMPLATES = sorted((ROOT / "playbooks" / "templates").glob("*.yml"))
_CATEGORIES = {"deployment", "maintenance", "security", "recovery"}


def _stem(path: Path) -> str:
    return path.stem


def _loaded(path: Path) -> Playbook:
    found = load(path.read_bytes(), path.name)
    assert found.playbook is not None
    return found.playbook


def test_everything_promised_is_shipped() -> None:
    """Ten playbooks and four templates."""
    assert {path.stem for path in _LIBRARY} >= {
        "blue-green", "canary", "disaster-recovery", "deploy-web-app", "maintenance",
        "daily-backup", "monthly-audit", "security-scan", "incident-response",
        "weekly-maintenance",
    }  # fmt: skip
    assert {path.stem for path in _TEMPLATES} == {
        "blank", "deployment", "maintenance", "recovery",
    }  # fmt: skip


@pytest.mark.parametrize("path", [*_LIBRARY, *_TEMPLATES], ids=_stem)
def test_it_passes_every_check_without_a_warning(path: Path) -> None:
    """Against the commands that are shipped."""
    loaded = load(path.read_bytes(), path.name)
    assert loaded.diagnostics == ()
    assert loaded.playbook is not None

    books = {each.stem: _loaded(each) for each in _LIBRARY}
    registry = Registry(collect(commands))
    found = check(loaded.playbook, registry=registry, known_playbooks=books)

    assert found == ()


@pytest.mark.parametrize("path", _LIBRARY, ids=_stem)
def test_it_says_what_it_is(path: Path) -> None:
    """Called after its file, in a category, described with every parameter, with an example."""
    playbook = _loaded(path)

    assert playbook.name == path.stem
    assert playbook.category in _CATEGORIES
    assert playbook.description
    assert playbook.version
    assert all(parameter.description for parameter in playbook.parameters)
    assert f"--playbook {playbook.name}" in path.read_text()


@pytest.mark.parametrize("path", [*_LIBRARY, *_TEMPLATES], ids=_stem)
def test_it_cannot_run_for_ever(path: Path) -> None:
    """The run has a limit, and every step of its body that does something has one of its own."""
    playbook = _loaded(path)
    handlers = re.compile(r"/(on_failure|on_success|undo)/")
    commands_of_body = [
        step
        for step in walk(playbook.steps)
        if isinstance(step, CommandStep)
        and not handlers.search(step.path)
        and step.command.name != "notify team"
    ]

    assert playbook.timeout or path.stem == "blank"
    assert [step.path for step in commands_of_body if step.timeout is None] == []


@pytest.mark.parametrize("path", _LIBRARY, ids=_stem)
def test_its_questions_end_safely_without_an_answer(path: Path) -> None:
    """Nobody's silence is a yes."""
    asked = [step for step in every_step(_loaded(path)) if isinstance(step, ApprovalStep)]

    assert all(step.on_timeout in {"fail", "skip"} for step in asked)


def test_the_library_shows_what_the_language_can_do() -> None:
    """Newcomers find an example of each kind of step, and of each operation."""
    steps = [step for path in _LIBRARY for step in every_step(_loaded(path))]
    kinds = {type(step).__name__ for step in steps}
    lines = {step.command.name for step in steps if isinstance(step, CommandStep)}

    assert kinds >= {
        "CommandStep", "Parallel", "Conditional", "ForEach", "Group", "ApprovalStep", "Wait",
        "SetValues", "Assert",
    }  # fmt: skip
    assert lines >= {
        "infra deploy", "infra scale", "infra rollback", "infra failover", "infra switch",
        "infra decommission", "test run", "backup create", "backup restore", "backup list",
        "monitor health", "monitor metrics", "security scan", "notify team",
    }  # fmt: skip
