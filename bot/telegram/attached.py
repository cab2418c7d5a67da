"""Files that people send, read as the text of an option."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.telegram.documents import download
from tgk.attached import require_size, text_in

if TYPE_CHECKING:
    from bot.telegram.updates import Document
    from integrations.telegram.client import Client


class Files:
    """Fetches what people send."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def text_of(self, document: Document, command: str, option: str) -> str:
        """Return what the file says; raises InvalidRequest for what is none, Upstream."""
        require_size(document.size, command, option)
        return text_in(await download(self._client, document.id), command, option)
