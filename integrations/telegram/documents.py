"""Files that people sent to Telegram, fetched from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram.error import TelegramError

from integrations.telegram.client import translate

if TYPE_CHECKING:
    from integrations.telegram.client import Client


async def download(client: Client, file_id: str) -> bytes:
    """Return what a file holds; raises Unavailable or Rejected, neither naming its address.

    Whoever asks has looked at its size before.
    """
    try:
        found = await client.call("getFile", file_id=file_id)
        address = f"{client.base_file_url}/{found['file_path']}"
        return await client.request.retrieve(address)
    except TelegramError as error:
        raise translate(error) from error
