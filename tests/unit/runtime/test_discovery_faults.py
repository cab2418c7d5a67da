"""What an operator reads when ``discovery.yml`` is wrong: everything, at once, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.runtime.discovery import (
    checked_estate,
    load_discovery,
    load_estate,
    parse_discovery,
)
from rbac.loading import load_policy
from tests.pace import milliseconds
from tgk.errors import ConfigurationInvalid

ROOT = Path(__file__).parents[3]
SOUND = """org: {name: X}
discord:
  guild: "100000000000000001"
  channels: {"#prs": "400000000000000001"}
telegram: {council: {chat: -1, members: [ana]}}
environments:
  production: {protected: true}
services:
  api: {kubernetes: {deployment: api}}
commands: {status: {}}
"""
SHAPE = """org: {name: X, nmae: y}
discord:
  guild: 100000000000000001
  channels:
    "#Prs": "400000000000000001"
telegram:
  council: {chat: "abc", members: []}
environments:
  production: {protected: on, approval_expires: 30m}
services:
  api: {kubernetes: {}, replicas: {min: -1, max: 6.5}, logs: {source: lokki}}
  web:
  sound: {kubernetes: {deployment: sound}}
event_gateway:
  routes:
    - {event: pull_requst, channel: "#Prs", repositories: [foo]}
    - {event: push, channel: "#pr", actions: opened}
commands: {status: {channels: [42]}}
limits: {per_minute: 1.10, log_lines: 9999}
"""
NAMES = """org: {name: X}
discord: {guild: "100000000000000001",
  channels: {"#prs": "400000000000000001"}, roles: {"200000000000000001": admn}}
telegram: {council: {chat: -1, members: [anna]}}
environments:
  production: {protected: true, default: true, approvals: 3}
  staging: {default: true, approval_expires: 0}
services:
  api: {kubernetes: {deployment: api}, replicas: {min: 7, max: 6}, logs: {source: cloudwatch}}
