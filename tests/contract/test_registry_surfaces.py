"""Every command of the registry fits every surface, the policy and the configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click
import discord
import pytest
from click.testing import CliRunner
from discord import app_commands

import commands
from bot.cli.generated import click_command
from bot.cli.main import TOOLS, tgk
from bot.discord.desk import Desk
from bot.discord.slash import plant
from bot.telegram.menu import Menu, spoken
from integrations.discord.presenter import Presenter
from tests.conftest import load_shipped_discovery
from tgk.command import Command
from tgk.doors import CHAT_AND_TERMINAL, WEBHOOK_ONLY
from tgk.families import families, heads
from tgk.registry import Registry, collect
from tgk.spelling import spelled
from tgk.testing.buttons import FakeButtons
from tgk.typed import parse_line

if TYPE_CHECKING:
    from tests.conftest import World
    from tgk.context import Context
    from tgk.options import Option
    from tgk.reply import Reply

ALL = sorted(collect(commands), key=lambda entry: entry.name)
NAMES = [entry.name for entry in ALL]
OFFERED = [entry for entry in ALL if "discord" in entry.doors and entry.listed]
DRAWN = {"text", "integer", "number", "boolean", "choice"}
STRING, INTEGER, BOOLEAN, NUMBER = 3, 4, 5, 10
ATTACHMENT = 11
TYPES = {"text": STRING, "choice": STRING, "integer": INTEGER, "boolean": BOOLEAN, "number": NUMBER}

each = pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.name)
each_offered = pytest.mark.parametrize("entry", OFFERED, ids=lambda entry: entry.name)


async def _png(_: object) -> bytes:
    return b""


async def _ignored(*_: object) -> None:
    return None


@pytest.fixture
async def payload(world: World) -> dict[str, dict[str, Any]]:
    """What the bot registers in Discord, by the command's first word."""
    buttons = FakeButtons(world.clock)
    presenter = Presenter(buttons=buttons, directory=world.policy.directory, to_png=_png)
    desk = Desk(
        discovery=world.discovery,
        dispatcher=world.dispatcher,
        directory=world.policy.directory,
        buttons=buttons,
        board=world.board,
        presenter=presenter,
        notes=world.notes,
        clock=world.clock,
    )
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    plant(tree, world.registry, desk, _ignored)
    guild = discord.Object(desk.guild)
    return {made.name: made.to_dict(tree) for made in tree.get_commands(guild=guild)}


def _planted(payload: dict[str, dict[str, Any]], entry: Command[Any]) -> dict[str, Any]:
    """Return the part of the payload that stands for one command."""
    first, *more = entry.name.split()
    found = payload[first]
    for word in more:
        found = next(inner for inner in found["options"] if inner["name"] == word)
    return found


def _size(part: dict[str, Any]) -> int:
    """Count what Discord counts: names, descriptions and choices, all the way down."""
    own = len(part["name"]) + len(part.get("description", ""))
    choices = sum(len(c["name"]) + len(str(c["value"])) for c in part.get("choices") or [])
    return own + choices + sum(_size(inner) for inner in part.get("options") or [])


def test_the_registry_is_not_empty_and_every_name_is_its_own() -> None:
    """The product has the commands of its manual, each declared once."""
    names = [entry.name for entry in ALL]

    assert {"status", "logs", "deploy", "scale", "ask", "help", "approve", "deny"} <= set(names)
    assert sorted(set(names)) == sorted(names)
    assert len(Registry(ALL)) == len(names)


@each
def test_every_command_says_what_it_does(entry: Command[Any]) -> None:
    """Its request has a docstring of its own, and the first line is a summary."""
    own = vars(entry.request).get("__doc__")

    assert own
    assert 1 <= len(entry.summary) <= 100
    assert "\n" not in entry.summary


@each
def test_every_option_can_be_drawn_and_says_what_it_is(entry: Command[Any]) -> None:
    """Chat commands have plain fields with a description of their own; choices are named."""
    if entry.doors == WEBHOOK_ONLY:
        assert not entry.listed
        return
    for option in entry.options:
        field = entry.request.model_fields[option.name]
        assert option.type in DRAWN
        assert 1 <= len(field.description or "") <= 100, f"{option.name} has no description"
        assert (option.type == "choice") == bool(option.choices)
    assert [o.name for o in entry.options if o.rest][1:] == []
    assert not any(o.rest for o in [o for o in entry.options if o.has_place][:-1])


