"""Families on Discord: one command with sub-commands, or a line after a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import app_commands

from bot.discord import slash

if TYPE_CHECKING:
    from conftest import Wire, World

from tgk.registry import Registry

GUILD = discord.Object(100000000000000001)


async def _ignored(*_: Any) -> None:
    return None


def planted(world: World, *left_out: str) -> app_commands.CommandTree[Any]:
    """Return a tree with the commands of these tests."""
    desk = world.surface.client().desk
    registry = desk.dispatcher.admission.registry
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    slash.plant(tree, Registry(e for e in registry if e.name not in left_out), desk, _ignored)
    return tree


async def test_a_family_is_one_command_that_names_its_verbs(world: World) -> None:
    """Its verbs are its sub-commands, with the options of each."""
    tree = planted(world)
    made = {each.name: each.to_dict(tree) for each in tree.get_commands(guild=GUILD)}
    book = made["book"]

    assert book["description"] == "run, scan"
    assert [(each["type"], each["name"]) for each in book["options"]] == [(1, "run"), (1, "scan")]
    options = {each["name"]: each for each in book["options"][1]["options"]}
    assert {name: each["type"] for name, each in options.items()} == {
        "service": 3, "depth": 4, "parameters": 3, "dry_run": 5,
    }  # fmt: skip
    assert options["service"]["autocomplete"]


async def test_a_sub_command_is_run_with_its_options(world: World) -> None:
    """Pairs come as one text, a switch as a boolean, a number as a number."""
    await world.people["dana"].slash(
        world.channel, "book scan",
        service="api", depth=3, parameters='a=1 b="two words"', dry_run=True,
    )  # fmt: skip

    assert world.board.shows[-1].reply.title == "api 3 {'a': '1', 'b': 'two words'} True"
    assert world.journal.results("/book scan") == ["success"]


async def test_a_sub_command_completes_its_own_options(world: World) -> None:
    """Values are offered to whoever may run it, and to nobody else."""
    found = await world.people["dana"].autocomplete(world.channel, "book scan", "service", "ap")
    none = await world.people["devi"].autocomplete(world.channel, "book scan", "service", "ap")

    assert [each["value"] for each in found] == ["api", "apple"]
    assert not none


async def test_what_is_beyond_the_platform_s_limit_can_be_typed(world: World) -> None:
    """Of 26 verbs 25 are sub-commands, and the last is answered after a mention."""
    made = {each.name: each.to_dict(planted(world)) for each in planted(world).get_commands(
        guild=GUILD)}  # fmt: skip
    me = world.env.bot.user.id
    await world.people["dana"].send(world.channel, f"<@{me}> wide v25")

    assert [each["name"] for each in made["wide"]["options"]] == [f"v{n:02}" for n in range(25)]
    assert world.shown() == "🧩 wide 25"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("book scan --service api --parameters a=1 --parameters b=2 --dry-run",
         "api 1 {'a': '1', 'b': '2'} True"),
        ("/book scan api 4", "api 4 {} False"),
        ("book_scan api", "api 1 {} False"),
        ("book --pace fast", "dry False fast None"),
        ("book", "dry False slow None"),
    ],
)  # fmt: skip
async def test_a_family_is_typed_after_a_mention(world: World, line: str, told: str) -> None:
    """With its verb, or without for the one that is declared as default."""
    me = world.env.bot.user.id
    await world.people["dana"].send(world.channel, f"<@{me}> {line}")

    shown = [each.reply.title for each in world.board.shows] + [world.shown()]
    assert any(told in each for each in shown)


async def test_a_word_that_is_no_verb_is_refused_with_the_nearest(world: World) -> None:
    """It is never taken for a value of the default verb."""
    me = world.env.bot.user.id
    await world.people["dana"].send(world.channel, f"<@{me}> book scn api")

    assert "/book scn was not run." in world.shown()
    assert "Did you mean /book scan?" in world.shown()


async def test_a_new_verb_changes_the_digest(world: World) -> None:
    """So the guild hears of it, and of nothing that stays the same."""
    whole, less = planted(world), planted(world, "book scan")

    assert slash.fingerprint(whole, GUILD) == slash.fingerprint(planted(world), GUILD)
    assert slash.fingerprint(whole, GUILD) != slash.fingerprint(less, GUILD)


async def test_a_family_works_on_the_wire(wire: Wire) -> None:
    """The platform takes the command and sends its sub-commands and completions as its own."""
    await wire.connected()
    registered = {each["name"]: each for each in wire.platform.commands()}
    offered = await wire.platform.autocomplete("dana", "book scan", "service", "ap", {})
    await wire.platform.slash(
        "dana", wire.channel, "book scan", {"service": "api", "parameters": "a=1"}
    )

    assert [each["name"] for each in registered["book"]["options"]] == ["run", "scan"]
    assert [each["value"] for each in offered] == ["api", "apple"]
    shown = await wire.until(lambda: wire.world.board.shows)
    assert shown[-1].reply.title == "api 1 {'a': '1'} False"
