"""Files that people attach, read as the text of an option."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from integrations.discord.faults import translated
from tgk.errors import ArgumentFault, InvalidRequest

if TYPE_CHECKING:
    import discord

    from tgk.command import Command, Option

LARGEST = 256 * 1024
_SECONDS = 2.0
"""A slash command must be acknowledged within three."""


def file_option(command: Command[Any]) -> Option | None:
    """Return the option that a file is for."""
    return next((option for option in command.options if option.file), None)


async def text_of(attachment: discord.Attachment, command: str, option: str) -> str:
    """Return what the file says; raises InvalidRequest for what is none, Unavailable."""
    if attachment.size > LARGEST:
        raise _unfit(command, option, f"the file is larger than {LARGEST // 1024} KiB")
    with translated("reading an attached file"):
        async with asyncio.timeout(_SECONDS):
            content = await attachment.read()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _unfit(command, option, "the file is no text in UTF-8") from error


def _unfit(command: str, option: str, why: str) -> InvalidRequest:
    return InvalidRequest(command, [ArgumentFault(option, why)])
