"""Asks Discord which roles a member of the guild has at this moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import discord

from integrations.discord.faults import SYSTEM, translated
from tgk.errors import Rejected

if TYPE_CHECKING:
    from integrations.discord.courier import RestClient

_SECONDS = 20.0
_NO_SUCH_MEMBER = 10007
_NO_SUCH_USER = 10013


class GuildMembers:
    """Implements Groups for the one guild whose roles are believed; needs no privileged intent."""

    def __init__(self, rest: RestClient, guild: str) -> None:
        self._rest = rest
        self._guild = int(guild)

    async def held(self, user_id: str) -> frozenset[str]:
        """Return the role ids of a member; none for an account that is not in the guild."""
        if not user_id.isdecimal():
            raise Rejected(SYSTEM, f"{user_id} is not the id of an account")
        with translated("reading a member"):
            async with asyncio.timeout(_SECONDS):
                client = await self._rest.client()
                try:
                    member = await client.http.get_member(self._guild, int(user_id))
                except discord.NotFound as error:
                    if error.code not in (_NO_SUCH_MEMBER, _NO_SUCH_USER):
                        raise
                    return frozenset()
        return frozenset(str(role) for role in member["roles"])
