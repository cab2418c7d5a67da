"""Families in the terminal: groups of click, made from the registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from pydantic import Field

from bot.cli.family import Family
from bot.cli.generated import click_command
from bot.cli.session import Answer, Asked
from tgk.command import Command, command
from tgk.context import Context
from tgk.options import Pairs, Request, Rest, ServiceName
from tgk.outcome import Outcome
from tgk.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    import click


class Go(Request):
    """Start something."""

    playbook: str = Field(description="which one")
    service: ServiceName | None = Field(default=None, description="where")
    pace: Literal["slow", "fast"] = Field(default="slow", description="how fast")
    share: float = Field(default=1, ge=0, le=1, description="how much of it")
    parameters: Pairs = Field(default={}, description="more")
    from_step: str = Field(default="", description="where to begin")
    timeout: int | None = Field(default=None, ge=1, description="minutes")
    dry_run: bool = Field(default=False, description="only plan")


class Halt(Request):
    """Stop something."""

    workflow: str = Field(description="which one")
    reason: Annotated[str, Rest()] = Field(default="", description="why")


@command("flow run", effect="change", default_verb=True)
async def run(request: Go, context: Context) -> Reply:
    """Do nothing."""
    raise NotImplementedError


@command("flow pause", effect="change")
async def pause(request: Halt, context: Context) -> Reply:
    """Do nothing."""
    raise NotImplementedError


@dataclass
class Bot:
    """Remembers what was asked of it, and offers one service."""

    goes_on: str = "It goes on"
    asked: list[Asked] = field(default_factory=list)
    completed: list[tuple[str, str]] = field(default_factory=list)

    def run(self, asked: Asked, show: Callable[[Reply], None]) -> Answer:
        """Agree to everything."""
        self.asked.append(asked)
        done = Reply(topic="notice", title="done", tone="ok")
        return Answer(outcome=Outcome(result="success", reply=done, reference="abc"))

    def complete(self, asked: Asked, option: str, partial: str) -> list[str]:
        """Offer the one service."""
        self.completed.append((asked.name, option))
        return ["event-gateway"]


@pytest.fixture
def bot() -> Bot:
    """A bot that does what it is told."""
    return Bot()


@pytest.fixture
def flow(bot: Bot) -> click.Group:
    """The family as the program makes it."""

    def built(entry: Command[Any]) -> click.Command:
        return click_command(entry, lambda: bot)

    return Family("flow", [pause, run], built)


@pytest.mark.parametrize(
    ("line", "name", "raw"),
    [
        ("run web --pace fast", "flow run", {"playbook": "web", "pace": "fast"}),
        ("--playbook web --dry-run", "flow run", {"playbook": "web", "dry_run": True}),
        ("--playbook=web --timeout 30", "flow run", {"playbook": "web", "timeout": 30}),
        ("run web --parameters a=1 --parameters b=2", "flow run",
         {"playbook": "web", "parameters": "a=1\nb=2"}),
        ("run web --share 0.5 --from-step build", "flow run",
         {"playbook": "web", "share": 0.5, "from_step": "build"}),
        ("pause W1 by hand", "flow pause", {"workflow": "W1", "reason": "by hand"}),
        ("pause --reason by my hand --workflow W1 -y", "flow pause",
         {"workflow": "W1", "reason": "by my hand"}),
        ("pause --reason=tired W1", "flow pause", {"workflow": "W1", "reason": "tired"}),
    ],
)  # fmt: skip
def test_a_verb_is_a_command_of_its_own(
    flow: click.Group, bot: Bot, line: str, name: str, raw: dict[str, object]
) -> None:
    """An option behind the family's name belongs to the default verb."""
    ended = CliRunner().invoke(flow, line.split())

    assert ended.exit_code == 0
    assert [(each.name, dict(each.raw)) for each in bot.asked] == [(name, raw)]


def test_text_in_the_quotes_of_a_shell_ends_with_them(flow: click.Group, bot: Bot) -> None:
    """Another value may follow it."""
    ended = CliRunner().invoke(flow, ["pause", "--reason", "by my hand", "W1"])

    assert ended.exit_code == 0
    assert dict(bot.asked[0].raw) == {"workflow": "W1", "reason": "by my hand"}


def test_a_slip_behind_free_text_is_told(flow: click.Group, bot: Bot) -> None:
    """It is no part of the text."""
    ended = CliRunner().invoke(flow, ["pause", "--reason", "by", "hand", "--workflw", "W1"])

    assert ended.exit_code == 2
    assert "--workflow" in ended.output
    assert bot.asked == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("rn web", "No such command 'rn'. Did you mean run?"),
        ("web", "No such command 'web'"),
        ("--plybook web", "--playbook"),
        ("run web --share 2", "'2' is not a number from 0 to 1."),
        ("run web --share much", "'much' is not a number from 0 to 1."),
        ("run", "Missing PLAYBOOK"),
    ],
)
def test_a_slip_is_answered_before_anything_is_asked(
    flow: click.Group, bot: Bot, line: str, told: str
) -> None:
    """A bare word is a verb, never a value of the default one."""
    ended = CliRunner().invoke(flow, line.split())

    assert ended.exit_code == 2
    assert told in ended.output
    assert bot.asked == []


def test_help_lists_the_verbs_and_says_which_is_meant_without_one(flow: click.Group) -> None:
    """A verb's help shows every option as it is typed."""
    family = CliRunner().invoke(flow, ["--help"]).output
    verb = CliRunner().invoke(flow, ["run", "--help"]).output

    assert "Without a verb: run." in family
    assert "pause  Stop something" in family
    for shown in ("--from-step", "--dry-run / --no-dry-run", "--parameters KEY=VALUE",
                  "[slow|fast]", "PLAYBOOK", "--wait-timeout SECONDS"):  # fmt: skip
        assert shown in verb


def test_waiting_is_named_apart_where_a_command_has_a_timeout(flow: click.Group, bot: Bot) -> None:
    """So that each option means one thing."""
    CliRunner().invoke(flow, ["run", "web", "--timeout", "30", "--wait-timeout", "5"])
    CliRunner().invoke(flow, ["pause", "W1", "--timeout", "5"])

    assert [each.timeout for each in bot.asked] == [5, 5]
    assert bot.asked[0].raw["timeout"] == 30


@pytest.mark.parametrize(
    ("words", "typed", "offered"),
    [
        ([], "", ["pause", "run"]),
        ([], "--pl", ["--playbook", "--plain"]),
        (["run"], "--from", ["--from-step"]),
        (["run", "--pace"], "f", ["fast"]),
        (["run", "web"], "ev", ["event-gateway"]),
        (["--service"], "ev", ["event-gateway"]),
    ],
)
def test_a_shell_completes_verbs_options_and_values(
    flow: click.Group, bot: Bot, words: list[str], typed: str, offered: list[str]
) -> None:
    """Values come from the bot, for the command that is meant."""
    complete = ShellComplete(flow, {}, "flow", "_FLOW_COMPLETE")

    found = [each.value for each in complete.get_completions(words, typed)]

    assert found == offered
    assert {name for name, _ in bot.completed} <= {"flow run"}


def test_without_a_default_verb_an_option_is_unknown(bot: Bot) -> None:
    """Nothing is guessed."""
    family = Family("flow", [pause], lambda entry: click_command(entry, lambda: bot))

    ended = CliRunner().invoke(family, ["--workflow", "W1"])

    assert ended.exit_code == 2
    assert "No such option" in ended.output
