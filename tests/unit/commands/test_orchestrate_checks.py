"""Playbooks before they run: checked, simulated, planned, with every gate asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from bot.runtime.playbooks import shelf_of
from integrations.heralds.slack import SlackHerald
from integrations.secrets import SecretSources
from orchestration.shelf.outside import Outside
from tests.conftest import ROOT
from tgk.errors import Unavailable
from tgk.testing.providers import FakeProviders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import World
    from tgk.outcome import Outcome

LIBRARY = sorted(path.stem for path in (ROOT / "playbooks" / "library").glob("*.yml"))
TEMPLATES = sorted(path.stem for path in (ROOT / "playbooks" / "templates").glob("*.yml"))
NOTHING = "There is nothing to fix with certainty"
VALUES = "version=v1.4.0,new_version=v1.4.0,component=api"


def write(tmp_path: Path, text: str, name: str = "mine") -> None:
    """Put a playbook of our own on the shelf."""
    folder = tmp_path / "playbooks"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yml").write_text(text)


def gates(outcome: Outcome) -> dict[str, tuple[bool | None, str]]:
    """Return every gate with its verdict and note."""
    return {each["name"]: (each["passed"], each["note"]) for each in outcome.reply.data["gates"]}


def words(outcome: Outcome) -> str:
    """Return everything that is shown."""
    return outcome.reply.model_dump_json()


@pytest.mark.parametrize("name", LIBRARY)
async def test_every_shipped_playbook_is_in_order_and_can_be_simulated(
    world: World, name: str
) -> None:
    """Without a fault, with every right of a release manager, in a bounded time."""
    outcome = await world.run(
        f"/orchestrate validate --playbook {name} --dependencies --simulate", "dana"
    )

    simulation = outcome.reply.data["simulation"]
    assert outcome.result == "success"
    assert outcome.reply.data["findings"] == []
    assert {each["passed"] for each in outcome.reply.data["gates"]} == {True}
    assert simulation["ends"] in ("succeeds", "depends")
    assert simulation["longest"] is not None
    assert all(row["success"] and row["exhausted"] for row in simulation["rows"] if row["path"])


@pytest.mark.parametrize("name", TEMPLATES)
async def test_every_template_becomes_a_draft_that_can_be_simulated_and_planned(
    world: World, name: str
) -> None:
    """What one begins with is in order."""
    await world.run(f"/orchestrate create --name my-{name} --template {name}", "dana")
    simulated = await world.run(f"/orchestrate validate my-{name} --simulate", "dana")
    given = f"--parameters {VALUES.replace('new_version=v1.4.0,', '')}"
    known = given if name == "deployment" else ""
    planned = await world.run(f"/orchestrate run my-{name} --dry-run {known}", "dana")

    assert (simulated.result, simulated.reply.data["simulation"]["ends"]) == ("success", "succeeds")
    told = f"a draft: /orchestrate publish my-{name} lets it run"
    assert gates(planned)["published"] == (False, told)
    assert planned.reply.title.endswith("would be refused")


async def test_a_simulation_is_a_table_of_ends(world: World) -> None:
    """As text with both branches, as a table, and as data; what is not given stays open."""
    outcome = await world.run(
        "/orchestrate validate deploy-web-app --simulate --environment staging", "devi"
    )

    data = outcome.reply.data["simulation"]
    rows = {row["path"]: row for row in data["rows"]}
    deploy = rows["roll-out/api/deploy-api"]
    assert outcome.reply.title == "deploy-web-app: the run succeeds"
    assert data["unknown"] == ["version"]
    assert data["unreached"] == ["extra-checks/then/production-checks"]
    assert deploy["attempts"] == 4
    assert "another try after 15 s" in deploy["failure"]
    assert deploy["exhausted"] == (
        "api-is-well, take-back-api, then the other branches end their step, and roll-out fails"
    )
    assert rows["verify"]["exhausted"] == (
        "the run fails: undo deploy-workers, deploy-api, deploy-frontend, finally tell-the-team"
    )
    shown = {block.kind for block in outcome.reply.blocks}
    assert {"facts", "table", "log"} <= shown
    assert outcome.reply.plain is not None
    text = "\n".join(outcome.reply.plain.lines)
    assert "then, if default(watch-health.success, false):  [perhaps]" in text
    assert "At most: " in text
    assert "waiting for people" not in text


async def test_an_assumed_failure_is_played_to_its_end(world: World) -> None:
    """The steps behind it are said not to be reached; the simulation itself has not failed."""
    outcome = await world.run(
        '/orchestrate validate deploy-web-app --simulate --outcomes "deploy-api: fail,fail; '
        'verify: ok"',
        "devi",
    )  # fmt: skip

    data = outcome.reply.data["simulation"]
    assert (outcome.result, data["ends"]) == ("success", "fails")
    assert {"verify", "watch-health"} <= set(data["unreached"])
    assert "NOT REACHED" in words(outcome)


async def test_a_faulty_playbook_is_not_simulated(world: World, tmp_path: Path) -> None:
    """Its faults come first, with line and column."""
    write(tmp_path, "name: mine\nsteps:\n  - {name: a, command: /infra deply}\n")

    outcome = await world.run("/orchestrate validate mine --simulate", "devi")

    assert outcome.result == "failure"
    assert "simulation" not in outcome.reply.data
    [found] = outcome.reply.data["findings"]
    assert (found["code"], found["line"]) == ("E040", 3)


@pytest.mark.parametrize(
    ("form", "inside"),
    [("text", "error[E041]"), ("json", '"code": "E041"'), ("sarif", "2.1.0"),
     ("github", "::error ")],
)  # fmt: skip
async def test_findings_are_printed_for_whoever_reads_them(
    world: World, tmp_path: Path, form: str, inside: str
) -> None:
    """People, programs, code scanning and pull requests."""
    write(tmp_path, "name: mine\nsteps:\n  - {name: a, command: /infra deploy --versoin v1}\n")

    outcome = await world.run(f"/orchestrate validate mine --format {form}", "devi")

    logs = [block for block in outcome.reply.blocks if block.kind == "log"]
    assert inside in "\n".join(logs[0].lines)


async def test_certain_faults_are_mended_by_whoever_may_write(world: World, tmp_path: Path) -> None:
    """Who may only check is refused before anything is written, and is shown the difference."""
    text = "name: mine\nversion: 1.10\nsteps:\n  - {name: a, command: /infra deploy}\n"
    write(tmp_path, text)
    path = tmp_path / "playbooks" / "mine.yml"

    checked = await world.run("/orchestrate validate mine", "devi")
    refused = await world.run("/orchestrate validate mine --fix", "devi")
    untouched = path.read_text()
    mended = await world.run("/orchestrate validate mine --fix", "dana")

    assert "+" in checked.reply.data["diff"]
    assert [action.label for action in checked.reply.actions] == ["Mend what is certain"]
    assert (refused.result, untouched) == ("denied", text)
    assert mended.result == "success"
    assert 'version: "1.10"' in path.read_text()


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("--mesage hi", "What is certain is written; no fault remains."),
        ("--qqqqqq x --message hi", f"{NOTHING}; 1 fault remains for a person."),
        ("--message hi", f"{NOTHING}; no fault remains."),
    ],
)
async def test_mending_says_what_it_did_and_what_is_left_to_people(
    world: World, tmp_path: Path, message: str, told: str
) -> None:
    """Also where it did nothing; a warning is a fault that somebody has to look at."""
    write(tmp_path, f"name: mine\nsteps:\n  - {{name: a, command: /notify team {message}}}\n")

    outcome = await world.run("/orchestrate validate mine --fix", "dana")

    assert outcome.reply.plain is not None
    assert outcome.reply.plain.lines[0] == told
    assert outcome.reply.data["remaining"] == len(outcome.reply.data["findings"])
    assert outcome.reply.data["written"] is told.startswith("What is certain")


async def test_what_is_kept_is_told_with_its_whole_path_and_what_to_do_next(
    world: World, tmp_path: Path
) -> None:
    """Whoever sits at the machine can open the file as it is written."""
    drafted = await world.run("/orchestrate create --name mine --validate", "dana")
    published = await world.run("/orchestrate publish mine", "dana")

    assert drafted.reply.plain is not None
    assert published.reply.plain is not None
    assert drafted.reply.plain.lines[:3] == (
        f"File: {tmp_path / 'drafts' / 'mine.yml'}", "Checked: in order",
        "Do: /orchestrate publish mine lets it run",
    )  # fmt: skip
    assert published.reply.plain.lines == (
        f"File: {tmp_path / 'playbooks' / 'mine.yml'}",
        "Do: /orchestrate run mine --dry-run shows what it does",
    )


async def test_a_shipped_playbook_is_never_written(world: World) -> None:
    """There is nothing to mend in it, and a command to do so refuses."""
    before = (ROOT / "playbooks/library/canary.yml").read_bytes()

    await world.run("/orchestrate validate canary --fix", "dana")
    with_button = await world.run("/orchestrate mend canary", "dana")

    assert (ROOT / "playbooks/library/canary.yml").read_bytes() == before
    assert with_button.result == "success"


async def test_rights_are_asked_for_every_command_that_could_be_reached(world: World) -> None:
    """A developer may not deploy to production: told before anything begins."""
    line = "/orchestrate validate deploy-web-app --dependencies --environment"

    production = await world.run(f"{line} production", "devi")
    staging = await world.run(f"{line} staging", "devi")
    manager = await world.run(f"{line} production", "dana")

    passed, note = gates(production)["rights"]
    assert (production.result, passed) == ("failure", False)
    assert "/infra deploy" in note
    assert gates(staging)["rights"][0] is gates(manager)["rights"][0] is True


async def test_whoever_would_do_the_commands_is_asked_whether_they_answer(world: World) -> None:
    """A row for each system on success, too; one that is silent closes its gate."""
    providers = world.dispatcher.backends.providers
    assert isinstance(providers, FakeProviders)
    line = "/orchestrate validate canary --dependencies"

    answering = await world.run(line, "dana")
    providers.bound = {"infra deploy", "infra scale", "monitor health", "monitor metrics"}
    unknown = await world.run(line, "dana")
    providers.bound = None
    providers.faults.order(Unavailable("Kubernetes", "It does not answer."), times=None)
    silent = await world.run(line, "dana")

    commands = "/infra deploy, /infra scale, /monitor health, /monitor metrics, /notify team"
    assert gates(answering)["system the fake"] == (True, f"it answers, for {commands}")
    assert "system the fake  yes  it answers" in "\n".join(answering.reply.plain.lines)
    assert gates(unknown)["who does /notify team"][0] is False
    assert "Nobody does /notify team" in gates(unknown)["who does /notify team"][1]
    assert silent.result == "failure"
    assert "It does not answer." in gates(silent)["who does /infra scale"][1]


async def test_commands_options_and_other_playbooks_are_looked_for(
    world: World, tmp_path: Path
) -> None:
    """Each that does not exist closes its gate."""
    write(
        tmp_path,
        "name: mine\nsteps:\n  - {name: a, command: /infra deploy --speed 9}\n"
        "  - {name: b, playbook: daily-backup}\n",
    )
    write(tmp_path, "name: lost\nsteps:\n  - {name: b, playbook: nowhere}\n", "lost")

    mine = await world.run("/orchestrate validate mine --dependencies", "dana")
    lost = await world.run("/orchestrate validate lost --dependencies", "dana")

    assert gates(mine)["commands"][0] is False
    assert "--speed" in gates(mine)["commands"][1]
    assert gates(mine)["sub-playbooks"] == (True, "daily-backup")
    assert gates(lost)["sub-playbooks"][0] is False
    assert "nowhere" in gates(lost)["sub-playbooks"][1]


SECRETS = """
name: mine
secrets:
  - {name: hook, source: environment, variable: TEAM_HOOK}
  - {name: other, source: environment, variable: OTHER}
