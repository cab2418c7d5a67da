"""Makes a reply ready to send: buttons get their tokens, pictures become PNG, people their ids."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
from loguru import logger

from integrations.discord.render import MOST_PICTURES, Extras, render
from tgk.errors import TgkError
from tgk.reply import Picture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tgk.guard import Directory
    from tgk.ports.buttons import Buttons
    from tgk.reply import Reply

_DRAWING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Presented:
    """One message, to be sent once: its files are read while sending."""

    view: discord.ui.LayoutView
    files: list[discord.File]
    mentions: discord.AllowedMentions


class Presenter:
    """Shared by the surface and the courier, so that a message looks the same from both."""

    def __init__(
        self,
        *,
        buttons: Buttons,
        directory: Directory,
        to_png: Callable[[str], Awaitable[bytes]] | None = None,
        simulated: bool = False,
    ) -> None:
        self._buttons = buttons
        self._directory = directory
        self._to_png = to_png
        self.simulated = simulated

    async def present(self, reply: Reply, *, mark: int | None = None) -> Presented:
        """Return the message of a reply, with nobody pinged but those it names."""
        accounts = [self._directory.account(person, "discord") for person in reply.mentions]
        known = [account for account in accounts if account]
        minted = [action for action in reply.actions if not action.url]
        extras = Extras(
            tokens=await self._buttons.mint(minted) if minted else (),
            pictures=[await self._picture(block.svg) for block in _pictures(reply)],
            accounts=known,
            simulated=self.simulated,
            mark=mark,
        )
        view, files = render(reply, extras)
        users = [discord.Object(int(account)) for account in known]
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, users=users or False, replied_user=False
        )
        return Presented(view, files, mentions)

    async def _picture(self, svg: str) -> bytes | None:
        """Draw, or return None: a message without its picture is better than none."""
        if self._to_png is None:
            return None
        try:
            async with asyncio.timeout(_DRAWING_SECONDS):
                return await self._to_png(svg)
        except (TgkError, TimeoutError, ValueError) as error:
            logger.warning("picture not drawn: {}", type(error).__name__)
            return None


def _pictures(reply: Reply) -> list[Picture]:
    return [block for block in reply.blocks if isinstance(block, Picture)][:MOST_PICTURES]
