"""Before a run: what is known of it in a dry run, and what is told of what it cannot do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tgk.errors import ArgumentFault, InvalidRequest
from tgk.testing.providers import FakeProviders

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.outcome import Outcome
    from tgk.ports.providers import Arguments


def gates(outcome: Outcome) -> dict[str, tuple[bool | None, str]]:
    """Return every gate with its verdict and note."""
    return {each["name"]: (each["passed"], each["note"]) for each in outcome.reply.data["gates"]}


class Choosy(FakeProviders):
    """Scales a canary only to a share, as a cluster does."""

    def plan(self, command: str, arguments: Arguments) -> str:
        """Refuse a canary without its share."""
        if command == "infra scale" and "percentage" not in arguments:
            raise InvalidRequest(command, [ArgumentFault("percentage", "needed")])
        return super().plan(command, arguments)


async def test_what_a_loop_will_tell_is_known_later_and_not_refused(world: World) -> None:
    """The share of each turn is missing from the plan alone."""
    world.dispatcher.backends = replace(world.dispatcher.backends, providers=Choosy())

    outcome = await world.run(
        "/orchestrate run canary --dry-run --parameters version=v1.4.0", "dana"
    )

    found = gates(outcome)
    assert (outcome.result, outcome.reply.title) == ("success", "canary would run")
    assert found["systems"] == (True, "every step can be done")
    assert "gradual-rollout/widen" in found["known later"][1]


async def test_what_a_step_is_never_given_is_refused_beside_what_is_known_later(
    world: World, tmp_path: Path
) -> None:
    """No run will tell what the playbook leaves out."""
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / "mine.yml").write_text(
        "name: mine\nsteps:\n  - name: each\n    type: foreach\n    items: [api]\n    as: part\n"
        "    steps: [{command: '/infra scale --canary --component ${part}'}]\n",
    )
    world.dispatcher.backends = replace(world.dispatcher.backends, providers=Choosy())

    outcome = await world.run("/orchestrate run mine --dry-run", "dana")

    passed, note = gates(outcome)["systems"]
    assert (passed, "percentage: needed" in note) == (False, True)


async def test_the_plain_text_tells_which_gates_are_closed_and_why(world: World) -> None:
    """Before everything else; what is the same with and without them stands beneath."""
    line = "/orchestrate run deploy-web-app --dry-run --parameters version=v1.4.0"
    open_ = await world.run(line, "dana")
    await world.locks.acquire("deploy:staging", "ben", "migration")
    closed = await world.run(line, "dana")

    assert open_.reply.plain is not None
    assert closed.reply.plain is not None
    assert not [each for each in open_.reply.plain.lines if each.startswith("closed: ")]
    told = closed.reply.plain.lines[0]
    assert told == f"closed: systems: {gates(closed)['systems'][1]}"
    assert "migration" in told
    others = [each for each in open_.reply.plain.lines if not each.startswith("systems ")]
    assert [*closed.reply.plain.lines[1:]] == others
    assert "Parameters: environment=staging, version=v1.4.0" in "\n".join(others)
    assert "deploy-api: /infra deploy --component api --version v1.4.0" in "\n".join(others)
    named = {each.split("  ")[0] for each in others}
    assert {*gates(open_)} - {"systems", "sub-playbooks"} <= named


async def test_a_step_that_asks_people_is_a_question_in_a_dry_run(
    world: World, tmp_path: Path
) -> None:
    """With its words and whose yes it takes, as far as they are known; one that is skipped not."""
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / "mine.yml").write_text(
        "name: mine\nparameters:\n  - name: version\n    default: v9\nsteps:\n"
        "  - name: sure\n    type: approval\n    prompt: Release ${version}?\n    count: 2\n"
        "  - name: never\n    condition: version == 'v1'\n    type: approval\n    prompt: No?\n"
        "  - command: /backup create --name 'pre ${run.id}'\n",
    )

    outcome = await world.run("/orchestrate run mine --dry-run", "dana")

    assert gates(outcome)["approvals"] == (None, "sure: Release v9? (2 yes of the council)")
    assert '/backup create --name "pre ${run.id}"' in "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> tuple[str, ...]:
    assert outcome.reply.plain is not None
    return outcome.reply.plain.lines


@pytest.mark.parametrize("more", ["", " --dry-run"])
async def test_what_is_missing_and_what_is_unknown_are_named_together(
    world: World, more: str
) -> None:
    """Nobody mends one only to be told of the other; a form would not mend both."""
    outcome = await world.run(
        f"/orchestrate run deploy-web-app --parameters nonsense=1{more}", "dana"
    )

    why = outcome.reply.data["why"]
    assert outcome.result == "invalid"
    assert "version: needed" in why
    assert "nonsense: deploy-web-app has no such parameter" in why
    assert not [each for each in outcome.reply.actions if each.blanks]
    assert world.runs.requests == []


@pytest.mark.parametrize("more", ["", " --dry-run"])
async def test_the_faults_of_a_playbook_are_counted_and_lead_to_the_checker(
    world: World, tmp_path: Path, more: str
) -> None:
    """As many as the checker finds: those of its text, and those of its commands."""
    folder = tmp_path / "playbooks"
    folder.mkdir()
    text = "name: mine\nsteps:\n  - {name: a, command: /infra deply}\n  - {nam: b}\n"
    (folder / "mine.yml").write_text(text)

    outcome = await world.run(f"/orchestrate run mine{more}", "dana")
    checked = await world.run("/orchestrate validate mine", "dana")

    count = checked.reply.data["errors"]
    assert count > 1
    assert outcome.result == "failure"
    assert (outcome.reply.topic, outcome.reply.tone) == ("invalid", "warning")
    assert outcome.reply.title == f"mine cannot be run: it has {count} faults."
    assert outcome.reply.data["do"] == "Run `tgk orchestrate validate mine`."
    assert len(outcome.reply.data["why"].splitlines()) == count
    assert world.runs.requests == []


async def test_a_name_that_the_estate_does_not_have_is_told_before_anything_runs(
    world: World, tmp_path: Path
) -> None:
    """By the dry run and among the dependencies; neither calls it a fault of the bot."""
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / "mine.yml").write_text(
        "name: mine\nsteps:\n  - {name: a, command: /infra scale --instances 3 --component apy}\n"
    )

    dry = await world.run("/orchestrate run mine --dry-run", "dana")
    checked = await world.run("/orchestrate validate mine --dependencies", "dana")

    for outcome in (dry, checked):
        passed, note = gates(outcome)["names"]
        assert not passed
        assert note.startswith('a: There is no component "apy". Did you mean api?')
    assert not gates(dry)["systems"][0]
    assert checked.result == "failure"


async def test_a_run_is_aimed_at_the_environment_it_is_asked_for(
    world: World, tmp_path: Path
) -> None:
    """Every command of it that can say where; also where the playbook has no such parameter."""
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / "mine.yml").write_text("name: mine\nsteps:\n  - /monitor health\n  - /status\n")

    outcome = await world.run("/orchestrate run mine --environment staging --dry-run", "dana")

    calls = outcome.reply.data["calls"]
    where = [{*each["arguments"].items()} for each in calls]
    assert where == [{("environment", "staging")}, {("env", "staging")}]


async def test_a_call_of_a_played_playbook_goes_by_the_path_that_the_run_will_have(
    world: World, tmp_path: Path
) -> None:
    """Behind each step that plays it; where that is skipped, it is no call at all."""
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / "inner.yml").write_text("name: inner\nsteps:\n  - {name: a, command: /status}\n")
    (folder / "outer.yml").write_text(
        "name: outer\nsteps:\n  - {name: b, playbook: inner}\n  - {name: c, playbook: inner}\n"
        "  - {name: d, playbook: inner, condition: 1 > 2}\n"
    )

    outcome = await world.run("/orchestrate run outer --dry-run", "dana")

    assert [each["path"] for each in outcome.reply.data["calls"]] == ["b/a", "c/a"]


@pytest.mark.parametrize("named", ["dev", "development"])
@pytest.mark.parametrize("by", ["--environment ", "--parameters environment="])
async def test_an_environment_goes_by_its_other_names_as_well(
    world: World, named: str, by: str
) -> None:
    """Whatever it is called, rights, conditions and records are of the one that is meant."""
    outcome = await world.run(f"/orchestrate run maintenance {by}{named} --dry-run", "dana")

    assert outcome.result == "success"
    assert outcome.reply.data["parameters"]["environment"] == "development"


async def test_a_service_goes_by_its_other_names_as_well(world: World) -> None:
    """Cards and playbooks say them, and so do people."""
    outcome = await world.run("/status api production", "vik")

    assert outcome.result == "success"
    assert "event-gateway" in outcome.reply.model_dump_json()
