"""Every shipped playbook, run by the real engine against the simulated world, well and ill."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT
from tests.journeys.playbook_stage import SERVICES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.journeys.playbook_stage import Stage


def states(steps: list[dict[str, Any]]) -> dict[str, str]:
    """Return how every step ended, by its path."""
    found: dict[str, str] = {}
    for step in steps:
        found[step["path"]] = step["state"]
        found |= states(step["steps"])
    return found


WATCH = "watch=30"


async def test_blue_green_puts_the_version_in_the_other_slot(stage: Stage) -> None:
    """Green gets the traffic, and blue is taken down."""
    view = await stage.run("blue-green", f"version=v1.4.0,{WATCH}")

    assert view["state"] == "succeeded", view["reason"]
    assert stage.simulated.site.serving["production"] == "green"
    assert ("production", "blue") in stage.simulated.site.removed
    assert stage.versions("production") == {"v1.4.0"}
    assert view["outputs"] == {"slot": "green", "version": "v1.4.0"}
    assert stage.told[-1].startswith("Info notice: v1.4.0 serves from green")


async def test_blue_green_stays_where_a_sick_version_is_found_out(stage: Stage) -> None:
    """Its tests fail before it has any traffic; what was deployed is taken down again."""
    view = await stage.run("blue-green", f"version=v1.3.1,{WATCH}")

    found = states(view["steps"])
    assert view["state"] == "failed"
    assert (found["test-new"], found["switch-traffic"]) == ("failed", "skipped")
    assert stage.simulated.site.serving["production"] == "blue"
    assert stage.versions("production") == {"v1.2.3"}
    assert ("production", "green") in stage.simulated.site.removed
    assert "does not serve" in stage.told[-1]


async def test_blue_green_takes_down_what_could_not_be_deployed(stage: Stage) -> None:
    """Its deployment fails, three times; the slot that nobody uses is taken down."""
    view = await stage.run("blue-green", f"version=v1.4.1,{WATCH}")

    found = states(view["steps"])
    assert view["state"] == "failed"
    assert (found["deploy-new"], found["test-new"]) == ("failed", "skipped")
    assert ("production", "green") in stage.simulated.site.removed
    assert stage.versions("production") == {"v1.2.3"}


async def test_a_canary_passes_every_step(stage: Stage) -> None:
    """Its share grows while the figures stay good."""
    view = await stage.run("canary", f"version=v1.4.0,{WATCH},shares=50,100")

    canary = stage.simulated.site.canaries["production", "event-gateway"]
    assert view["state"] == "succeeded", view["reason"]
    assert canary.version == "v1.4.0"
    assert "The canary of api v1.4.0 passed every step" in stage.told[-1]
    assert "what served before still stands beside it" in stage.told[-1]
    assert "v1.2.3" in stage.versions("production")


async def test_a_sick_canary_is_taken_back(stage: Stage) -> None:
    """The first look at its figures is bad: it is undone, and nobody else gets it."""
    view = await stage.run("canary", f"version=v1.3.1,{WATCH},threshold=99%,first_share=50")

    found = states(view["steps"])
    assert view["state"] == "rolled_back", view["reason"]
    assert (found["first-look"], found["deploy-canary"]) == ("failed", "undone")
    assert "is taken back" in stage.told[-1]
    assert stage.simulated.site.canaries["production", "event-gateway"].wanted == 0


async def test_backups_are_made_everywhere_and_read_back(stage: Stage) -> None:
    """One of each environment, found again; nobody is told that all is well."""
    view = await stage.run("daily-backup")

    assert view["state"] == "succeeded", view["reason"]
    assert [(each.environment, each.name[:6]) for each in stage.service.backups] == [
        ("staging", "daily-"), ("production", "daily-"),
    ]  # fmt: skip
    assert stage.told == []


async def test_a_backup_that_cannot_be_made_is_told(stage: Stage) -> None:
    """The other environment is backed up all the same."""
    view = await stage.run("daily-backup", "environments=moon,staging")

    assert view["state"] == "failed"
    assert [each.environment for each in stage.service.backups] == ["staging"]
    assert "The daily backup failed" in stage.told[-1]


async def test_a_web_application_is_deployed_whole(stage: Stage) -> None:
    """Every part has the version; the backup's name is an output."""
    view = await stage.run("deploy-web-app", f"version=v1.4.0,{WATCH}", environment="staging")

    assert view["state"] == "succeeded", view["reason"]
    deployed = ("event-gateway", "discord-ops-bot", "valoryield-engine")
    assert {stage.simulated.units["staging", name].version for name in deployed} == {"v1.4.0"}
    assert view["outputs"]["backup"].startswith("pre-deploy-20260115-")
    assert "v1.4.0 is live in staging" in stage.told[-1]


