"""Lines as typed in chat mean the same in a terminal, and completion knows the estate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.cli.generated import common
from bot.cli.main import registry
from tgk.spelling import spelled

if TYPE_CHECKING:
    from tests.conftest import World
    from tests.surfaces.cli.conftest import ScriptedBot, Terminal, Words
    from tgk.command import Command

LOGS = {"service": "event-gateway", "tail": 20}


@pytest.mark.parametrize(
    "line",
    [
        "logs event-gateway 20",
        "/logs event-gateway 20",
        "logs --service event-gateway --tail 20",
        "logs 20 --service=event-gateway",
        "logs event-gateway --tail=20",
    ],
)
def test_position_and_name_mean_the_same(
    tgk: Terminal, scripted: ScriptedBot, words: Words, line: str
) -> None:
    """Whatever is not named takes the free places in order."""
    scripted.says("outcome", words.outcome())

    tgk(*line.split())

    assert LOGS == scripted.asked[0]["raw"]


def test_free_text_needs_no_quotes(tgk: Terminal, scripted: ScriptedBot, words: Words) -> None:
    """The last text takes all that follows."""
    scripted.says("outcome", words.outcome())

    tgk("lock", "production", "release", "freeze")

    assert {"env": "production", "reason": "release freeze"} == scripted.asked[0]["raw"]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("statsu", "status"),
        ("logs event-gateway --levle info", "--level"),
        ("logs event-gateway --level eror", "error"),
        ("logs event-gateway 5 wran", "warn"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(tgk: Terminal, line: str, meant: str) -> None:
    """Commands, options and values, each without a bot."""
    ended = tgk(*line.split())

    assert 2 == ended.code
    assert f"Did you mean {meant}" in ended.err


def test_hyphens_alone_make_no_two_options_alike(tgk: Terminal) -> None:
    """Nobody who types --list means --quiet."""
    ended = tgk("orchestrate", "schedule", "--list")

    assert "No such option '--list'." in ended.err
    assert "Do: See `tgk orchestrate schedule --help`." in ended.err


@pytest.mark.parametrize("flag", ["--json", "-y", "--quiet", "--timeout"])
def test_a_flag_before_the_command_is_told_where_it_belongs(tgk: Terminal, flag: str) -> None:
    """It is known, only not there; what nobody knows is still unknown."""
    ended = tgk(flag, "approve", "nosuchid")

    assert 2 == ended.code
    assert f"Why: {flag} goes after the command." in ended.err
    assert f"Do: Did you mean `tgk COMMAND … {flag}`?" in ended.err
    assert "No such option" in tgk("--jsonn", "approve", "nosuchid").err


@pytest.mark.parametrize("line", ["logs event-gateway zz", "logs event-gateway --tail 5001"])
def test_a_number_out_of_its_range_is_answered_with_the_range(tgk: Terminal, line: str) -> None:
    """In the words that chat has for it."""
    ended = tgk(*line.split())

    assert 2 == ended.code
    assert "is not a whole number from 1 to 5000." in ended.err


def test_no_option_of_a_command_hides_a_common_one() -> None:
    """Names stay apart, so that --json means one thing."""

    def taken(entry: Command[Any]) -> set[str]:
        return {name for flag in common(entry) for name in (*flag.opts, str(flag.name))}

    clashes = [
        (entry.name, option.name)
        for entry in registry()
        for option in entry.options
        if {option.name, f"--{spelled(option.name)}"} & taken(entry)
    ]

    assert [] == clashes


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tgk sta", ["status"]),
        ("tgk status event", ["event-gateway"]),
        ("tgk deploy stag", ["staging"]),
        ("tgk deploy staging v1.4.0", ["v1.4.0"]),
        ("tgk logs event-gateway --env prod", ["production"]),
        ("tgk help depl", ["deploy"]),
        ("tgk logs event-gateway 10 er", ["error"]),
    ],
)
def test_completion_asks_the_running_bot(served: Terminal, line: str, expected: list[str]) -> None:
    """Commands, services, environments, tags and choices are completed at their place."""
    assert expected == completions(served, line)


def test_completion_offers_only_what_the_caller_may_use(served: Terminal, world: World) -> None:
    """A viewer deploys nowhere, so no environment is offered."""
    assert [] == completions(served, "tgk deploy stag", user="vik")
    assert [] == world.pipelines.dispatched


def test_completion_reads_the_file_without_a_bot(tgk: Terminal) -> None:
    """Names of discovery.yml, and nothing at all for what it does not list."""
    assert ["refinory-api"] == completions(tgk, "tgk status refi")
    assert ["production"] == completions(tgk, "tgk deploy prod")
    assert [] == completions(tgk, "tgk deploy production v")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_printed(tgk: Terminal, shell: str) -> None:
    """It calls the program back under its own name."""
    ended = tgk("completion", shell)

    assert 0 == ended.code
    assert f"_TGK_COMPLETE={shell}_complete" in ended.out


def completions(terminal: Terminal, line: str, user: str = "dana") -> list[str]:
    """Return what bash would offer for the last word."""
    count = str(len(line.split()) - 1)
    terminal.environment |= {
        "_TGK_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": count,
    }  # fmt: skip
    ended = terminal.spawn(user=user)
    for name in ("_TGK_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
        del terminal.environment[name]
    assert "" == ended.err
    return [found.partition(",")[2] for found in ended.out.splitlines() if found]
