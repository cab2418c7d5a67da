"""Chats as Telegram has them: where a place is, topics that are gone, moves and pauses."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from loguru import logger
from telegram.error import ChatMigrated, TelegramError

from integrations.telegram.client import SYSTEM, translate
from integrations.telegram.request import FloodLimit
from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from integrations.telegram.client import Client
    from tgk.discovery import Council
    from tgk.ports.board import Place
    from tgk.ports.time import Clock

_NO_TOPIC = ("thread not found", "topic_closed", "topic_deleted", "topic closed", "topic deleted")
_TOPIC_RETRY_SECONDS = 600.0


class Chats:
    """Calls methods on chats, one at a time for each chat.

    Flood limits are obeyed as Telegram states them: after a 429 nothing goes to that chat until
    its ``retry_after`` has passed, and the callers hear Unavailable with the seconds left. There is
    no limiter of our own on top: a bucket of 20 a minute would hold back answers that Telegram
    takes, and sleeping here would hide the pause from the board, which coalesces meanwhile.
    """

    def __init__(
        self, client: Client, clock: Clock, council: Council | None, council_chat: int | None
    ) -> None:
        self._client = client
        self._clock = clock
        self._council = council
        self._council_chat = council_chat
        self._moved: dict[str, str] = {}
        self._paused: dict[str, float] = {}
        self._topicless: dict[tuple[str, str], float] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def address(self, place: Place) -> tuple[str, str]:
        """Return chat and topic of a place; raises Rejected for a room that does not exist."""
        if place.room != "council":
            if not place.room.removeprefix("-").isdigit():
                raise Rejected(SYSTEM, f'There is no Telegram room "{place.room}".')
            return place.room, self._usable(place.room, place.thread)
        if self._council is None:
            raise Rejected(
                SYSTEM, "No council is configured.", remedy="Add telegram.council to discovery.yml."
            )
        chat = str(self._council_chat or self._council.chat)
        thread = place.thread or str(self._council.thread or "")
        return chat, self._usable(chat, thread)

    def present(self, chat: str) -> str:
        """Return the id that a chat has now; a group that grows gets a new one."""
        return self._moved.get(chat, chat)

    async def call(self, method: str, chat: str, **fields: Any) -> Any:
        """Ask in the chat's turn, following it where it has moved; raises TelegramError."""
        async with self._turn(chat):
            try:
                return await self._client.call(method, chat_id=int(self.present(chat)), **fields)
            except FloodLimit as error:
                self._paused[chat] = self._clock.monotonic() + error.seconds
                raise
            except ChatMigrated as error:
                logger.bind(platform="telegram").warning("chat {} has moved", chat)
                self._moved[chat] = str(error.new_chat_id)
                fields.pop("message_thread_id", None)
                return await self._client.call(method, chat_id=error.new_chat_id, **fields)

    def loses_topic(self, chat: str, thread: int | None, error: TelegramError) -> bool:
        """Say whether a send failed for its topic, and remember that for ten minutes."""
        if thread is None or not any(word in error.message.casefold() for word in _NO_TOPIC):
            return False
        noted = (chat, str(thread)) in self._topicless
        self._topicless[chat, str(thread)] = self._clock.monotonic() + _TOPIC_RETRY_SECONDS
        if not noted:
            logger.bind(platform="telegram").warning(
                "topic {} cannot be used ({}); posting to the main chat", thread, error.message
            )
        return True

    @asynccontextmanager
    async def _turn(self, chat: str) -> AsyncIterator[None]:
        async with self._turns.setdefault(self.present(chat), asyncio.Lock()):
            left = self._paused.get(chat, 0.0) - self._clock.monotonic()
            if left > 0:
                raise Unavailable(SYSTEM, "It asked for a pause.", retry_after=left)
            self._paused.pop(chat, None)
            yield

    def _usable(self, chat: str, thread: str) -> str:
        """Return the topic, or none while it is known to be gone or closed."""
        return "" if self._topicless.get((chat, thread), 0) > self._clock.monotonic() else thread


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn what Telegram says into Unavailable or Rejected."""
    try:
        yield
    except TelegramError as error:
        raise translate(error) from error
