"""Carries the board's messages to Discord over its REST interface; needs no gateway connection."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING, Any, Literal, Self

import discord

from integrations.discord.faults import SYSTEM, translated
from integrations.discord.rows import label
from tgk.errors import Rejected
from tgk.ports.board import MessageRef

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from pydantic import SecretStr

    from integrations.discord.presenter import Presenter
    from tgk.discovery import Discovery
    from tgk.ports.board import Place
    from tgk.reply import Reply

_SECONDS = 60.0
_RATE_LIMIT_SECONDS = 30.0
_LOOK_BACK = 100
_NO_SUCH_MESSAGE, _THREAD_EXISTS = 10008, 160004
_THREAD_NAME, _THREADS_KNOWN = 90, 500


class RestClient:
    """A logged-in client without a gateway; logs in at its first use and again after a failure."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token
        self._client: discord.Client | None = None
        self._entering = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def client(self) -> discord.Client:
        """Return the client; raises Unavailable or Rejected when Discord does not let it in."""
        async with self._entering:
            if self._client is None:
                self._client = await self._login()
            return self._client

    async def close(self) -> None:
        """Close the connection; a later use opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _login(self) -> discord.Client:
        client = discord.Client(
            intents=discord.Intents(guilds=True),  # never sent: there is no gateway here
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=_RATE_LIMIT_SECONDS,
        )
        entered = False
        try:
            with translated("logging in"):
                async with asyncio.timeout(_SECONDS):
                    await client.login(self._token.get_secret_value())
            entered = True
        finally:
            if not entered:
                await client.close()
        return client


class DiscordCourier:
    """The board's way to Discord. Pings nobody but those a reply names."""

    def __init__(self, rest: RestClient, discovery: Discovery, presenter: Presenter) -> None:
        self._rest = rest
        self._discovery = discovery
        self._presenter = presenter
        self._threads: dict[int, None] = {}

    @property
    def platform(self) -> Literal["discord"]:
        """Discord."""
        return "discord"

    @property
    def edit_interval(self) -> float:
        """Least seconds between two edits: the platform takes about five in five seconds."""
        return 1.5

    async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
        """Send once: the platform answers a repeated nonce with the message it already has."""
        room = await self._room(place, reply.title)
        presented = await self._presenter.present(reply, mark=mark(key))
        options: dict[str, Any] = {
            "view": presented.view,
            "files": presented.files,
            "nonce": nonce(key),
            "allowed_mentions": presented.mentions,
            "silent": not loud,
        }
        if place.reply_to:
            options["reference"] = room.get_partial_message(int(place.reply_to)).to_reference(
                fail_if_not_exists=False
            )
        with translated(f"sending to {place.room}"):
            async with asyncio.timeout(_SECONDS):
                sent = await room.send(**options)
        return MessageRef(platform="discord", channel=str(room.id), message=str(sent.id))

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """Change a message; one that somebody deleted stays deleted."""
        client = await self._rest.client()
        room = client.get_partial_messageable(int(ref.channel))
        presented = await self._presenter.present(reply)
        with translated("editing a message"):
            try:
                async with asyncio.timeout(_SECONDS):
                    await room.get_partial_message(int(ref.message)).edit(
                        view=presented.view,
                        attachments=presented.files,
                        allowed_mentions=presented.mentions,
                    )
            except discord.NotFound as error:
                if error.code != _NO_SUCH_MESSAGE:
                    raise

    async def find(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        after: MessageRef | None,
        known: Sequence[MessageRef] = (),  # noqa: ARG002 - named by the protocol
    ) -> MessageRef | None:
        """Look for our own message with this key's mark among the newest of the room."""
        room = await self._room(place, reply.title)
        client = await self._rest.client()
        since = discord.Object(int(after.message)) if after else None
        with translated(f"reading {place.room}"):
            async with asyncio.timeout(_SECONDS):
                async for message in room.history(limit=_LOOK_BACK, after=since):
                    own = client.user is not None and message.author.id == client.user.id
                    if own and _carries(message, key):
                        return MessageRef(
                            platform="discord", channel=str(room.id), message=str(message.id)
                        )
        return None

    async def _room(self, place: Place, title: str) -> discord.PartialMessageable:
        client = await self._rest.client()
        channel = self.channel_id(place)
        if not place.under:
            return client.get_partial_messageable(channel)
        await self._open_thread(client, channel, int(place.under), title)
        return client.get_partial_messageable(int(place.under))  # the thread has its message's id

    async def _open_thread(
        self, client: discord.Client, channel: int, message: int, title: str
    ) -> None:
        """Open the thread of a message, unless it is open already."""
        if message in self._threads:
            return
        with translated("opening a thread"):
            try:
                async with asyncio.timeout(_SECONDS):
                    await client.http.start_thread_with_message(
                        channel,
                        message,
                        name=label(title, _THREAD_NAME),
                        auto_archive_duration=1440,
                    )
            except discord.HTTPException as error:
                if error.code != _THREAD_EXISTS:
                    raise
        self._threads[message] = None
        while len(self._threads) > _THREADS_KNOWN:
            del self._threads[next(iter(self._threads))]

    def channel_id(self, place: Place) -> int:
        """Return the channel of a place; raises Rejected for a name nobody configured."""
        room = place.thread or place.room
        channels = self._discovery.discord.channels if self._discovery.discord else {}
        found = channels.get(room, room)
        if not found.isdecimal():
            remedy = f"Add {room} under discord.channels in discovery.yml."
            raise Rejected(SYSTEM, f"no channel {room} is configured", remedy=remedy)
        return int(found)


def nonce(key: str) -> str:
    """Return what makes a repeated send of the same key recognisable: at most 25 characters."""
    return base64.b32encode(hashlib.sha256(key.encode()).digest()[:15]).decode().lower()


def mark(key: str) -> int:
    """Return the number that the message of a key carries as its container's id."""
    return 0x40000000 | int.from_bytes(hashlib.sha256(b"mark" + key.encode()).digest()[:4]) >> 2


def _carries(message: discord.Message, key: str) -> bool:
    wanted = mark(key)
    marked = any(getattr(each, "id", None) == wanted for each in message.components)
    return marked or message.nonce == nonce(key)
