"""The gateway: sessions that outlive their connection, events in order, nothing twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSMsgType, web

from sandbox.discord.session import (
    DISPATCH,
    HEARTBEAT,
    HEARTBEAT_ACK,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    PRESENCE,
    RECONNECT,
    REQUEST_MEMBERS,
    RESUME,
    Closed,
    Line,
    Session,
)
from sandbox.feed import Change

if TYPE_CHECKING:
    from sandbox.discord.guild import Guild
    from sandbox.feed import Feed
    from sandbox.wire import Json

PRIVILEGED: Final = 1 << 1 | 1 << 8 | 1 << 15
MEMBERS: Final = 1 << 1
MOST_SESSIONS: Final = 8
HEARTBEAT_MS: Final = 41250
DISTANCE_SECONDS: Final = 0.05
"""How far away the gateway is: an answer that overtakes the client's own note of having sent its
heartbeat is measured from the heartbeat before, and looks a whole interval late."""
GONE: Final = (1000, 1001)


class Gateway:
    """Serves ``/gateway`` and sends events to every session that wants them."""

    def __init__(self, guild: Guild, feed: Feed, *, privileged: bool) -> None:
        self._guild = guild
        self._feed = feed
        self._privileged = privileged
        self._sessions: dict[str, Session] = {}
        self._lines: list[Line] = []
        self._serial = 0
        self._is_shut = False
        self.address = ""

    @property
    def sessions(self) -> list[Session]:
        """The sessions that could be resumed, oldest first."""
        return list(self._sessions.values())

    @property
    def connections(self) -> int:
        """How many clients are connected and identified now."""
        return sum(session.line is not None for session in self._sessions.values())

    async def dispatch(self, event: str, body: Json, *, ours: bool = False) -> None:
        """Send one event to every session; those without a connection get it when they resume.

        ``ours`` says that the bot is its author or is meant by it, so that it may read the text.
        """
        for session in list(self._sessions.values()):
            if session.wants(event):
                await session.send(event, session.visible(event, body, ours=ours))

    def drop(self) -> None:
        """Cut every connection without a word."""
        for line in list(self._lines):
            line.cut()

    async def reconnect(self) -> None:
        """Ask every client to come again."""
        for line in list(self._lines):
            await line.send(RECONNECT, None)

    async def invalidate(self, *, resumable: bool) -> None:
        """Tell every client that its session is over."""
        if not resumable:
            self._sessions.clear()
        for line in list(self._lines):
            await line.send(INVALID_SESSION, resumable)

    def shut(self, is_shut: bool) -> None:
        """Refuse connections, and cut those there are."""
        self._is_shut = is_shut
        if is_shut:
            self.drop()

    async def stop(self) -> None:
        """Close every connection the way a server that restarts does."""
        for line in list(self._lines):
            await line.socket.close(code=1001)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until it ends."""
        if self._is_shut:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=16 * 1024 * 1024)
        await socket.prepare(request)
        line = Line(socket, request, packed=request.query.get("compress") == "zlib-stream")
        self._lines.append(line)
        self.address = f"ws://{request.host}{request.path}"
        try:
            await line.send(HELLO, {"heartbeat_interval": HEARTBEAT_MS, "_trace": []})
            await self._listen(line)
        except Closed as closed:
            await socket.close(code=closed.code, message=closed.reason.encode())
        finally:
            self._hang_up(line)
        return socket

    async def _listen(self, line: Line) -> None:
        async for frame in line.socket:
            if frame.type is not WSMsgType.TEXT:
                raise Closed(4002, "Error while decoding payload.")
            try:
                payload = frame.json()
                code, body = payload["op"], payload.get("d")
            except (ValueError, KeyError, TypeError) as error:
                raise Closed(4002, "Error while decoding payload.") from error
            await self._answer(line, code, body)

    async def _answer(self, line: Line, code: int, body: Any) -> None:
        if code == HEARTBEAT:
            await asyncio.sleep(DISTANCE_SECONDS)
            await line.send(HEARTBEAT_ACK, None)
        elif code == IDENTIFY:
            await self._identify(line, body)
        elif code == RESUME:
            await self._resume(line, body)
        elif line.session is None:
            raise Closed(4003, "Not authenticated.")
        elif code == REQUEST_MEMBERS:
            await self._send_members(line.session, body)
        elif code not in {PRESENCE, 4}:
            raise Closed(4001, "Unknown opcode.")

    async def _identify(self, line: Line, body: Json) -> None:
        if line.session is not None:
            raise Closed(4005, "Already authenticated.")
        if body.get("token") != self._guild.cast.discord_token:
            raise Closed(4004, "Authentication failed.")
        intents = int(body.get("intents", 0))
        if intents & PRIVILEGED and not self._privileged:
            raise Closed(4014, "Disallowed intent(s).")
        session = self._open(line, intents)
        guild = self._guild.cast.guild
        await session.send("READY", self._ready(session))
        if session.wants("GUILD_CREATE"):
            members = bool(intents & MEMBERS)
            await session.send("GUILD_CREATE", self._guild.announce(with_members=members))
        self._tell(connected=True, guild=guild)

    def _open(self, line: Line, intents: int) -> Session:
        self._serial += 1
        session = Session(f"session-{self._serial:06d}", intents, line)
        line.session = session
        self._sessions[session.id] = session
        while len(self._sessions) > MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return session

    def _ready(self, session: Session) -> Json:
        cast = self._guild.cast
        return {
            "v": 10,
            "user": {**self._guild.user(cast.application), "verified": True, "email": None},
            "guilds": [{"id": cast.guild, "unavailable": True}],
            "session_id": session.id,
            "resume_gateway_url": self.address,
            "shard": [0, 1],
            "private_channels": [],
            "relationships": [],
            "application": {"id": cast.application, "flags": 0},
        }

    async def _resume(self, line: Line, body: Json) -> None:
        if body.get("token") != self._guild.cast.discord_token:
            raise Closed(4004, "Authentication failed.")
        session = self._sessions.get(str(body.get("session_id")))
        if session is None or not session.can_resume(int(body.get("seq") or 0)):
            await line.send(INVALID_SESSION, False)
            return
        if session.line is not None and session.line is not line:
            session.line.cut()
        line.session = session
        await session.replay(line, int(body.get("seq") or 0))
        self._tell(connected=True, resumed=True)

    async def _send_members(self, session: Session, body: Json) -> None:
        everybody = [self._guild.cast.application]
        everybody += [person.discord for person in self._guild.cast.people]
        wanted = body.get("user_ids") or everybody
        wanted = [wanted] if isinstance(wanted, str) else [str(user) for user in wanted]
        chunk: Json = {
            "guild_id": self._guild.cast.guild,
            "members": [self._guild.full_member(user) for user in wanted if user in everybody],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [user for user in wanted if user not in everybody],
        }
        if body.get("nonce"):
            chunk["nonce"] = body["nonce"]
        await session.send("GUILD_MEMBERS_CHUNK", chunk)

    def _hang_up(self, line: Line) -> None:
        self._lines.remove(line)
        session = line.session
        if session is None or session.line is not line:
            return
        session.line = None
        if line.socket.close_code in GONE and not line.was_cut:
            self._sessions.pop(session.id, None)
        self._tell(connected=False)

    def _tell(self, **body: Any) -> None:
        self._feed.publish(Change("connection", body=body))


__all__ = ["DISPATCH", "Gateway"]
