"""A bare python-telegram-bot that echoes: no rights, no audit, nothing kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from telegram.ext import ApplicationBuilder, CommandHandler

if TYPE_CHECKING:
    from telegram import Update


async def echo(update: Update, _: Any) -> None:
    """Answer with what was written."""
    if update.message and update.message.text:
        await update.message.reply_text(f"ok {update.message.text.split()[-1]}")


def main(address: str, token: str, layer: str) -> None:
    """Poll until killed."""
    builder: Any = ApplicationBuilder().token(token).base_url(f"{address}/bot")
    builder = builder.concurrent_updates(64)
    if layer == "aiohttp":
        from integrations.telegram.request import AiohttpRequest

        builder = builder.request(AiohttpRequest()).get_updates_request(
            AiohttpRequest(connections=1)
        )
    application = builder.build()
    application.add_handler(CommandHandler("approvals", echo))
    application.run_polling(timeout=10)


if __name__ == "__main__":
    main(*sys.argv[1:4])
