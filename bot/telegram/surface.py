"""The Telegram surface as the runtime sees it: run it, ask whether it is ready, close it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import orjson
from loguru import logger
from telegram.error import InvalidToken, TelegramError

from bot.telegram.attached import Files
from bot.telegram.conversation import Conversation, Desk, Me
from bot.telegram.crew import Crew
from bot.telegram.menu import Menu
from bot.telegram.popup import Popups
from bot.telegram.updates import read_update
from integrations.telegram.client import close_client, connect, translate
from tgk.errors import ConfigurationInvalid, Rejected, TgkError, Unavailable
from tgk.recording import correlation, reference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from loguru import Logger
    from pydantic import SecretStr

    from integrations.telegram.client import Client
    from tgk.discovery import Discovery
    from tgk.dispatcher import Dispatcher
    from tgk.guard import Directory
    from tgk.ports.board import Board
    from tgk.ports.buttons import Buttons
    from tgk.ports.deliveries import Deliveries
    from tgk.ports.time import Clock

SOURCE = "telegram"
_POLL_SECONDS = 25
_LONGEST_PAUSE = 30.0
_WANTED = ["message", "callback_query"]


class TelegramSurface:
    """Takes updates by long polling; each is answered once, whatever dies in between.

    A batch is durable in the inbox before the next poll confirms it to Telegram. An update leaves
    the inbox only when its answer is durable on the board; after a kill those left are taken up
    again under the same delivery ids and board keys, so changes join and answers do not double.
    """

    name = "telegram"

    def __init__(
        self,
        *,
        token: SecretStr,
        discovery: Discovery,
        dispatcher: Dispatcher,
        directory: Directory,
        buttons: Buttons,
        board: Board,
        deliveries: Deliveries,
        clock: Clock,
        api_url: str = "",
        council_chat: int | None = None,
        proxy: str | None = None,
    ) -> None:
        self._token = token
        self._api_url = api_url
        self._proxy = proxy
        self._deliveries = deliveries
        self._clock = clock
        self._desk = Desk(
            dispatcher=dispatcher,
            discovery=discovery,
            directory=directory,
            buttons=buttons,
            board=board,
            menu=Menu(dispatcher.admission.registry),
            council_chat=council_chat,
        )
        self._ready = False
        self._polling: asyncio.Task[TgkError | None] | None = None

    @property
    def ready(self) -> bool:
        """Whether the last poll was answered."""
        return self._ready

    async def run(self) -> None:
        """Serve until ``close``; may be called again after it ended.

        Raises ConfigurationInvalid for a token that Telegram refuses, Rejected when another process
        polls with it, Unavailable when Telegram or the state file cannot be reached at the start.
        """
        async with _final():
            client = connect(
                self._token.get_secret_value(), self._api_url or None, proxy=self._proxy
            )
            try:
                await self._serve(client, await self._introduce(client))
            finally:
                self._ready = False
                await close_client(client)

    async def close(self) -> None:
        """Stop taking updates; ``run`` returns once what is being answered is done."""
        if self._polling is not None:
            self._polling.cancel()

    async def _introduce(self, client: Client) -> Me:
        """Learn who we are, end any webhook, and show the menu."""
        account = await client.call("getMe")
        await client.call("deleteWebhook")
        await self._desk.menu.publish(client)
        return Me(int(account["id"]), str(account["username"]))

    async def _serve(self, client: Client, me: Me) -> None:
        conversation = Conversation(self._desk, me, Popups(client), Files(client))

        async def answer(update: dict[str, Any], again: bool) -> None:
            await self._answer(conversation, update, me, again=again)

        async with asyncio.TaskGroup() as tasks:
            crew = Crew(answer, tasks)
            self._polling = tasks.create_task(self._poll(client, crew))
            await asyncio.wait({self._polling})
            await crew.drain()
        fault = None if self._polling.cancelled() else self._polling.result()
        if fault is not None:
            raise fault

    async def _poll(self, client: Client, crew: Crew) -> TgkError | None:
        """Take updates until one try more would not help; returns why, so that answers go on."""
        try:
            await self._take_updates(client, crew)
        except TgkError as error:
            return error
        return None

    async def _take_updates(self, client: Client, crew: Crew) -> None:
        """Take up what an earlier life left, then update after update."""
        for _, payload in await self._deliveries.waiting(SOURCE):
            await crew.take(orjson.loads(payload), again=True)
        offset: int | None = None
        pause = 1.0
        while True:
            try:
                batch = await self._next(client, offset)
            except TgkError as error:
                self._ready = False
                if not isinstance(error, Unavailable):
                    raise
                logger.bind(platform="telegram").warning("no updates: {}", error.why)
                await self._clock.sleep(error.retry_after or pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = 1.0
            await self._accept(batch, crew)
            offset = max((int(each["update_id"]) + 1 for each in batch), default=offset or 0)

    async def _next(self, client: Client, offset: int | None) -> list[dict[str, Any]]:
        """Ask for updates: at once the first time, to know that we are the only ones who ask."""
        wait = _POLL_SECONDS if self._ready else 0
        async with _translated():
            batch: list[dict[str, Any]] = await client.call(
                "getUpdates",
                wait=wait + 10.0,
                offset=offset,
                timeout=wait,
                limit=100,
                allowed_updates=_WANTED,
            )
        self._ready = True
        return batch

    async def _accept(self, batch: list[dict[str, Any]], crew: Crew) -> None:
        """Make a batch durable, then hand over what is new in it."""
        by_id = {str(each["update_id"]): each for each in batch}
        pairs = [(key, orjson.dumps(each)) for key, each in by_id.items()]
        for key in await self._deliveries.accept(SOURCE, pairs):
            await crew.take(by_id[key], again=False)

    async def _answer(
        self, conversation: Conversation, update: dict[str, Any], me: Me, *, again: bool
    ) -> None:
        """Answer one update to the end. No fault of one is a fault of another."""
        delivery = str(update.get("update_id", "-"))
        known = reference(correlation(f"telegram:{delivery}"))
        log = logger.bind(platform="telegram", reference=known, update=delivery)
        try:
            with _noted(log):
                read = read_update(update, me.id)
                if read is not None:
                    await conversation.hear(read, again=again)
            await self._deliveries.done(SOURCE, delivery)
        except TgkError as error:
            log.bind(why=str(error)).error("update kept for the next start")


@contextmanager
def _noted(log: Logger) -> Iterator[None]:
    """Log any fault of ours with the reference that people can quote; the next update goes on."""
    try:
        yield
    except TgkError:
        raise
    except Exception as error:  # noqa: BLE001 - the surface's one broad except
        log.opt(exception=error).error("update failed")


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except TelegramError as error:
        raise translate(error) from error


@asynccontextmanager
async def _final() -> AsyncIterator[None]:
    """Say which of Telegram's refusals no second try can mend."""
    try:
        async with _translated():
            yield
    except Rejected as error:
        if not isinstance(error.__cause__, InvalidToken):
            raise
        raise ConfigurationInvalid(
            "Telegram does not accept the token.",
            ["TELEGRAM_BOT_TOKEN is not a token that Telegram knows"],
            remedy=error.remedy,
        ) from error