@pytest.mark.parametrize(
    ("version", "step", "state"),
    [
        ("v1.3.1", "verify", "rolled_back"),
        ("v1.4.1", "roll-out/api/deploy-api", "failed"),  # each part goes back by itself
    ],
)
@pytest.mark.parametrize("stage", [20.0], indirect=True)  # three rollbacks at once take a while
async def test_a_web_application_goes_back_whole(
    stage: Stage, version: str, step: str, state: str
) -> None:
    """Whether its deployment or its tests fail: no part keeps the version."""
    view = await stage.run("deploy-web-app", f"version={version},{WATCH}", environment="staging")

    assert view["state"] == state, view["reason"]
    assert states(view["steps"])[step] == "failed"
    assert stage.versions("staging") == {"v1.2.3"}
    assert f"{version} did not go live in staging" in stage.told[-1]


async def test_disaster_recovery_moves_site_and_data(stage: Stage) -> None:
    """Two people are asked, then another site serves, with the newest data."""
    await stage.does("/backup create --name nightly --environment production")

    view = await stage.run("disaster-recovery", WATCH)

    assert view["state"] == "succeeded", view["reason"]
    assert stage.simulated.site.at["production"] == "disaster-recovery-site"
    assert [target for _, target in stage.service.restored] == ["dr-site"]
    assert 2 in [asked.needed for asked in stage.approvals.asked]
    assert "is served from disaster-recovery-site now" in stage.told[-1]


async def test_a_rehearsed_recovery_moves_nothing(stage: Stage) -> None:
    """Nobody is asked either."""
    view = await stage.run("disaster-recovery", "rehearsal=true")

    assert view["state"] == "succeeded", view["reason"]
    assert stage.simulated.site.at["production"] == "main-site"
    assert stage.approvals.asked == ()
    assert "was rehearsed; nothing was moved" in stage.told[-1]


async def test_a_recovery_without_data_calls_people(stage: Stage) -> None:
    """There is no backup to restore: it says at which step it stands."""
    view = await stage.run("disaster-recovery")

    found = states(view["steps"])
    assert view["state"] == "failed"
    assert found["recover/restore-data"] == "failed"
    assert any("failed at recover/restore-data" in each for each in stage.told)
    assert "is not served from" in stage.told[-1]


async def test_a_false_alarm_changes_nothing(stage: Stage) -> None:
    """All looks are well, so nobody is asked and nothing is scaled."""
    view = await stage.run("incident-response", "environment=staging")

    assert view["state"] == "succeeded", view["reason"]
    assert stage.approvals.asked == ()
    assert any("false alarm" in each for each in stage.told)


async def test_an_incident_is_answered_by_the_version_before(stage: Stage) -> None:
    """A sick version is found out, evidence kept, room made, and the way back taken."""
    await stage.does("/infra deploy --component api --version v1.3.1 --environment staging")

    view = await stage.run("incident-response", "environment=staging,severity=critical")

    found = states(view["steps"])
    assert view["state"] == "succeeded", view["reason"]
    assert found["respond/then/rollback"] == "succeeded"
    assert stage.simulated.units["staging", "event-gateway"].version == "v1.2.3"
    assert stage.simulated.units["staging", "event-gateway"].wanted == 4
    assert [each.name[:9] for each in stage.service.backups] == ["incident-"]


async def test_an_incident_goes_on_without_a_yes(stage: Stage) -> None:
    """Nobody goes back; as it does not recover by itself, people are called."""
    await stage.does("/infra deploy --component api --version v1.3.1 --environment staging")
    stage.approvals.answer = False  # the council says no

    view = await stage.run("incident-response", "environment=staging")

    found = states(view["steps"])
    assert view["state"] == "failed"
    assert (found["respond/then/go-back"], found["respond/then/rollback"]) == ("failed", "skipped")
    assert found["respond/then/recovered"] == "timed_out"
    assert any("did not recover within ten minutes" in each for each in stage.told)


