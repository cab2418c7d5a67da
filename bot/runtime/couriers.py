"""Opens the couriers: what posts to the platforms, with or without a door to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.picture import Pictures
from tgk.imports import left_out

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AsyncExitStack

    from pydantic import SecretStr

    from bot.runtime.settings import Settings
    from integrations.discord.presenter import Presenter
    from integrations.telegram.client import Client
    from tgk.caller import Platform
    from tgk.discovery import Discovery, Telegram
    from tgk.guard import Directory
    from tgk.ports.board import Courier
    from tgk.ports.buttons import Buttons
    from tgk.ports.groups import Groups
    from tgk.ports.time import Clock

_SPARED = ("cryptography", "pygments", "rich")
"""What python-telegram-bot takes if it is there: for passports, and for httpx's command line."""


@dataclass(frozen=True, slots=True)
class Couriers:
    """What carries messages, and what the surfaces share with it; None where a platform is off."""

    all: tuple[Courier, ...]
    presenter: Presenter | None
    telegram: Client | None
    groups: Mapping[Platform, Groups]
    """Platforms that can be asked again which roles somebody has."""


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
    opener = _Opener(settings, stack, directory=directory, buttons=buttons, pictures=Pictures())
    carriers: list[Courier] = []
    presenter, client = None, None
    groups: dict[Platform, Groups] = {}
    if settings.discord_token and discovery.discord:
        carrier, presenter, members = await opener.discord(settings.discord_token, discovery)
        carriers.append(carrier)
        groups["discord"] = members
    if settings.telegram_token and discovery.telegram:
        courier, client = opener.telegram(settings.telegram_token, discovery.telegram, clock)
        carriers.append(courier)
    return Couriers(tuple(carriers), presenter, client, groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What every courier needs."""

    directory: Directory
    buttons: Buttons
    pictures: Pictures


class _Opener:
    """Imports a platform's library only when that platform is on."""

    def __init__(self, settings: Settings, stack: AsyncExitStack, **parts: Any) -> None:
        self._settings = settings
        self._stack = stack
        self._parts = _Parts(**parts)

    async def discord(
        self, token: SecretStr, discovery: Discovery
    ) -> tuple[Courier, Presenter, Groups]:
        """Return the courier, what the surface renders with, and who knows the members."""
        from integrations.discord.address import move
        from integrations.discord.courier import DiscordCourier, RestClient
        from integrations.discord.members import GuildMembers
        from integrations.discord.presenter import Presenter

        settings = self._settings
        move(settings.discord_api_url or "", settings.discord_gateway_url or "")
        presenter = Presenter(
            buttons=self._parts.buttons,
            directory=self._parts.directory,
            to_png=self._parts.pictures.png,
            simulated=settings.simulated,
        )
        rest = await self._stack.enter_async_context(RestClient(token))
        guild = discovery.discord.guild if discovery.discord else "0"
        return DiscordCourier(rest, discovery, presenter), presenter, GuildMembers(rest, guild)

    def telegram(
        self, token: SecretStr, telegram: Telegram, clock: Clock
    ) -> tuple[Courier, Client]:
        """Return the courier, and its client."""
        with left_out(*_SPARED):
            from integrations.telegram.client import close_client, connect
            from integrations.telegram.courier import TelegramCourier

        client = connect(token.get_secret_value(), self._settings.telegram_api_url)
        self._stack.push_async_callback(close_client, client)
        courier = TelegramCourier(
            client,
            buttons=self._parts.buttons,
            directory=self._parts.directory,
            clock=clock,
            telegram=telegram,
            council_chat=self._settings.telegram_council,
            to_png=self._parts.pictures.png,
            simulated=self._settings.simulated,
        )
        return courier, client
