"""Providers of discovery.yml: every fault at once, each with its place and what to write."""

from __future__ import annotations

import pytest

import commands
from bot.runtime.backends import Opener
from bot.runtime.discovery import parse_discovery
from bot.runtime.provider_faults import operable
from bot.runtime.settings import read_settings
from integrations.providers.bound import named_variables
from tests.conftest import load_shipped_discovery
from tgk.errors import ConfigurationInvalid
from tgk.registry import collect

SOUND = """org: {name: X}
discord: {guild: "100000000000000001", channels: {"#alerts": "400000000000000001"}}
environments: {production: {slots: [blue, green]}, staging: {}}
services:
  api: {kubernetes: {deployment: api}, aliases: [backend]}
commands: {infra: {}}
providers:
"""


def faults_of(providers: str, head: str = SOUND) -> list[str]:
    """Return the faults of a file with these providers, without its name."""
    known = operable(collect(commands))
    with pytest.raises(ConfigurationInvalid) as refusal:
        parse_discovery((head + providers).encode(), "d.yml", operations=known)
    return [fault.removeprefix("d.yml:") for fault in refusal.value.faults]


def test_every_kind_of_provider_can_be_named() -> None:
    """One of each, with what it needs and nothing more."""
    text = """
  infra deploy: {github: {repository: o/a, workflow: d.yml, inputs: {tag: "{version}"}}}
  infra: {kubernetes: {action: rollback}, component: backend}
  test run: {process: {argv: [/bin/true], options: {suite: "{suite}"}}}
  backup: {http: {url: "${OPS}/b/{name}", output: {id: data.id}}}
  monitor metrics: {prometheus: {query: 'up{e="{environment}"}', threshold: 1}}
  notify team: {notification: {targets: [{channel: "#alerts"}, {slack: "${HOOK}"}]}}
"""

    estate = parse_discovery(
        (SOUND + text).encode(), "d.yml", operations=operable(collect(commands))
    )

    assert {"backup": ("OPS",), "notify team": ("HOOK",)} == {
        name: found for name, found in named_variables(estate.providers).items() if found
    }


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("  infra deploi: {prometheus: {query: up}}", "infra deploi; did you mean"),
        ("  status: {prometheus: {query: up}}", "8:3: no provider does a command status"),
        ("  infra deploy: {}", "infra deploy names nobody; add one of github"),
        (
            "  infra deploy: {prometheus: {query: up}, kubernetes: {action: scale}}",
            "infra deploy names kubernetes and prometheus; keep one of them",
        ),
        (
            "  infra deploy: {prometheus: {query: up}, component: bakend}",
            'nor one with that alias; did you mean "backend"?',
        ),
        (
            '  infra deploy: {http: {url: "http://h/x", body: {tag: "{verison}"}}}',
            '/infra deploy has no argument verison; did you mean "version"?',
        ),
        (
            "  test run: {http: {url: http://h/x, output: {passd: n}}}",
            '/test run does not promise an output passd; did you mean "passed"?',
        ),
        ("  test run: {http: {url: 'http://{suite}/x'}}", "arguments stand behind the host only"),
        ("  test run: {http: {url: ftp://h/x}}", "https://host/path or ${VARIABLE}/path"),
        ("  test run: {process: {argv: [run.sh]}}", '"run.sh" is no full path; write it whole'),
        (
            '  test run: {process: {argv: [/bin/x, "--s={suite}"]}}',
            'the words of argv are fixed; move it to options, as in suite: "{suite}"',
        ),
        (
            '  notify team: {notification: {targets: [{channel: "#alrts"}]}}',
            'discord.channels has no "#alrts"; did you mean "#alerts"?',
        ),
        (
            "  notify team: {notification: {targets: [{teams: [a]}]}}",
            "this target names no way to be told",
        ),
        ("  notify team: {notification: {targets: [{council: true}]}}", "no council to tell"),
        ("  notify team: {notification: {targets: []}}", "nobody is told; add one of channel"),
        (
            "  notify team: {notification: {targets: [{slack: https://hooks.example/T0}]}}",
            "a variable of the environment, such as ${SLACK_WEBHOOK}",
        ),
    ],
)
def test_a_fault_of_a_provider_says_what_to_write(written: str, fault: str) -> None:
    """With its line; nothing else is wrong."""
    found = faults_of(written + "\n")

    assert 1 == len(found), found
    assert fault in found[0]
    assert found[0].startswith("8:")


@pytest.mark.parametrize(
    ("sound", "broken", "fault"),
    [
        ('guild: "100000000000000001"', 'guild: "12x"', 'discord.guild is "12x"'),
        ('{"#alerts": "400000000000000001"}', "12", 'discord.channels is "12"'),
        ("{chat: -1, members: [ana]}", "{chat: x, members: [ana]}", 'telegram.council.chat is "x"'),
        ("deployment: api", "deployment: [api]", "services.api.kubernetes.deployment is a list"),
    ],
)
def test_a_section_at_fault_is_not_blamed_for_what_it_names(
    sound: str, broken: str, fault: str
) -> None:
    """One slip is one fault, though providers refer to what stands beside it."""
    head = SOUND.replace(
        "environments:", "telegram: {council: {chat: -1, members: [ana]}}\nenvironments:"
    )
    told = """
  notify team: {notification: {targets: [{channel: "#alerts"}, {council: true}]}}
  infra: {kubernetes: {action: rollback}, component: backend}
"""
    assert sound in head

    found = faults_of(told, head.replace(sound, broken))

    assert 1 == len(found), found
    assert fault in found[0]


def test_a_name_means_one_thing() -> None:
    """A slot is no other environment, an alias no other service."""
    head = SOUND.replace(
        "staging: {}", "staging: {aliases: [stage, blue], slots: [green, production, stage]}"
    ).replace(
        "commands:", "  web: {kubernetes: {deployment: web}, aliases: [api, backend]}\ncommands:"
    )

    found = faults_of("  infra deploy: {prometheus: {query: up}}\n", head)

    assert ["api is", "backend is", "blue is", "green is", "production is", "stage is"] == sorted(
        " ".join(fault.split()[1:3]) for fault in found
    )


async def test_a_provider_without_its_variable_is_listed_as_off() -> None:
    """At the start already, with the variable's name; what is set is not."""
    settings = read_settings({"OPERATIONS_URL": "http://127.0.0.1:1", "OPERATIONS_TOKEN": ""})
    opener = Opener(settings, None, None)  # type: ignore[arg-type]

    opener._note_providers(load_shipped_discovery())

    assert "OPERATIONS_TOKEN not set" == opener.off["/test run"]
    assert "SLACK_WEBHOOK not set" == opener.off["/notify team"]
    assert "/infra rollback" not in opener.off


def test_in_a_simulated_world_only_its_own_variables_are_read() -> None:
    """A real webhook in the environment is never called by a rehearsal."""
    environ = {"SLACK_WEBHOOK": "https://hooks.example/real", "OPERATIONS_URL": "https://real"}

    settings = read_settings(environ, {"OPERATIONS_URL": "http://127.0.0.1:1/operations"})

    url = settings.variable("OPERATIONS_URL")
    assert url is not None
    assert "http://127.0.0.1:1/operations" == url.get_secret_value()
    assert settings.variable("SLACK_WEBHOOK") is None
    assert "hooks.example" not in repr(settings) + settings.model_dump_json()