async def test_maintenance_renews_one_service_after_the_other(stage: Stage) -> None:
    """With a notice before and proof behind; each has the size that was asked for."""
    view = await stage.run("maintenance", "notice=30s")

    assert view["state"] == "succeeded", view["reason"]
    assert {stage.simulated.units["staging", name].wanted for name in SERVICES[:3]} == {2}
    assert "is over and all is well" in stage.told[-1]


async def test_maintenance_does_not_begin_on_what_is_broken(stage: Stage) -> None:
    """Nothing is touched, and people are asked to look."""
    await stage.does("/infra deploy --component api --version v1.3.1 --environment staging")

    view = await stage.run("maintenance", "notice=1s,target=services")

    found = states(view["steps"])
    assert view["state"] == "failed"
    assert (found["well-before"], found["backup"]) == ("failed", "skipped")
    assert "not all is well" in stage.told[-1]


@pytest.mark.parametrize(("version", "state"), [("v1.4.0", "succeeded"), ("v1.3.1", "failed")])
async def test_an_audit_is_signed_by_two(stage: Stage, version: str, state: str) -> None:
    """Whatever was found; too many critical findings fail it after the signatures."""
    await stage.does(f"/infra deploy --component api --version {version} --environment staging")

    view = await stage.run("monthly-audit", "environment=staging")

    found = states(view["steps"])
    assert view["state"] == state, view["reason"]
    assert found["sign"] == "succeeded"
    assert [asked.needed for asked in stage.approvals.asked] == [2]
    assert ("passed every check" in stage.told[0]) == (state == "succeeded")


@pytest.mark.parametrize(("version", "state"), [("v1.4.0", "succeeded"), ("v1.3.1", "failed")])
async def test_a_scan_sees_every_component(stage: Stage, version: str, state: str) -> None:
    """One that is dangerous fails the run, after the others were seen."""
    await stage.does(f"/infra deploy --component api --version {version} --environment staging")

    view = await stage.run("security-scan")

    assert view["state"] == state, view["reason"]
    assert len([job for job in stage.service.jobs if job.kind == "scans"]) == 3
    assert ("found nothing grave" in stage.told[-1]) == (state == "succeeded")


EXAMPLES = ROOT / "tests" / "unit" / "playbook" / "examples"
AT_ONCE = 1500.0
"""Ten minutes of watching pass in less than half a second."""


@pytest.mark.parametrize("stage", [AT_ONCE], indirect=True)
@pytest.mark.parametrize(
    ("file", "parameters", "steps"),
    [
        ("basic-playbook", "version=v1.4.0", {"deploy-backend": "succeeded"}),
        ("parallel-execution", "", {"parallel-deployment/deploy-workers/#1": "succeeded"}),
        ("conditional-logic", "environment=production",
         {"conditional-deployment/then/production-checks": "succeeded"}),
        ("conditional-logic", "environment=staging",
         {"conditional-deployment/else/dev-deployment": "succeeded"}),
        ("error-handling", "", {"risky-operation/on_success/verify": "succeeded"}),
        ("loops-and-iterations", "", {"multi-region-deploy": "succeeded"}),
        ("blue-green-deployment", "new_version=v1.4.0", {"switch-traffic": "succeeded"}),
        ("canary-release", "", {"gradual-rollout": "succeeded"}),
        ("disaster-recovery", "", {"validate-recovery": "succeeded"}),
    ],
)  # fmt: skip
async def test_a_documented_example_runs_unchanged(
    stage: Stage, tmp_path: Path, file: str, parameters: str, steps: dict[str, str]
) -> None:
    """Whole or a piece; pieces are called after their file."""
    (tmp_path / "playbooks").mkdir(exist_ok=True)
    shutil.copy(EXAMPLES / f"{file}.yml", tmp_path / "playbooks")
    name = {"basic-playbook": "deploy-web-app"}.get(file, file)
    await stage.does("/backup create --name before --environment production")

    view = await stage.run(name, parameters)

    found = states(view["steps"])
    assert (view["state"], {path: found.get(path) for path in steps}) == ("succeeded", steps), view
