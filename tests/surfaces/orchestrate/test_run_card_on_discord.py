"""The card of a run on Discord's own wire: edited live, its log in a thread, its end mirrored."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr

from bot.runtime.clock import SystemClock
from integrations.discord.address import move
from integrations.discord.courier import DiscordCourier, RestClient
from integrations.discord.presenter import Presenter
from integrations.picture_worker import draw
from orchestration.board import DurableBoard
from orchestration.store import Store
from sandbox.cast import default_cast
from sandbox.discord import DiscordEmulator, Message
from sandbox.serving import served
from tgk.ports.board import Place
from tgk.ports.runs import StepView
from tgk.testing.board import FakeCourier
from tgk.testing.buttons import FakeButtons

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.conftest import World

PNG = b"\x89PNG"


@dataclass
class Rooms:
    """#deployments as the platform has it, and the council's messages."""

    world: World
    platform: DiscordEmulator
    council: FakeCourier
    channel: str

    def text(self, message: Message) -> str:
        """Return all text of a message."""
        return "\n".join(_texts(message.components))

    def files(self, message: Message) -> dict[str, bytes]:
        """Return the files of a message by their names."""
        return {
            each["filename"]: self.platform.file(each["id"]).content for each in message.attachments
        }

    @property
    def card(self) -> Message:
        """The one message of the channel."""
        [found] = self.platform.messages(self.channel)
        return found

    @property
    def thread(self) -> str:
        """The id of the only thread."""
        [found] = [each for each in self.platform.channels() if each.parent == self.channel]
        return found.id

    async def until(self, so: Callable[[], Any]) -> None:
        """Wait for the couriers."""
        async with asyncio.timeout(20):
            while not so():
                await asyncio.sleep(0.02)


def _texts(components: list[Any]) -> list[str]:
    found = []
    for each in components:
        found += [each["content"]] if each.get("type") == 10 else []
        found += _texts(each.get("components", []))
    return found


async def png(svg: str) -> bytes:
    """Draw, as the worker does."""
    return await asyncio.to_thread(draw, svg)


@pytest.fixture
async def rooms(world: World, tmp_path: Path) -> AsyncIterator[Rooms]:
    """A durable board in front of the simulated Discord."""
    cast, clock = default_cast(), SystemClock()
    platform, council = DiscordEmulator(cast, clock), FakeCourier("telegram")
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(served({"/discord": platform.app()}))
        move(f"{address}/discord/api/v10", "")
        rest = await stack.enter_async_context(RestClient(SecretStr(cast.discord_token)))
        presenter = Presenter(
            buttons=FakeButtons(clock), directory=world.policy.directory, to_png=png
        )
        courier = DiscordCourier(rest, world.discovery, presenter)
        store = await stack.enter_async_context(Store(tmp_path / "tgk.sqlite"))
        board = DurableBoard(store, [courier, council], clock)
        await stack.enter_async_context(board)
        world.dispatcher.backends = replace(world.dispatcher.backends, board=board)
        yield Rooms(world, platform, council, cast.channel("#deployments").id)
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


async def test_a_run_is_one_card_with_its_picture_and_a_thread_with_its_log(rooms: Rooms) -> None:
    """Edited while it goes on; its end has the whole log as a file, and the council hears of it."""
    world, runs = rooms.world, rooms.world.runs
    place = Place(platform="discord", room="#deployments")
    raw = {"playbook": "daily-backup"}
    asked = world.asked("orchestrate run", raw, world.caller("dana"), origin=place)
    running = asyncio.ensure_future(world.dispatcher.run(asked))
    await rooms.until(lambda: rooms.platform.messages(rooms.channel))
    first = rooms.card
    began = StepView(path="back-up", name="back-up", kind="foreach", state="running",
                     began=world.clock.now())  # fmt: skip

    runs.change("WF-2026-001", steps=(began,))
    await rooms.until(lambda: "back-up" in rooms.text(rooms.card))
    live = rooms.files(rooms.card)
    await rooms.until(lambda: rooms.thread and rooms.platform.messages(rooms.thread))
    items = tuple(
        StepView(
            path=f"back-up[{n}]",
            name=f"place {n}",
            kind="command",
            state="succeeded",
            began=began.began,
            ended=world.clock.now(),
        )
        for n in range(60)
    )
    ended = {"state": "succeeded", "ended": world.clock.now(), "steps": items}
    done = began.model_copy(update=ended)
    runs.change("WF-2026-001", steps=(done,), state="succeeded")
    await running
    await rooms.until(lambda: "daily-backup succeeded" in rooms.text(rooms.card))
    await rooms.until(lambda: rooms.council.messages)

    assert rooms.card.id == first.id == rooms.thread
    assert [name for name, content in live.items() if content.startswith(PNG)]
    assert b"back-up[59]" in rooms.files(rooms.card)["WF-2026-001.log"]
    await rooms.until(lambda: rooms.files(rooms.platform.messages(rooms.thread)[0]))
    [log] = rooms.platform.messages(rooms.thread)
    assert b"back-up[59]" in rooms.files(log)["WF-2026-001.log"]
    [told] = rooms.council.messages
    assert (told.place.room, told.loud) == ("council", True)
    assert told.replies[-1].title == "daily-backup succeeded"
    assert not {"picture", "log"} & {block.kind for block in told.replies[-1].blocks}
