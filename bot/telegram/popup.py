"""Popups: what only the one who pressed needs to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger
from telegram.error import TelegramError

from integrations.telegram.markup import shorten, units
from tgk.reply import Facts, Text

if TYPE_CHECKING:
    from integrations.telegram.client import Client
    from tgk.outcome import Outcome
    from tgk.reply import Reply

MOST_UNITS = 200
_REFUSALS = ("denied", "invalid")


class Popups:
    """Answers presses. A press that Telegram has given up on is only noted: nothing hangs on it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def say(self, query: str, text: str, *, alert: bool) -> None:
        """Show words to the presser: briefly, or as an alert that they must close."""
        shown = shorten(text, MOST_UNITS)
        await self._answer(query, text=shown or None, show_alert=alert or None)

    async def alert(self, query: str, text: str) -> None:
        """Show an alert."""
        await self.say(query, text, alert=True)

    async def close(self, query: str) -> None:
        """End the waiting sign on the button."""
        await self._answer(query, text=None, show_alert=None)

    async def disarm(self, chat: int, message: int) -> None:
        """Take the buttons off a question that was not answered in time."""
        try:
            await self._client.call("editMessageReplyMarkup", chat_id=chat, message_id=message)
        except TelegramError as error:
            logger.bind(platform="telegram").info("buttons left as they are: {}", error.message)

    async def _answer(self, query: str, *, text: str | None, show_alert: bool | None) -> None:
        try:
            await self._client.call(
                "answerCallbackQuery", callback_query_id=query, text=text, show_alert=show_alert
            )
        except TelegramError as error:
            logger.bind(platform="telegram").info("press not answered: {}", error.message)


def popup(outcome: Outcome | None) -> tuple[str, bool]:
    """Return the words for a popup, and whether they are all there is to say.

    Only private answers go there; one that is no refusal must fit whole or becomes a message.
    """
    if outcome is None or outcome.result == "pending" or not outcome.reply.private:
        return "", False
    text = "\n".join(_lines(outcome.reply))
    whole = units(text) <= MOST_UNITS
    if outcome.result in _REFUSALS:
        return text, whole
    tellable = all(isinstance(block, Facts | Text) for block in outcome.reply.blocks)
    return (text, True) if whole and tellable and not outcome.reply.actions else ("", False)


def _lines(reply: Reply) -> list[str]:
    lines = [reply.title]
    for block in reply.blocks:
        if isinstance(block, Text):
            lines.append(block.text)
        elif isinstance(block, Facts):
            facts = (fact for fact in block.facts if fact.label != "Rule")
            lines += [f"{fact.label}: {fact.value}" for fact in facts]
    return lines
