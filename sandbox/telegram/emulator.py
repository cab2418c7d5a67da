"""Telegram as the page and the tests drive it: people write, press and see what the bot shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.telegram.entities import typed_entities
from sandbox.telegram.faults import TelegramFaults
from sandbox.telegram.server import Server
from sandbox.telegram.state import Chat, Message, Popup, Query, TelegramState
from sandbox.wire import RequestLog

if TYPE_CHECKING:
    import asyncio
    from contextlib import AbstractContextManager

    from aiohttp import web

    from sandbox.cast import Cast
    from sandbox.feed import Change, Feed
    from sandbox.wire import Json, Upload
    from tgk.ports.time import Clock


class TelegramEmulator:
    """A loopback Telegram.

    Mount ``app()`` under a prefix; the bot's base address is then ``<server><prefix>/bot``. People
    are named as in the cast (or by Telegram id), chats by id. Everything is in memory. ``requests``
    holds what the bot sent, ``faults`` what can be made to go wrong.
    """

    def __init__(self, cast: Cast, clock: Clock, *, flood_limits: bool = True) -> None:
        self.cast = cast
        self.requests = RequestLog()
        self.faults = TelegramFaults(clock)
        self.state = TelegramState(cast, clock, flood_limits=flood_limits)
        self._server = Server(self.state, self.faults, self.requests)

    def app(self) -> web.Application:
        """Return a fresh application that answers the Bot API; hanging polls end with it."""
        return self._server.app()

    @property
    def feed(self) -> Feed:
        """What changes, for more than one watcher."""
        return self.state.feed

    def subscribe(self, bound: int = 1000) -> AbstractContextManager[asyncio.Queue[Change]]:
        """Return a block that yields a queue of changes; ``place`` is the chat id as text."""
        return self.state.feed.subscribe(bound)

    def chats(self) -> list[Chat]:
        """Return the council chat, then the private chat of everybody."""
        return list(self.state.chats.values())

    def messages(self, chat: int | None = None, thread: int | None = None) -> list[Message]:
        """Return the messages of a chat (the council's if not named), of one topic if named."""
        kept = self.state.chats[self.cast.council_chat if chat is None else chat].messages
        return [message for message in kept.values() if thread in {None, message.thread}]

    def message(self, chat: int, message: int) -> Message:
        """Return one message; KeyError when it is gone."""
        return self.state.chats[chat].messages[message]

    def wire(self, message: Message) -> Json:
        """Return a message as the platform would send it."""
        return self.state.wire(message)

    def file(self, file_id: str) -> Upload:
        """Return a file that was sent."""
        return self.state.files[file_id]

    @property
    def popups(self) -> list[Popup]:
        """What people who pressed were shown, oldest first."""
        return list(self.state.popups)

    @property
    def commands(self) -> dict[str, list[Json]]:
        """The menus that the bot registered, by scope."""
        return dict(self.state.commands)

    @property
    def pending_updates(self) -> list[Json]:
        """The updates that the bot has not confirmed yet."""
        return self.state.updates.pending

    @property
    def queries(self) -> list[Query]:
        """The presses so far, answered or not."""
        return list(self.state.queries.values())

    async def say(
        self,
        user: str,
        chat: int | None = None,
        text: str = "",
        thread: int | None = None,
        reply_to: int | None = None,
        *,
        document: Upload | None = None,
    ) -> Message:
        """Write a message as a person; no chat means the private chat with the bot.

        With a document the text is its caption.
        """
        sender = self.cast.person(user)
        place = self.state.chats[sender.telegram if chat is None else chat]
        if place.kind == "private":
            place.opened = True
        message = Message(
            chat=place.id,
            id=self.state.next_id(place),
            sender=sender.telegram,
            date=int(self.state.clock.now().timestamp()),
            text=text,
            entities=typed_entities(text),
            source=text,
            thread=thread,
            reply_to=reply_to,
        )
        if document is not None:
            message.upload, message.file_kind = document, "document"
            message.file_id = f"document-{place.id}-{len(self.state.files) + 1}"
            self.state.files[message.file_id] = document
        self.state.keep(message)
        if self._reaches_bot(place, message):
            await self._deliver("message", self.state.wire(message))
        return message

    async def press(self, user: str, chat: int, message: int, data: str) -> Query:
        """Press an inline button as a person; LookupError when there is no such button."""
        shown = self.message(chat, message)
        if not any(button.get("callback_data") == data for button in shown.buttons):
            raise LookupError(f"message {message} has no button {data!r}")
        return await self.press_anyway(user, chat, message, data)

    async def press_anyway(self, user: str, chat: int, message: int, data: str) -> Query:
        """Send the press even if the button is gone by now, as a slow client would."""
        presser = self.cast.person(user).telegram
        query = Query(
            id=str(4_000_000_000_000 + next(self.state.serial)),
            user=presser,
            chat=chat,
            message=message,
            at=self.state.clock.monotonic(),
        )
        self.state.queries[query.id] = query
        body: Json = {
            "id": query.id,
            "from": self.state.user(presser),
            "message": self._shown(chat, message),
            "chat_instance": str(chat),
            "data": data,
        }
        await self._deliver("callback_query", body)
        return query

    async def repeat(self, update: Json) -> None:
        """Deliver an update a second time with its own id, as happens when an answer is lost."""
        self.state.updates.again(update)
        await self.state.updates.post()

    def kick(self, chat: int | None = None, kicked: bool = True) -> None:
        """Throw the bot out of a group (the council if not named), or let it in again."""
        self.state.chats[self.cast.council_chat if chat is None else chat].opened = not kicked

    def _shown(self, chat: int, message: int) -> Json:
        found = self.state.chats[chat].messages.get(message)
        if found is not None:
            return self.state.wire(found)
        gone: Json = {"message_id": message, "date": 0}
        return {**gone, "chat": self.state.describe(self.state.chats[chat])}

    async def _deliver(self, kind: str, body: Json) -> None:
        self.state.updates.add(kind, body)
        await self.state.updates.post()

    def _reaches_bot(self, chat: Chat, message: Message) -> bool:
        """Say what privacy mode lets through: commands, mentions and replies to the bot."""
        replied = chat.messages.get(message.reply_to or 0)
        mentioned = f"@{self.cast.telegram_username}" in message.text
        to_bot = replied is not None and replied.sender == self.cast.telegram_bot
        return chat.kind == "private" or message.text.startswith("/") or mentioned or to_bot
