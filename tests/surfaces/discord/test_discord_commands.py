"""The product's own commands as Discord takes them: every name, option and bound within limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import app_commands

import commands
from bot.discord import slash
from tgk.registry import Registry, collect

if TYPE_CHECKING:
    from conftest import World

NAME = re.compile(r"^[-_a-z0-9]{1,32}$")
TEXT, INTEGER, BOOLEAN, NUMBER, ATTACHMENT, GROUPS = 3, 4, 5, 10, 11, (1, 2)


def leaves(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a command and everything nested in it."""
    return [entry, *(deep for each in entry.get("options", ()) for deep in leaves(each))]


def size(entry: dict[str, Any]) -> int:
    """Count what the platform counts of a command: names, descriptions and values."""
    own = len(entry["name"]) + len(entry["description"])
    choices = sum(len(each["name"]) + len(str(each["value"])) for each in entry.get("choices", ()))
    return own + choices + sum(size(each) for each in entry.get("options", ()))


@pytest.fixture
async def payload(world: World) -> list[dict[str, Any]]:
    """Return what a sync of all commands would send."""
    client = discord.Client(intents=discord.Intents.none())
    tree = app_commands.CommandTree(client)

    async def never(interaction: Any, name: str, raw: Any) -> None:
        raise AssertionError

    slash.plant(tree, Registry(collect(commands)), world.surface.client().desk, never)
    guild = discord.Object(100000000000000001)
    return [each.to_dict(tree) for each in tree.get_commands(guild=guild)]


async def test_every_command_of_this_door_is_offered(payload: list[dict[str, Any]]) -> None:
    """Nothing is forgotten, webhook commands stay inside."""
    names = {each["name"] for each in payload}

    assert {"status", "logs", "deploy", "scale", "ask", "help", "whoami"} <= names
    assert not names & {"alert", "git"}
    assert len(names) <= 100


async def test_names_and_descriptions_fit(payload: list[dict[str, Any]]) -> None:
    """Lower case names of at most 32, descriptions of 1 to 100, 25 options, 8000 in all."""
    every = [deep for each in payload for deep in leaves(each)]

    assert [each["name"] for each in every if not NAME.match(each["name"])] == []
    assert [each["name"] for each in every if not 1 <= len(each["description"]) <= 100] == []
    assert [each["name"] for each in every if len(each.get("options", ())) > 25] == []
    assert [each["name"] for each in payload if size(each) > 8000] == []


async def test_required_options_come_first(payload: list[dict[str, Any]]) -> None:
    """The platform refuses a command whose optional options precede required ones."""
    for entry in payload:
        required = [each.get("required", False) for each in entry.get("options", ())]

        assert required == sorted(required, reverse=True)


async def test_bounds_and_completion_fit_their_types(payload: list[dict[str, Any]]) -> None:
    """Numbers have bounds, texts have lengths, and no option has both choices and completion."""
    for option in [deep for each in payload for deep in leaves(each) if deep is not each]:
        has = {key for key, value in option.items() if value not in (None, False, [])}

        assert not {"choices", "autocomplete"} <= has
        assert not (option["type"] not in (INTEGER, NUMBER) and has & {"min_value", "max_value"})
        assert not (option["type"] != TEXT and has & {"min_length", "max_length"})
        assert option["type"] in (TEXT, INTEGER, BOOLEAN, NUMBER, ATTACHMENT, *GROUPS)
