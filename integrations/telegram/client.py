"""The Bot API through python-telegram-bot, without building objects that nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    TelegramError,
)
from telegram.request import BaseRequest

from integrations.telegram.request import AiohttpRequest, FloodLimit
from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from tgk.errors import Upstream

SYSTEM = "Telegram"
DEFAULT_API = "https://api.telegram.org"


class Client(Bot):
    """A bot whose answers stay plain JSON: half the processor time of a typed ``Message``."""

    async def call(self, method: str, /, *, wait: float | None = None, **data: Any) -> Any:
        """Call one method and return its ``result``; raises TelegramError.

        ``wait`` bounds the seconds of the answer; parameters that are None are left out.
        """
        given = {name: value for name, value in data.items() if value is not None}
        return await self._post(method, given, read_timeout=wait or BaseRequest.DEFAULT_NONE)


def connect(token: str, api_url: str | None = None, *, proxy: str | None = None) -> Client:
    """Return a client for a token; connections open at the first call, ``close_client`` ends them.

    ``proxy`` is the address of an HTTP proxy; the environment is not asked. Raises Rejected when
    the token is none at all.
    """
    base = (api_url or DEFAULT_API).rstrip("/")
    try:
        return Client(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=AiohttpRequest(proxy=proxy),
            get_updates_request=AiohttpRequest(connections=1, proxy=proxy),
        )
    except InvalidToken as error:
        raise rejected_token() from error


async def close_client(client: Client) -> None:
    """Close the connections; the client opens new ones if it is used again."""
    for request in client._request:  # noqa: SLF001 - shutdown() of the library wants initialize() first
        await request.shutdown()


def translate(error: TelegramError) -> Upstream:
    """Return what an error of Telegram means for the one who asked."""
    if isinstance(error, FloodLimit):
        return Unavailable(SYSTEM, _described(error), retry_after=error.seconds)
    if isinstance(error, InvalidToken):
        return rejected_token()
    if isinstance(error, Conflict):
        return Rejected(
            SYSTEM,
            "Another process reads updates with the same token.",
            status=409,
            remedy="Stop the other process, or give this one a token of its own.",
        )
    if isinstance(error, Forbidden):
        return Rejected(SYSTEM, _described(error), status=403, remedy="Add the bot to the chat.")
    if isinstance(error, (BadRequest, ChatMigrated)):
        return Rejected(SYSTEM, _described(error), status=400)
    return Unavailable(SYSTEM, _described(error))


def rejected_token() -> Rejected:
    """Return the error of a token that Telegram does not know."""
    return Rejected(
        SYSTEM,
        "It does not accept the token.",
        status=401,
        remedy="Set TELEGRAM_BOT_TOKEN to the token that @BotFather shows.",
    )


def _described(error: TelegramError) -> str:
    return f"{error.message.rstrip('.')}." if error.message else f"{type(error).__name__}."
