"""A bot as a program of its own, to be killed: two commands over the real store and engine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, SecretStr

from bot.runtime.clock import SystemClock
from bot.telegram.surface import TelegramSurface
from integrations.telegram.client import close_client, connect
from integrations.telegram.courier import TelegramCourier
from orchestration.board import DurableBoard
from orchestration.buttons import StoredButtons
from orchestration.deliveries import StoredDeliveries
from orchestration.engine import Engine
from orchestration.store import Store
from sandbox.cast import TELEGRAM_TOKEN
from tgk.admission import Admission
from tgk.backends import Backends
from tgk.caller import Caller
from tgk.command import command
from tgk.context import Context
from tgk.discovery import Discovery, Limits
from tgk.dispatcher import Dispatcher
from tgk.limits import RateLimiter
from tgk.options import Request
from tgk.registry import Registry
from tgk.reply import Reply
from tgk.testing.guard import everybody
from tgk.testing.journal import FakeJournal

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]


class Done(BaseModel):
    """That the effect took place."""

    number: int


class Echo(Request):
    """Answer with a number."""

    number: int


class Count(Request):
    """Leave a mark for a number."""

    number: int


@command("echo", permission="echo")
async def echo(request: Echo, context: Context) -> Reply:
    """Answer at once."""
    return Reply(topic="notice", title=f"#{request.number}")


def counting(marks: Path) -> Callable[[Count, Context], Any]:
    """Return a handler that leaves one file for each invocation it is run for."""

    async def handle(request: Count, context: Context) -> Reply:
        async def act() -> Done:
            await asyncio.to_thread((marks / f"{request.number}-{context.corr}").touch)
            return Done(number=request.number)

        done = await context.steps.once("mark", act, Done)
        return Reply(topic="notice", title=f"#{done.number}")

    return handle


class AnybodyDirectory:
    """Everybody is who their account says."""

    def resolve(self, platform: Any, user_id: str, *, name: str, channel: str, **_: Any) -> Caller:
        """Return the caller."""
        return Caller(person=name, user_id=user_id, platform=platform, channel=channel, known=True)

    def account(self, person: str, platform: Any) -> str | None:
        """Nobody is mentioned."""


def registry(marks: Path) -> Registry:
    """Return the two commands."""
    handle = counting(marks)
    handle.__annotations__ = {"request": Count, "context": Context, "return": Reply}
    from tgk.command import Command

    count: Command[Any] = Command(
        name="count", request=Count, handle=handle, permission="/count", effect="change"
    )
    return Registry([echo, count])


async def main(folder: Path, address: str) -> None:
    """Serve until killed."""
    discovery = Discovery.model_validate(yaml.safe_load((ROOT / "discovery.yml").read_text()))
    clock = SystemClock()
    client = connect(TELEGRAM_TOKEN, address)
    async with Store(folder / "tgk.sqlite") as store:
        buttons, directory = StoredButtons(store, clock), AnybodyDirectory()
        courier = TelegramCourier(
            client, buttons=buttons, directory=directory, clock=clock, telegram=discovery.telegram
        )
        async with DurableBoard(store, [courier], clock) as board:
            engine = Engine(folder, clock)
            nothing: dict[str, Any] = dict.fromkeys(Backends.__dataclass_fields__)
            limiter = RateLimiter(Limits(per_minute=1_000_000), clock)
            dispatcher = Dispatcher(
                admission=Admission(registry(folder / "marks"), everybody(), discovery, limiter),
                journal=FakeJournal(),
                operations=engine,
                backends=Backends(**{**nothing, "board": board}),
                clock=clock,
            )
            await engine.start(dispatcher.perform)
            surface = TelegramSurface(
                token=SecretStr(TELEGRAM_TOKEN),
                discovery=discovery,
                dispatcher=dispatcher,
                directory=directory,
                buttons=buttons,
                board=board,
                deliveries=StoredDeliveries(store, clock),
                clock=clock,
                api_url=address,
            )
            try:
                await surface.run()
            finally:
                await engine.stop()
                await close_client(client)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
