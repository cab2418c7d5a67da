"""Files that people attach, read as the text of an option."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from integrations.discord.faults import translated
from tgk.attached import require_size, text_in

if TYPE_CHECKING:
    import discord

_SECONDS = 2.0
"""A slash command must be acknowledged within three."""


async def text_of(attachment: discord.Attachment, command: str, option: str) -> str:
    """Return what the file says; raises InvalidRequest for what is none, Unavailable."""
    require_size(attachment.size, command, option)
    with translated("reading an attached file"):
        async with asyncio.timeout(_SECONDS):
            content = await attachment.read()
    return text_in(content, command, option)