@each
def test_required_options_come_before_optional_ones(entry: Command[Any]) -> None:
    """Positional reading and Discord agree on the order."""
    required = [option.required for option in entry.options]

    assert sorted(required, reverse=True) == required


@each_offered
async def test_discord_takes_every_listed_command(
    entry: Command[Any], payload: dict[str, dict[str, Any]]
) -> None:
    """Name, description, options, types and choices are within the platform's limits."""
    planted = _planted(payload, entry)
    options = planted["options"]

    assert re.fullmatch(r"[-_a-z0-9]{1,32}", planted["name"])
    assert 1 <= len(planted["description"]) <= 100
    assert planted["description"] == entry.summary
    assert len(options) == len(entry.options) <= 25
    for drawn, option in zip(options, entry.options, strict=True):
        assert re.fullmatch(r"[-_a-z0-9]{1,32}", drawn["name"])
        assert drawn["name"] == option.name.strip("_")
        assert drawn["type"] == (ATTACHMENT if option.file else TYPES[option.type])
        assert 1 <= len(drawn["description"]) <= 100
        assert bool(drawn["required"]) is option.required
        assert not (drawn.get("choices") and drawn.get("autocomplete"))
        if len(option.choices) <= 25:
            assert [c["value"] for c in drawn.get("choices") or []] == list(option.choices)
        if option.known:
            assert drawn["autocomplete"] is True


async def test_discord_gets_nothing_but_what_is_listed(payload: dict[str, dict[str, Any]]) -> None:
    """At most 100 commands of at most 8000 characters, and none that is only for webhooks."""
    assert len(payload) <= 100
    assert set(heads(entry.name for entry in OFFERED)) == set(payload)
    for planted in payload.values():
        assert _size(planted) <= 8000


def test_telegram_takes_every_listed_command() -> None:
    """Spoken names fit the menu, are different from one another, and lead back to the command."""
    menu = Menu(Registry(ALL))
    listed = {row["command"]: row["description"] for row in menu._listed}
    entries = [entry for entry in ALL if "telegram" in entry.doors and entry.listed]

    assert {spoken(entry.name): entry.summary for entry in entries} == listed
    assert len(listed) == len(entries) <= 100
    for name, description in listed.items():
        assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
        assert 1 <= len(description) <= 256


@each
def test_telegram_understands_a_command_by_its_menu_name(entry: Command[Any]) -> None:
    """Only commands with that door; a webhook's command is unknown there."""
    menu = Menu(Registry(ALL))
    words = " ".join(_typed(option) for option in entry.options if option.required)

    if "telegram" in entry.doors:
        name, raw = menu.understand(f"/{spoken(entry.name)} {words}".strip())
        assert name == entry.name
        assert set(raw) == {o.name for o in entry.options if o.required}
    else:
        assert spoken(entry.name) not in menu._spoken


def _typed(option: Option) -> str:
    """Return how a value is given to an option in a line: by position where it has one."""
    if option.has_place:
        return "1"
    return f"--{spelled(option.name)}" + (" a=1" if option.repeats else "")


def test_every_name_can_be_carried_by_every_surface() -> None:
    """One lower-case word or two; a family is no command, and has at most one default verb."""
    registry = Registry(ALL)

    for family, verbs in families(entry.name for entry in registry).items():
        entries = [registry[f"{family} {verb}"] for verb in verbs]
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", family)
        assert len([entry for entry in entries if entry.default_verb]) <= 1
        assert family not in TOOLS


async def test_discord_draws_a_family_as_one_command(payload: dict[str, dict[str, Any]]) -> None:
    """At most 25 sub-commands, each by its verb, described by the verbs themselves."""
    for family, verbs in families(entry.name for entry in OFFERED).items():
        planted = payload[family]
        assert [each["type"] for each in planted["options"]] == [1] * len(verbs)
        assert [each["name"] for each in planted["options"]] == list(verbs)
        assert len(verbs) <= 25
        assert planted["description"].startswith(verbs[0])
        assert len(planted["description"]) <= 100


