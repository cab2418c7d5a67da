"""The Discord surface as the runtime sees it: run it, ask whether it is ready, close it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.discord.client import OpsClient
from bot.discord.desk import Desk
from integrations.discord.address import move
from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from pydantic import SecretStr

    from integrations.discord.presenter import Presenter
    from tgk.discovery import Discovery
    from tgk.dispatcher import Dispatcher
    from tgk.guard import Directory
    from tgk.ports.board import Board
    from tgk.ports.buttons import Buttons
    from tgk.ports.notes import Notes
    from tgk.ports.time import Clock

_SYSTEM = "Discord"


class DiscordSurface:
    """One connection to Discord at a time; each ``run`` makes a fresh client."""

    def __init__(
        self,
        *,
        token: SecretStr,
        discovery: Discovery,
        dispatcher: Dispatcher,
        directory: Directory,
        buttons: Buttons,
        board: Board,
        presenter: Presenter,
        notes: Notes,
        clock: Clock,
        api_url: str = "",
        gateway_url: str = "",
    ) -> None:
        self._token = token
        self._addresses = (api_url, gateway_url)
        self._client: OpsClient | None = None
        self._desk = Desk(
            discovery=discovery,
            dispatcher=dispatcher,
            directory=directory,
            buttons=buttons,
            board=board,
            presenter=presenter,
            notes=notes,
            clock=clock,
        )

    @property
    def ready(self) -> bool:
        """Whether events of the gateway arrive."""
        client = self._client
        return client is not None and client.connected and not client.is_closed()

    @property
    def current(self) -> OpsClient | None:
        """The client that runs now."""
        return self._client

    def client(self) -> OpsClient:
        """Return a fresh client, not yet connected."""
        return OpsClient(self._desk)

    async def run(self) -> None:
        """Serve until ``close``.

        Raises Rejected when another try cannot help, Unavailable when the connection was lost in a
        way that the library does not mend itself; then call it again after a pause.
        """
        move(*self._addresses)
        self._client = self.client()
        try:
            async with self._client:
                await self._client.start(self._token.get_secret_value())
        except discord.LoginFailure as error:
            remedy = "Set DISCORD_TOKEN to the bot's present token."
            raise Rejected(_SYSTEM, "the token was rejected", status=401, remedy=remedy) from error
        except discord.PrivilegedIntentsRequired as error:
            why = "the gateway refused our intents"
            raise Rejected(_SYSTEM, why, status=403) from error
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(_SYSTEM, "the connection was lost") from error
        except AttributeError as error:  # the library fails so when its first connection fails
            raise Unavailable(_SYSTEM, "the gateway did not let us in") from error
        finally:
            self._client = None

    async def close(self) -> None:
        """Let short answers finish, at most 3 s, and disconnect; ``run`` returns."""
        if self._client is not None:
            await self._client.leave()