agents: {a: {channels: ["#agents"]}, b: {}, c: {}}
event_gateway: {routes: [{event: push, channel: "#pr"}]}
commands: {status: {per_minute: true}, depoly: {}, help: {channels: ["#zzz"]}}
redaction: {patterns: ["(a"]}
"""


def faults_of(text: str | bytes, **known: object) -> tuple[str, ...]:
    """Return the faults of a text; it fails when there are none."""
    source = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ConfigurationInvalid) as refusal:
        parse_discovery(source, "d.yml", **known)  # type: ignore[arg-type]
    return refusal.value.faults


def test_the_shipped_file_is_sound() -> None:
    """It loads with the shipped policy, its aliases written out."""
    policy = load_policy(ROOT / "rbac" / "policy.yml").policy

    estate = load_discovery(ROOT / "discovery.yml", policy=policy)

    assert estate.default_environment == "production"
    assert estate.environments["staging"].deploy == estate.environments["production"].deploy


def test_every_fault_of_shape_is_named_at_once() -> None:
    """Each with line and column, what is there, and what to write instead."""
    assert faults_of(SHAPE) == (
        'd.yml:1:16: unknown key "nmae"; did you mean "name"?',
        (
            'd.yml:3:10: discord.guild is "100000000000000001", not text; '
            'write it in quotes: "100000000000000001"'
        ),
        (
            'd.yml:5:5: discord.channels.#Prs is "#Prs"; '
            'write a channel in quotes, such as "#deployments"'
        ),
        'd.yml:7:19: telegram.council.chat is "abc"; write a whole number',
        "d.yml:7:35: telegram.council.members is empty; name at least 1",
        'd.yml:9:27: "on" could mean a boolean or a word; write true, false or quotes',
        (
            'd.yml:9:49: environments.production.approval_expires is "30m"; '
            "write a number of seconds, as in 1800"
        ),
        (
            'd.yml:11:21: key "deployment" is missing in services.api.kubernetes; '
            "add `deployment: …` (name of the Deployment)"
        ),
        "d.yml:11:41: services.api.replicas.min is -1; write at least 0",
        'd.yml:11:50: services.api.replicas.max is "6.5"; write a whole number',
        'd.yml:11:71: services.api.logs.source is "lokki"; did you mean "loki"?',
        "d.yml:12:3: services.web is empty; write a value after the colon, or remove the line",
        'd.yml:16:15: event_gateway.routes.0.event is "pull_requst"; did you mean "pull_request"?',
        (
            'd.yml:16:37: event_gateway.routes.0.channel is "#Prs"; '
            'write a channel in quotes, such as "#deployments"'
        ),
        (
            'd.yml:16:60: event_gateway.routes.0.repositories.0 is "foo"; '
            "write owner/name, as in the repository's address"
        ),
        'd.yml:17:30: discord.channels has no "#pr"; did you mean "#Prs"?',
        'd.yml:17:46: event_gateway.routes.1.actions is "opened"; write a list, as in [one, two]',
        'd.yml:18:32: commands.status.channels.0 is "42", not text; write it in quotes: "42"',
        'd.yml:19:22: limits.per_minute is "1.1"; write a whole number',
        "d.yml:19:39: limits.log_lines is 9999; write at most 5000",
    )


def test_every_name_that_leads_nowhere_is_named_at_once() -> None:
    """Channels, people, roles, commands, and bounds that contradict one another."""
    policy = load_policy(ROOT / "rbac" / "policy.yml").policy

    assert faults_of(NAMES, policy=policy, commands=("status", "deploy", "help")) == (
        'd.yml:3:75: the policy has no role "admn"; did you mean "admin"?',
        'd.yml:4:42: the policy has no member "anna"; did you mean "ana"?',
        "d.yml:6:59: production needs 3 approvals, the council has only 1; write at most 1",
        (
            "d.yml:7:22: staging is a second default environment beside production; "
            "keep one default: true"
        ),
        "d.yml:7:46: an approval would expire at once; write more than 0",
        (
            "d.yml:9:56: api wants at least 7 and at most 6 replicas; "
            "write a min of 6 or less, or raise max"
        ),
        "d.yml:9:83: api keeps its logs in CloudWatch, but names no group; add `group: /aws/…`",
        'd.yml:10:25: discord.channels has no "#agents"; add it there with its id',
        (
            "d.yml:10:45: agent c never answers in every other channel: b does; "
            "name its own channels"
        ),
        'd.yml:11:49: discord.channels has no "#pr"; did you mean "#prs"?',
        "d.yml:12:33: true is not the kind of value that belongs here; write a number",
        'd.yml:12:40: there is no command depoly; did you mean "deploy"?',
        'd.yml:12:70: discord.channels has no "#zzz"; add it there with its id',
        (
            "d.yml:13:24: this is no regular expression: missing ), unterminated subpattern; "
            "escape its special characters"
        ),
    )


def test_a_protected_environment_needs_a_council() -> None:
    """Without Telegram nobody could approve."""
    without = SOUND.replace("telegram: {council: {chat: -1, members: [ana]}}\n", "")

    assert parse_discovery(SOUND.encode(), "d.yml").telegram
    assert faults_of(without) == (
        (
            "d.yml:6:27: production is protected, but there is no council to ask; "
            "add telegram.council with its chat and members"
        ),
    )


def test_without_policy_and_commands_nothing_is_guessed() -> None:
    """A file can be read before the others are."""
    text = SOUND.replace("[ana]", "[nobody]").replace("status", "anything")

    assert parse_discovery(text.encode(), "d.yml").telegram


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "On", "NO", "True", "FALSE"])
def test_only_true_and_false_are_booleans(word: str) -> None:
    """What other readers take for a boolean is neither taken for one nor for a word."""
    faults = faults_of(SOUND.replace("protected: true", f"protected: {word}"))

    assert f'd.yml:7:27: "{word}" could mean a boolean or a word; write true, false or quotes' in (
        faults
    )


@pytest.mark.parametrize("word", ['"on"', '"yes"', "1", '"true"'])
def test_a_word_or_a_number_is_not_a_boolean(word: str) -> None:
    """Quoted words and numbers are refused where true or false belongs."""
    faults = faults_of(SOUND.replace("protected: true", f"protected: {word}"))

    assert len(faults) == 1
    assert faults[0].endswith("write true or false")


def test_a_file_that_is_no_mapping_is_refused() -> None:
    """Empty files and lists say what belongs there."""
    missing = faults_of("")

    assert [
        any(f'key "{key}" is missing' in fault for fault in missing)
        for key in ("org", "environments", "services", "commands")
    ] == [True] * 4
    assert faults_of("- a") == (
        "d.yml:1:1: the file is a list; write a mapping, one `key: value` a line",
    )


def test_both_files_are_checked_against_one_another(tmp_path: Path) -> None:
    """One refusal names the faults of both; a sound pair is loaded."""
    discovery, policy = tmp_path / "discovery.yml", tmp_path / "policy.yml"
    discovery.write_text(SOUND.replace("status", "statis"))
    policy.write_text("roles: {a: {permissions: [x]}}")

    with pytest.raises(ConfigurationInvalid) as refusal:
        load_estate(discovery, policy, ("status",))
    discovery.write_text(SOUND)
    policy.write_text("roles: {a: {permissions: [/x]}}\nmembers: {ana: {}}")

    assert [fault.split(": ")[0] for fault in refusal.value.faults] == [
        f"{discovery}:10:12",
        f"{policy}:1:27",
    ]
    assert load_estate(discovery, policy, ("status",)).telegram


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    """The whole path stands in the fault."""
    path = tmp_path / "discovery.yml"

    with pytest.raises(ConfigurationInvalid) as refusal:
        load_discovery(path)

    assert refusal.value.faults[0].startswith(f"{path}:1:1: it cannot be read")


def test_three_hundred_lines_of_faults_take_no_time() -> None:
    """Under 50 ms, with a fault on nearly every line."""
    services = "".join(
        f"  s{n}:\n    kubernetes: {{deploymnt: s{n}}}\n    replicas: {{min: x{n}, mx: 3}}\n"
        for n in range(100)
    )
    text = SOUND.replace("services:\n", "services:\n" + services)

    assert len(faults_of(text)) == 400
    assert milliseconds(lambda: faults_of(text), under=50) < 50


@pytest.mark.parametrize(
    ("written", "instead", "at", "fault"),
    [
        ("- /deploy", "- /deplyo", "/deplyo", '{no} "/deplyo"; did you mean "/deploy"?'),
        ('everyone: ["/help"', 'everyone: ["/zz"', '"/zz"', '{no} "/zz"; known: /alert, '),
        (
            "denies: []",
            "denies: [{who: everyone, permission: /scael}]",
            "/scael",
            '{no} "/scael"; did you mean "/scale"?',
        ),
        ('["*"]', "[]", "[]", 'admin may nothing; write permissions: ["*"]'),
    ],
)
def test_permissions_that_lead_nowhere_are_named(
    tmp_path: Path, written: str, instead: str, at: str, fault: str
) -> None:
    """Nobody believes to have allowed or denied what no command asks for."""
    policy = _shipped(tmp_path, written, instead)

    with pytest.raises(ConfigurationInvalid) as refusal:
        checked_estate(tmp_path / "discovery.yml")

    before = policy.read_text().partition(at)[0]
    mark = f"{before.count(chr(10)) + 1}:{len(before.rpartition(chr(10))[2]) + 1}"
    assert 1 == len(refusal.value.faults)
    told = fault.format(no="no command has the permission")
    assert refusal.value.faults[0].startswith(f"{policy}:{mark}: {told}")


def test_an_admin_whom_nobody_is_counts_as_a_fault(tmp_path: Path) -> None:
    """Neither a member nor a Discord role has it; one of them is enough."""
    policy = _shipped(tmp_path, "roles: [admin]", "roles: [viewer]")
    discovery = tmp_path / "discovery.yml"
    assert checked_estate(discovery)

    discovery.write_text(discovery.read_text().replace('0001": admin', '0001": viewer'))
    with pytest.raises(ConfigurationInvalid) as refusal:
        checked_estate(discovery)

    assert refusal.value.faults[0].startswith(f"{policy}:6:3: nobody is admin; give one of")


def test_a_missing_policy_says_how_to_name_another(tmp_path: Path) -> None:
    """It is found by where discovery.yml is."""
    (tmp_path / "discovery.yml").write_text(SOUND)

    with pytest.raises(ConfigurationInvalid) as refusal:
        checked_estate(tmp_path / "discovery.yml")

    assert "start in that folder, or name its discovery.yml with TGK_CONFIG" in refusal.value.why


def _shipped(folder: Path, written: str, instead: str) -> Path:
    """Copy the shipped pair of files, with one change in the policy."""
    policy = folder / "rbac" / "policy.yml"
    policy.parent.mkdir()
    text = (ROOT / "rbac" / "policy.yml").read_text()
    assert written in text
    policy.write_text(text.replace(written, instead, 1))
    (folder / "discovery.yml").write_text((ROOT / "discovery.yml").read_text())
    return policy


def test_what_triggers_may_start_is_named_like_a_playbook() -> None:
    """And bounded by a number of starts within an hour."""
    shipped = (ROOT / "discovery.yml").read_text()
    given = "triggers: {'bad name!': {}, heal: {per_hour: 0}, other: {per_day: 3}}"
    faults = faults_of(shipped.replace("triggers: {}", given, 1))

    assert 3 == len(faults)
    assert "write the name of a playbook, such as incident-response" in faults[0]
    assert "event_gateway.triggers.heal.per_hour is 0; write at least 1" in faults[1]
    assert 'unknown key "per_day"; known here: per_hour' in faults[2]