@each
def test_a_family_is_understood_with_a_space_an_underscore_and_a_bot(entry: Command[Any]) -> None:
    """On Telegram and after a mention alike; without a verb the default one is meant."""
    registry, menu = Registry(ALL), Menu(Registry(ALL))
    words = " ".join(_typed(option) for option in entry.options if option.required)
    spellings = [entry.name, *([entry.family] if entry.default_verb else [])]
    spellings += [entry.name.replace(" ", "@tgk_council_bot ", 1)] if entry.family else []

    if "telegram" in entry.doors:
        assert menu.understand(f"/{entry.name} {words}".strip())[0] == entry.name
        for spelling in spellings:
            line = f"/{spelling} {'' if spelling == entry.family else words}"
            assert parse_line(line, NAMES, registry.defaults)[0] == entry.name


@each
def test_the_terminal_finds_every_command_by_its_words(entry: Command[Any]) -> None:
    """A family is a group with its verbs; what is not listed is found all the same."""
    if "cli" not in entry.doors:
        return
    context = click.Context(tgk, info_name="tgk")
    found: click.Command | None = tgk
    for word in entry.name.split():
        assert isinstance(found, click.Group)
        assert not entry.listed or word in found.list_commands(context)
        found = found.get_command(context, word)

    assert found is not None
    assert found.name == (entry.verb or entry.name)


@each
async def test_help_explains_every_command_and_its_family(
    entry: Command[Any], world: World
) -> None:
    """By the name as it is typed; the family lists the usage of each verb."""
    if not entry.listed or "telegram" not in entry.doors:
        return
    explained = await world.run(f"/help {entry.name}", "alex")
    assert explained.reply.data["usage"] == entry.usage

    if entry.family:
        whole = await world.run(f"/help {entry.family}", "alex")
        assert entry.usage in [each["usage"] for each in whole.reply.data["commands"]]


@each
def test_click_builds_every_command_of_the_terminal(entry: Command[Any]) -> None:
    """The help is printed, names every option, and needs no bot for it."""
    if "cli" not in entry.doors:
        pytest.skip("has no terminal door")

    def unreachable() -> Any:
        pytest.fail("the help must not connect")

    built = click_command(entry, unreachable)
    shown = CliRunner().invoke(built, ["--help"])

    assert isinstance(built, click.Command)
    assert shown.exit_code == 0
    for option in entry.options:
        assert spelled(option.name) in shown.output.casefold()
    names = [name for parameter in built.params for name in (*parameter.opts, parameter.name)]
    flags = [name for name in names if str(name).startswith("-")]
    assert sorted(set(flags)) == sorted(flags)


@each
def test_the_policy_names_the_permission_of_every_command(
    entry: Command[Any], world: World
) -> None:
    """Not only by the administrator's star: somebody else is meant to use it."""
    policy = world.policy.edition.policy
    named = set(policy.everyone)
    named.update(*(role.permissions for role in policy.roles.values()))

    assert re.fullmatch(r"/[a-z0-9][a-z0-9_.-]*", entry.permission)
    assert named & set(entry.grantable)


@each
def test_discovery_switches_every_command_on(entry: Command[Any]) -> None:
    """As shipped, nothing is hidden, and nothing is named that does not exist."""
    shipped = load_shipped_discovery()

    assert shipped.switched_on(entry.name)
    assert set(shipped.commands) <= {*NAMES, *heads(NAMES)}


@each
async def test_webhook_commands_have_no_other_door(entry: Command[Any], world: World) -> None:
    """Nobody can type what only a signed event may say, whatever the role; and the reverse."""
    if entry.doors == WEBHOOK_ONLY:
        for door in sorted(CHAT_AND_TERMINAL):
            asked = world.asked(entry.name, {}, world.caller("alex"), door=door)
            outcome = await world.dispatcher.run(asked)
            assert outcome.result == "invalid"
            assert outcome.reply.data["error"] == "UnknownCommand"
    else:
        assert "gateway" not in entry.doors
        outcome = await world.webhook(entry.name, "alertmanager", {})
        assert outcome.reply.data["error"] == "UnknownCommand"
    assert [] == world.board.shows


def test_two_commands_of_one_name_are_refused() -> None:
    """A second file with a name that is taken stops the program, not the caller."""
    from tgk.registry import DuplicateCommand

    async def handle(request: Any, context: Context) -> Reply:
        raise NotImplementedError

    twin = Command(name=ALL[0].name, request=ALL[0].request, handle=handle, permission="/x")
    with pytest.raises(DuplicateCommand, match=ALL[0].name):
        Registry([*ALL, twin])