integrations:
  - {type: slack, webhook: "${hook}"}
  - {type: jira, project: OPS}
steps:
  - {name: a, command: /notify team --severity info}
"""


@pytest.fixture
async def listener() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Something that answers, and what it was told."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", heard


async def test_secrets_and_integrations_are_tried(
    world: World, tmp_path: Path, listener: tuple[str, list[bytes]]
) -> None:
    """A secret that is there is not shown; a system is reached without being told anything."""
    address, heard = listener
    variables = {"TEAM_HOOK": SecretStr(address)}
    equip(world, tmp_path, variables)
    write(tmp_path, SECRETS)

    outcome = await world.run("/orchestrate validate mine --dependencies", "dana")

    found = gates(outcome)
    assert found["secrets"][0] is False
    assert "OTHER" in found["secrets"][1]
    assert found["integration slack"] == (True, "it answers")
    assert found["integration jira"] == (False, "it is not set up here")
    assert address not in words(outcome)
    assert [each for each in heard if each] == []


async def test_a_system_that_does_not_answer_closes_its_gate(world: World, tmp_path: Path) -> None:
    """Nothing listens there; the address stays unsaid, because it may be the secret."""
    variables = {"TEAM_HOOK": SecretStr("http://127.0.0.1:9/hook"), "OTHER": SecretStr("x")}
    equip(world, tmp_path, variables)
    write(tmp_path, SECRETS)

    outcome = await world.run("/orchestrate validate mine --dependencies", "dana")

    assert gates(outcome)["secrets"] == (True, "hook, other")
    passed, note = gates(outcome)["integration slack"]
    assert (passed, "127.0.0.1" in note) == (False, False)


async def test_nobody_is_called_for_a_draft(world: World, tmp_path: Path) -> None:
    """What was imported cannot be used to look around."""
    equip(world, tmp_path, {})
    await world.dispatcher.run(
        world.asked("orchestrate import", {"name": "mine", "text": SECRETS}, world.caller("dana"))
    )

    outcome = await world.run("/orchestrate validate mine --dependencies", "dana")

    assert gates(outcome)["outside"] == (None, "asked once it is published")


def equip(world: World, tmp_path: Path, variables: dict[str, Any]) -> None:
    """Give the shelf secrets, and Slack alone."""
    secrets = SecretSources(world.clock, variables.get)
    shelf = shelf_of(
        ROOT, tmp_path, world.dispatcher.admission, Outside(secrets, [SlackHerald(world.clock)])
    )
    world.dispatcher.backends = replace(world.dispatcher.backends, playbooks=shelf)


async def test_a_dry_run_asks_every_gate_and_does_nothing(world: World) -> None:
    """Rights, locks, providers and questions to the council, as of a real run."""
    await world.locks.acquire("env:production", "ben", "migration")

    outcome = await world.run(
        "/orchestrate run deploy-web-app --dry-run --parameters version=v1.4.0 "
        "--environment production",
        "dana",
    )  # fmt: skip

    found = gates(outcome)
    assert outcome.result == "success"
    assert (found["published"][0], found["parameters"][0], found["rights"][0]) == (True,) * 3
    assert found["locks"] == (None, "it would wait for env:production: ben (migration)")
    assert found["approvals"][0] is None
    assert "Deploy api v1.4.0 → production (1)" in found["approvals"][1]
    assert found["systems"] == (True, "every step can be done")
    assert "finally/tell-the-team/then/#1" in found["known later"][1]
    assert [] == world.providers.invoked == world.runs.requests
    assert () == world.approvals.asked
    [picture] = [block for block in outcome.reply.blocks if block.kind == "picture"]
    assert "deploy-api" in picture.alt
    [go_on] = outcome.reply.actions
    assert go_on.arguments == {
        "playbook": "deploy-web-app", "environment": "production",
        "parameters": "version=v1.4.0",
    }  # fmt: skip


@pytest.mark.parametrize("fault", ["nobody", "locked"])
async def test_a_dry_run_tells_what_would_be_refused(world: World, fault: str) -> None:
    """Because nobody does it, or because somebody keeps the environment to themselves."""
    if fault == "nobody":
        world.providers.bound = ()
    else:
        await world.locks.acquire("deploy:staging", "ben", "migration")

    outcome = await world.run(
        "/orchestrate run deploy-web-app --dry-run --parameters version=v1.4.0", "dana"
    )

    passed, note = gates(outcome)["systems"]
    assert (outcome.result, passed) == ("failure", False)
    assert ("providers has no" if fault == "nobody" else "migration") in note
    assert outcome.reply.title == "deploy-web-app would be refused"


async def test_a_dry_run_shows_what_would_be_played_at_once(world: World) -> None:
    """Neighbours that only look are one step with a branch for each."""
    outcome = await world.run("/orchestrate run disaster-recovery --parallel --dry-run", "dana")

    rows = {row["path"]: row["depth"] for row in outcome.reply.data["rows"] if row["path"]}
    assert rows["assess-damage+"] == 0
    assert rows["assess-damage"] == rows["newest-backups"] == 2


async def test_a_dry_run_shows_both_branches_where_nothing_is_known(world: World) -> None:
    """What depends on a step that has not run is said to depend."""
    outcome = await world.run("/orchestrate run incident-response --dry-run", "dana")

    rows = {row["path"]: row["state"] for row in outcome.reply.data["rows"] if row["path"]}
    assert rows["respond/then/rollback"] == "depends"
    assert rows["respond/else/false-alarm"] == "depends"


async def test_an_approval_that_nobody_could_give_is_found_with_its_line(
    world: World, tmp_path: Path
) -> None:
    """Too many votes for those asked, of whom the asker is none and some may not vote."""
    step = "  - {name: ask, type: approval, prompt: Go, "
    write(
        tmp_path, f"name: mine\nsteps:\n{step}count: 3}}\n{step.replace('ask', 'two')}count: 4}}\n"
    )
    write(tmp_path, f"name: own\nsteps:\n{step}approvers: [dana]}}\n", "own")
    write(tmp_path, f"name: barred\nsteps:\n{step}approvers: [vik]}}\n", "barred")

    without = await world.run("/orchestrate validate mine", "dana")
    many = await world.run("/orchestrate validate mine --dependencies", "dana")
    own = await world.run("/orchestrate validate own --dependencies", "dana")
    barred = await world.run("/orchestrate validate barred --dependencies", "dana")

    found = [
        [(each["code"], each["line"]) for each in one.reply.data["findings"]]
        for one in (without, many, own, barred)
    ]
    assert found == [[], [("E059", 4)], [("E059", 3)], [("E059", 3)]]
    assert "dana asks, and has no vote" in words(own)
    assert "vik may not /approve" in words(barred)


async def test_it_is_found_in_what_a_playbook_plays_as_well(world: World, tmp_path: Path) -> None:
    """However deep, told where the outer one plays it, with the inner one's file and line."""
    step = "  - {name: ask, type: approval, prompt: Go, approvers: [ben]}\n"
    write(tmp_path, f"name: inner\nsteps:\n{step}", "inner")
    write(tmp_path, "name: between\nsteps:\n  - playbook: inner\n", "between")
    write(tmp_path, "name: mine\nsteps:\n  - /status\n  - name: play\n    playbook: between\n")

    asked = await world.run("/orchestrate validate mine --dependencies", "ben")
    other = await world.run("/orchestrate validate mine --dependencies", "dana")

    [found] = asked.reply.data["findings"]
    assert (found["code"], found["line"], found["column"]) == ("E059", 5, 15)
    assert found["message"].startswith("inner.yml:3: it needs 1 to approve, and nobody could")
    assert "ben asks, and has no vote" in words(asked)
    assert other.reply.data["findings"] == []


@pytest.mark.parametrize("verb", ["run --dry-run", "run", "schedule --cron '0 2 * * *'"])
async def test_names_of_nothing_are_refused_before_anything_is_begun(
    world: World, verb: str
) -> None:
    """In a dry run, at a start and in a schedule, with what was meant."""
    name, _, options = verb.partition(" ")
    given = "--parameters 'version=v1.4.0 component=event-gatewy'"
    outcome = await world.run(f"/orchestrate {name} canary {options} {given}", "dana")

    assert outcome.result == "invalid"
    assert 'there is no component "event-gatewy"' in words(outcome).replace("\\", "")
    assert "event-gateway" in words(outcome)


async def test_reports_name_a_playbook_as_its_checkout_does(world: World, tmp_path: Path) -> None:
    """Else a platform that shows findings beside the lines would not find them."""
    write(tmp_path, "name: mine\nsteps: [/monitor healthy]\n")

    outcome = await world.run("/orchestrate validate mine --format sarif", "dana")

    assert outcome.result == "failure"
    (finding,) = outcome.reply.data["sarif"]["runs"][0]["results"]
    place = finding["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "playbooks/mine.yml"
