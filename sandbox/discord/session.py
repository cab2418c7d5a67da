"""One client's session and the connection that it has at the moment."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aiohttp import web

    from sandbox.wire import Json

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE = 0, 1, 2, 3
RESUME, RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 6, 7, 8, 9, 10, 11
KEPT_EVENTS: Final = 1000
MESSAGE_CONTENT: Final = 1 << 15
NEEDS: Final = {
    "GUILD_CREATE": 1,
    "THREAD_CREATE": 1,
    "THREAD_UPDATE": 1,
    "MESSAGE_CREATE": 1 << 9 | 1 << 12,
    "MESSAGE_UPDATE": 1 << 9 | 1 << 12,
    "MESSAGE_DELETE": 1 << 9 | 1 << 12,
    "MESSAGE_REACTION_ADD": 1 << 10,
    "MESSAGE_REACTION_REMOVE": 1 << 10,
}
TEXTS: Final = {"content": "", "embeds": [], "attachments": [], "components": []}


class Closed(Exception):
    """The gateway ends a connection with one of its codes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Line:
    """One websocket; frames are sent whole, in order, and packed if the client asked."""

    def __init__(
        self, socket: web.WebSocketResponse, request: web.Request, *, packed: bool
    ) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.was_cut = False
        self._request = request
        self._packer = zlib.compressobj() if packed else None
        self._turn = asyncio.Lock()

    async def send(
        self, code: int, body: Any, *, event: str | None = None, number: int | None = None
    ) -> None:
        """Send one payload; a client that has gone misses it."""
        text = json.dumps({"op": code, "d": body, "s": number, "t": event})
        async with self._turn:
            if self.socket.closed or self.was_cut:
                return
            try:
                await self._write(text)
            except ConnectionError:
                self.was_cut = True

    def cut(self) -> None:
        """Drop the TCP connection."""
        self.was_cut = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _write(self, text: str) -> None:
        if self._packer is None:
            await self.socket.send_str(text)
            return
        packed = self._packer.compress(text.encode()) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        await self.socket.send_bytes(packed)


class Session:
    """Numbers the events of one client and keeps them for a resume."""

    def __init__(self, session: str, intents: int, line: Line) -> None:
        self.id = session
        self.intents = intents
        self.line: Line | None = line
        self.number = 0
        self._kept: deque[tuple[int, str, Json]] = deque(maxlen=KEPT_EVENTS)

    def wants(self, event: str) -> bool:
        """Whether the client subscribed to such events."""
        needed = NEEDS.get(event)
        return needed is None or bool(self.intents & needed)

    def visible(self, event: str, body: Json, *, ours: bool) -> Json:
        """Return an event without the text that only a privileged client may read."""
        hidden = event in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} and not ours
        return {**body, **TEXTS} if hidden and not self.intents & MESSAGE_CONTENT else body

    async def send(self, event: str, body: Json) -> None:
        """Number an event, keep it, and send it if there is a connection."""
        self.number += 1
        number = self.number
        self._kept.append((number, event, body))
        if self.line is not None:
            await self.line.send(DISPATCH, body, event=event, number=number)

    def can_resume(self, seen: int) -> bool:
        """Whether everything after ``seen`` is still here."""
        oldest = self._kept[0][0] if self._kept else self.number + 1
        return oldest - 1 <= seen <= self.number

    async def replay(self, line: Line, seen: int) -> None:
        """Send again what the client missed, each event once, then say so."""
        sent = seen
        while sent < self.number:
            for number, event, body in [entry for entry in self._kept if entry[0] > sent]:
                await line.send(DISPATCH, body, event=event, number=number)
                sent = number
        self.line = line
        await self.send("RESUMED", {"_trace": []})
