"""What discovery.yml lets start by itself is held against the playbooks and the policy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bot.runtime.discovery import load_discovery
from bot.runtime.playbooks import shelf_of
from bot.runtime.trigger_faults import trigger_faults
from rbac.policy_file import PolicyFile
from tests.conftest import ROOT
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

WOKEN = """\
name: woken
parameters:
  - {name: environment, default: staging}
triggers:
  - type: schedule
    cron: "0 2 * * *"
  - type: webhook
steps:
  - {name: roll, command: '/infra rollback --environment ${environment}'}
"""
NO_RIGHTS = '"trigger:woken" may not do what the {} trigger starts: {}'


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """The shipped files, with one playbook that wakes by itself; the path of discovery.yml."""
    (tmp_path / "rbac").mkdir()
    shutil.copy(ROOT / "rbac" / "policy.yml", tmp_path / "rbac")
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "woken.yml").write_text(WOKEN)
    (tmp_path / "playbooks" / "asleep.yml").write_text("name: asleep\nsteps: [/status]\n")
    return tmp_path / "discovery.yml"


def faults(estate: Path, listed: str, source: str = "") -> list[str]:
    """Return the faults of an estate that lists these triggers, the folder left out."""
    text = (ROOT / "discovery.yml").read_text()
    assert "  triggers: {}" in text
    estate.write_text(text.replace("  triggers: {}", f"  triggers:\n    {listed}", 1))
    policy = estate.parent / "rbac" / "policy.yml"
    policy.write_text(policy.read_text().replace("\nsources:", f"\nsources:{source}", 1))
    found = trigger_faults(estate, load_discovery(estate), estate.parent / "var")
    return [each.removeprefix(f"{estate.parent}/") for each in found]


def listed_at(estate: Path) -> int:
    """Return the line on which the playbook is listed."""
    lines = estate.read_text().splitlines()
    return (
        next(number for number, line in enumerate(lines, 1) if line.startswith("  triggers:")) + 1
    )


def test_a_playbook_whose_own_service_has_no_right_is_told_with_its_line(estate: Path) -> None:
    """One fault for each trigger, with the line of the trigger in the playbook."""
    found = faults(estate, "woken: {per_hour: 6}")

    line = listed_at(estate)
    assert [each.partition("; ")[0] for each in found] == [
        f"discovery.yml:{line}:5: "
        + NO_RIGHTS.format("schedule", "/orchestrate run (woken.yml:5)"),
        f"discovery.yml:{line}:5: "
        + NO_RIGHTS.format("webhook", "/orchestrate run (woken.yml:7)"),
    ]  # fmt: skip
    assert found[0].endswith(
        'write under sources: of rbac/policy.yml: "trigger:woken": {roles: […]}'
    )


@pytest.mark.parametrize(("role", "count"), [("admin", 0), ("release_mgr", 0), ("viewer", 2)])
def test_a_role_that_may_do_all_of_it_is_enough(estate: Path, role: str, count: int) -> None:
    """And one that may not is told."""
    source = f'\n  "trigger:woken": {{roles: [{role}]}}'

    assert len(faults(estate, "woken: {}", source)) == count


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("asleep: {}", "asleep has no triggers; remove it, or write `triggers:` in asleep.yml"),
        ("wokne: {}", 'There is no playbook "wokne".; Did you mean woken?'),
    ],
)
def test_what_cannot_wake_is_told(estate: Path, listed: str, told: str) -> None:
    """A playbook without triggers, and one that is not there."""
    (found,) = faults(estate, listed)

    assert found == f"discovery.yml:{listed_at(estate)}:5: {told}"


async def test_the_checker_asks_for_the_triggers_of_a_playbook(world: World, estate: Path) -> None:
    """Among what it depends on."""
    faults(estate, "woken: {}")
    estate_ = load_discovery(estate)
    policy = PolicyFile(estate.parent / "rbac" / "policy.yml", {}, FakeClock())
    admission = world.dispatcher.admission
    shelf = shelf_of(estate.parent, estate.parent / "var", admission, None, policy.directory)

    async def gate() -> tuple[bool | None, str]:
        found = await shelf.examine("woken", caller=world.caller("alex"), dependencies=True)
        return next((each.passed, each.note) for each in found.gates if each.name == "triggers")

    before = await gate()
    admission.discovery = estate_
    passed, note = await gate()

    assert before[0] is None
    assert "start nothing" in before[1]
    assert passed is False
    assert note.startswith(f"woken.yml:5: {NO_RIGHTS.format('schedule', '/orchestrate run')}")
