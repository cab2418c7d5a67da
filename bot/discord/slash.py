"""Slash commands drawn from the registry: one definition, every option with its type and bounds."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
from typing import TYPE_CHECKING, Any, Literal, Optional

import discord
from discord import app_commands
from loguru import logger

from bot.discord.attached import text_of
from bot.discord.exchange import tell
from tgk.errors import TgkError
from tgk.families import families, listing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.discord.desk import Desk
    from tgk.command import Command
    from tgk.options import Option

    Invoke = Callable[[discord.Interaction, str, dict[str, object]], Awaitable[None]]

COMPLETION_SECONDS = 2.5
_DESCRIPTION, _VALUE, _CHOICES, _TEXT = 100, 100, 25, 6000
_SAFE_INTEGER = 2**53 - 1
_VERBS = 25
"""Sub-commands that the platform takes of one command."""


def plant(
    tree: app_commands.CommandTree[Any],
    commands: Iterable[Command[Any]],
    desk: Desk,
    invoke: Invoke,
) -> None:
    """Add every listed command of this door to the guild's tree, a family as one with its verbs."""
    guild = discord.Object(desk.guild)
    offered = [each for each in commands if each.listed and "discord" in each.doors]
    verbs = families(each.name for each in offered)
    groups = {
        family: app_commands.Group(name=family, description=listing(below, _DESCRIPTION))
        for family, below in verbs.items()
    }
    for made in groups.values():
        tree.add_command(made, guild=guild)
    for each in offered:
        planted = _command(each, desk, invoke)
        group = groups.get(each.family)
        if group is None:
            tree.add_command(planted, guild=guild)
        elif len(group.commands) < _VERBS:
            group.add_command(planted)
        else:
            logger.warning("/{} is one verb too many here; type it after a mention", each.name)


def fingerprint(tree: app_commands.CommandTree[Any], guild: discord.Object) -> str:
    """Return a digest of what a sync would send."""
    payload = [each.to_dict(tree) for each in tree.get_commands(guild=guild)]
    text = json.dumps(sorted(payload, key=lambda entry: str(entry["name"])), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


async def sync(tree: app_commands.CommandTree[Any], desk: Desk) -> bool:
    """Send the commands to the guild when they differ from what it has; say whether it was needed.

    A guild that has lost them (the bot was removed and came back) gets them again.
    """
    guild = discord.Object(desk.guild)
    key = f"discord:commands:{tree.client.application_id}:{desk.guild}"
    wanted = fingerprint(tree, guild)
    if await desk.notes.get(key) == wanted and await tree.fetch_commands(guild=guild):
        return False
    await tree.sync(guild=guild)
    await desk.notes.put(key, wanted)
    return True


def _command(
    entry: Command[Any], desk: Desk, invoke: Invoke
) -> app_commands.Command[Any, ..., None]:
    async def callback(interaction: discord.Interaction, **given: object) -> None:
        typed = {name: value for name, value in given.items() if value is not None}
        try:
            read = await _with_files(entry, typed)
        except TgkError as error:
            named = {name: str(value) for name, value in typed.items()}
            asked = desk.asked(interaction, entry.name, named)
            await tell(desk, interaction, (await desk.dispatcher.refuse(asked, error)).reply)
        else:
            await invoke(interaction, entry.name, read)

    asked = sorted(entry.options, key=lambda option: not option.required)[:_CHOICES]
    callback.__signature__ = _signature(asked)  # type: ignore[attr-defined]
    described = {o.name: (o.description or o.name)[:_DESCRIPTION] for o in asked}
    renamed = {o.name: o.name.strip("_") for o in asked if o.name != o.name.strip("_")}
    decorated = app_commands.describe(**described)(app_commands.rename(**renamed)(callback))
    made: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=entry.verb or entry.name,
        description=entry.summary[:_DESCRIPTION] or entry.name,
        callback=decorated,
    )
    for option in asked:
        if option.known or len(option.choices) > _CHOICES:
            made.autocomplete(option.name)(_completion(entry, option, desk))
    return made


def _signature(asked: Iterable[Option]) -> inspect.Signature:
    """Return what the library reads the options of a command from."""
    first = inspect.Parameter(
        "interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction
    )
    options = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=_annotation(option),
            default=inspect.Parameter.empty if option.required else None,
        )
        for option in asked
    ]
    return inspect.Signature([first, *options])


async def _with_files(entry: Command[Any], given: dict[str, object]) -> dict[str, object]:
    """Return the arguments with the texts of attached files; raises InvalidRequest, Unavailable."""
    found = dict(given)
    for name, value in given.items():
        if isinstance(value, discord.Attachment):
            found[name] = await text_of(value, entry.name, name)
    return found


def _annotation(option: Option) -> Any:
    """Return the type Discord checks before it even sends."""
    wanted: Any
    if option.file:
        wanted = discord.Attachment
    elif option.type == "boolean":
        wanted = bool
    elif option.type == "choice" and len(option.choices) <= _CHOICES:
        wanted = Literal[option.choices]
    elif option.type == "integer":
        low = -_SAFE_INTEGER if option.minimum is None else int(option.minimum)
        high = _SAFE_INTEGER if option.maximum is None else int(option.maximum)
        wanted = app_commands.Range[int, low, high]
    elif option.type == "number":
        low_, high_ = option.minimum, option.maximum
        wanted = float if low_ is None and high_ is None else _bounded(low_, high_)
    else:
        wanted = app_commands.Range[str, 1, min(option.max_length or _TEXT, _TEXT)]
    return wanted if option.required else Optional[wanted]  # noqa: UP045 - built at run time


def _bounded(low: float | None, high: float | None) -> Any:
    return app_commands.Range[
        float, None if low is None else float(low), None if high is None else float(high)
    ]


def _completion(entry: Command[Any], option: Option, desk: Desk) -> Any:
    async def complete(
        interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        fields = {each.name.strip("_"): each.name for each in entry.options}
        given = {fields[name]: value for name, value in interaction.namespace if name in fields}
        given.pop(option.name, None)
        view = desk.dispatcher.view(desk.asked(interaction, entry.name, given))
        try:
            async with asyncio.timeout(COMPLETION_SECONDS):
                found = await view.complete(entry.name, option.name, current, given)
        except (TgkError, TimeoutError):
            found = ()
        fitting = [value for value in found if 1 <= len(value) <= _VALUE][:_CHOICES]
        return [app_commands.Choice(name=value, value=value) for value in fitting]

    return complete
