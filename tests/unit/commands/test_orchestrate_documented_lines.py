"""The documented lines of ``/orchestrate``, letter by letter: what each of them comes to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.unit.commands.made_runs import ending, put, until

if TYPE_CHECKING:
    from tests.conftest import World

WELL = """\
/orchestrate run --playbook disaster-recovery --parallel --checkpoint
/orchestrate run --playbook maintenance --parameters "target=database" --dry-run
/orchestrate create --name custom-deployment --template deployment
/orchestrate create --name db-maintenance --interactive
/orchestrate status --running
/orchestrate status --history 7 --all
/orchestrate schedule --playbook daily-backup --cron "0 2 * * *" --enabled
/orchestrate schedule --playbook weekly-maintenance --cron "0 3 * * SUN"
/orchestrate schedule --playbook monthly-audit --cron "0 0 1 * *" --name audit-schedule
/orchestrate validate --playbook deploy-web-app --environment production
/orchestrate validate --playbook disaster-recovery --dependencies --simulate
/orchestrate validate --playbook maintenance --fix
/orchestrate library --list --category deployment
/orchestrate library --search "database"
/orchestrate library --export deploy-web-app --format yaml
""".splitlines()
RUNNING = """\
/orchestrate status --workflow WF-2025-001 --detailed
/orchestrate pause --workflow WF-2025-001 --reason "Manual verification required"
/orchestrate pause --workflow current --checkpoint --timeout 30
/orchestrate analyze --workflow WF-2025-001
/orchestrate trace --workflow WF-2025-001 --export
/orchestrate checkpoints --workflow WF-2025-001
""".splitlines()
STOPPED = {
    "/orchestrate resume --workflow WF-2025-001": "failed",
    '/orchestrate resume --workflow WF-2025-001 --from-step "deploy-frontend"': "failed",
    "/orchestrate resume --workflow current --skip-failed": "paused",
    "/orchestrate resume --workflow WF-2025-001 --checkpoint CP-123": "failed",
}
REFUSED = {
    "/orchestrate run --playbook deploy-web-app --environment production": "version: needed",
    "/orchestrate create --name security-scan --template blank --validate": "of that name stands",
    "/orchestrate run --playbook test --debug --verbose": 'There is no playbook "test"',
}  # fmt: skip


@pytest.mark.parametrize("line", WELL)
async def test_a_line_about_playbooks_does_what_it_says(world: World, line: str) -> None:
    """With the library that ships."""
    ending(world)

    outcome = await world.run(line, "alex")

    assert outcome.result == "success", outcome.reply.data


@pytest.mark.parametrize("line", RUNNING)
async def test_a_line_about_a_run_does_what_it_says(world: World, line: str) -> None:
    """While it runs; a run of another year is called by its id all the same."""
    put(world, "WF-2025-001")

    outcome = await world.run(line, "alex")

    assert outcome.result == "success", outcome.reply.data


@pytest.mark.parametrize("line", STOPPED)
async def test_a_run_that_stands_still_is_resumed(world: World, line: str) -> None:
    """From where it was, from a step, without what failed, or from a checkpoint."""
    put(world, "WF-2025-001", state=STOPPED[line])

    resumed = asyncio.ensure_future(world.run(line, "alex"))
    await until(lambda: world.shown)
    world.runs.change("WF-2025-001.2", state="succeeded")

    assert (await resumed).reply.data["previous"] == "WF-2025-001"


@pytest.mark.parametrize("line", REFUSED)
async def test_a_line_that_lacks_something_is_told_what(world: World, line: str) -> None:
    """A parameter without a default, a name that is taken, a playbook that is somebody else's."""
    ending(world)

    outcome = await world.run(line, "alex")

    assert outcome.result in {"invalid", "denied"}
    assert REFUSED[line] in f"{outcome.reply.data['what']} {outcome.reply.data['why']}"


async def test_a_name_that_is_nearly_a_playbook_is_answered_with_it(world: World) -> None:
    """As somebody calls it who has read of another one."""
    outcome = await world.run("/orchestrate run --playbook quarterly-maintenance", "alex")

    assert "maintenance" in outcome.reply.data["do"]


async def test_a_run_is_completed_by_force_once_its_id_is_typed(world: World) -> None:
    """``/orchestrate complete --workflow WF-2025-001 --force``."""
    put(world, "WF-2025-001")

    asked = await world.run("/orchestrate complete --workflow WF-2025-001 --force", "alex")
    typed = f"/orchestrate complete --workflow WF-2025-001 --force {asked.reply.data['confirm']}"

    assert (await world.run(typed, "alex")).result == "success"
