"""A surface on real parts: emulator over HTTP, durable board, buttons and inbox; fakes behind."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from bot.runtime.clock import SystemClock
from bot.telegram.surface import TelegramSurface
from integrations.telegram.client import Client, close_client, connect
from integrations.telegram.courier import TelegramCourier
from orchestration.board import DurableBoard
from orchestration.buttons import StoredButtons
from orchestration.deliveries import StoredDeliveries
from orchestration.store import Store
from sandbox.cast import default_cast
from sandbox.serving import served
from sandbox.telegram import TelegramEmulator
from tgk.dispatcher import Dispatcher
from tgk.renewal import Renewal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sandbox.telegram.state import Message

COUNCIL, TOPIC, BOT = -1001234567890, 25782, 7000000


@dataclass
class Phone:
    """What the cast does in Telegram, and everything behind it."""

    emulator: TelegramEmulator
    address: str
    client: Client
    courier: TelegramCourier
    buttons: StoredButtons
    deliveries: StoredDeliveries
    board: DurableBoard
    dispatcher: Dispatcher
    world: Any
    surface: TelegramSurface
    store: Store

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until something is so, looking whenever the simulated Telegram changes."""
        with self.emulator.subscribe() as changes:
            async with asyncio.timeout(10):
                while not (found := holds()):
                    await changes.get()
        return found

    def answers(self, to: Message) -> list[Message]:
        """Return what the bot answered to a message."""
        return [
            each
            for each in self.emulator.messages(to.chat)
            if each.sender == BOT and each.reply_to == to.id
        ]

    async def ask(self, who: str, text: str) -> Message:
        """Write in the council's topic and return the bot's first answer."""
        said = await self.emulator.say(who, COUNCIL, text, thread=TOPIC)
        return (await self.until(lambda: self.answers(said)))[0]

    async def whisper(self, who: str, text: str) -> Message:
        """Write in private and return the bot's first answer."""
        said = await self.emulator.say(who, text=text)
        return (await self.until(lambda: self.answers(said)))[0]

    async def press(self, who: str, message: Message, label: str) -> str:
        """Press a button by its label and wait until Telegram was told; returns the query."""
        data = next(
            each["callback_data"]
            for each in self.emulator.message(message.chat, message.id).buttons
            if re.search(label, each["text"])
        )
        query = await self.emulator.press(who, message.chat, message.id, data)
        await self.until(lambda: self.asked("answerCallbackQuery", query.id))
        return query.id

    def asked(self, method: str, query: str) -> bool:
        """Say whether the bot answered a press."""
        calls = self.emulator.requests.of(method)
        return any(call.body.get("callback_query_id") == query for call in calls)

    def popups(self) -> list[str]:
        """Return the words of every popup."""
        return [popup.text for popup in self.emulator.popups]

    def make_surface(self, token: str = "") -> TelegramSurface:
        """Return another surface over the same parts, as after a restart."""
        return TelegramSurface(
            token=SecretStr(token or self.emulator.cast.telegram_token),
            discovery=self.world.discovery,
            dispatcher=self.dispatcher,
            directory=self.world.policy.directory,
            buttons=self.buttons,
            board=self.board,
            deliveries=self.deliveries,
            clock=SystemClock(),
            api_url=self.address,
        )


@pytest.fixture
async def phone(world: Any, tmp_path: Path) -> AsyncIterator[Phone]:
    """Everything connected; the surface does not run yet."""
    clock = SystemClock()
    emulator = TelegramEmulator(default_cast(), clock, flood_limits=False)
    for chat in emulator.chats():
        chat.opened = True
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(served({"/telegram": emulator.app()}))
        address = f"{address}/telegram"
        client = connect(emulator.cast.telegram_token, address)
        stack.push_async_callback(close_client, client)
        store = await stack.enter_async_context(Store(tmp_path / "tgk.sqlite"))
        buttons, deliveries = StoredButtons(store, clock), StoredDeliveries(store, clock)
        courier = TelegramCourier(
            client,
            buttons=buttons,
            directory=world.policy.directory,
            clock=clock,
            telegram=world.discovery.telegram,
            edit_interval=0.0,
        )
        board = await stack.enter_async_context(DurableBoard(store, [courier], clock))
        dispatcher = Dispatcher(
            admission=world.dispatcher.admission,
            journal=world.journal,
            operations=world.operations,
            backends=replace(world.dispatcher.backends, board=board),
            clock=clock,
            renew=Renewal(world.policy.directory, {}),
        )
        world.operations.bind(dispatcher.perform)
        made = Phone(
            emulator,
            address,
            client,
            courier,
            buttons,
            deliveries,
            board,
            dispatcher,
            world,
            None,
            store,
        )  # type: ignore[arg-type]
        made.surface = made.make_surface()
        yield made


@pytest.fixture
async def live(phone: Phone) -> AsyncIterator[Phone]:
    """The surface runs and has polled once."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(phone.surface.run())
        await phone.until(lambda: phone.emulator.requests.of("getUpdates"))
        yield phone
        await phone.surface.close()
