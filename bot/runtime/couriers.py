"""Opens the couriers: what posts to the platforms, with or without a door to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.picture import Pictures

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from bot.runtime.settings import Settings
    from integrations.discord.presenter import Presenter
    from integrations.telegram.client import Client
    from tgk.discovery import Discovery
    from tgk.guard import Directory
    from tgk.ports.board import Courier
    from tgk.ports.buttons import Buttons
    from tgk.ports.time import Clock


@dataclass(frozen=True, slots=True)
class Couriers:
    """What carries messages, and what the surfaces share with it; None where a platform is off."""

    all: tuple[Courier, ...]
    presenter: Presenter | None
    telegram: Client | None


async def open_couriers(
    settings: Settings,
    discovery: Discovery,
    stack: AsyncExitStack,
    *,
    directory: Directory,
    buttons: Buttons,
    clock: Clock,
) -> Couriers:
    """Return a courier for every platform that has a token and a section in discovery.yml."""
    pictures = Pictures()
    carriers: list[Courier] = []
    presenter, client = None, None
    if settings.discord_token and discovery.discord:
        from integrations.discord.address import move
        from integrations.discord.courier import DiscordCourier, RestClient
        from integrations.discord.presenter import Presenter

        move(settings.discord_api_url or "", settings.discord_gateway_url or "")
        presenter = Presenter(
            buttons=buttons, directory=directory, to_png=pictures.png, simulated=settings.simulated
        )
        rest = await stack.enter_async_context(RestClient(settings.discord_token))
        carriers.append(DiscordCourier(rest, discovery, presenter))
    if settings.telegram_token and discovery.telegram:
        from integrations.telegram.client import close_client, connect
        from integrations.telegram.courier import TelegramCourier

        token = settings.telegram_token.get_secret_value()
        client = connect(token, settings.telegram_api_url)
        stack.push_async_callback(close_client, client)
        carriers.append(
            TelegramCourier(
                client,
                buttons=buttons,
                directory=directory,
                clock=clock,
                telegram=discovery.telegram,
                council_chat=settings.telegram_council,
                to_png=pictures.png,
                simulated=settings.simulated,
            )
        )
    return Couriers(tuple(carriers), presenter, client)
