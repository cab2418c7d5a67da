"""The gateway of the simulated Discord, byte by byte: codes, sessions, packing."""

from __future__ import annotations

import asyncio
import json
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sandbox.discord.gateway import DISTANCE_SECONDS
from sandbox.feed import Change, Feed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.cast import Cast
    from sandbox.discord import DiscordEmulator
    from tests.unit.sandbox.clients import Wire


@asynccontextmanager
async def connected(wire: Wire, query: str = "") -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a raw gateway connection and read its HELLO."""
    async with wire.session.ws_connect(f"{wire.address}/gateway?v=10{query}") as socket:
        yield socket


async def read(socket: aiohttp.ClientWebSocketResponse) -> Any:
    """Return the next plain payload."""
    return await socket.receive_json(timeout=5)


def identify(cast: Cast, intents: int = 513) -> dict[str, Any]:
    """Return an IDENTIFY."""
    return {"op": 2, "d": {"token": cast.discord_token, "intents": intents, "properties": {}}}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 0}}, 4004),
        ({"op": 8, "d": {}}, 4003),
        ({"d": {}}, 4002),
    ],
)
async def test_bad_payloads_close_with_their_code(
    wire: Wire, payload: dict[str, Any], code: int
) -> None:
    """The code says whether coming back makes sense."""
    async with connected(wire) as socket:
        assert 10 == (await read(socket))["op"]
        await socket.send_json(payload)
        await socket.receive(timeout=5)

    assert code == socket.close_code


async def test_sessions_are_resumed_or_refused(still: DiscordEmulator, wire: Wire) -> None:
    """A known session replays what was missed; an unknown one gets op 9."""
    async with connected(wire) as socket:
        await read(socket)
        await socket.send_json(identify(still.cast))
        ready, _ = await read(socket), await read(socket)
        still.faults.drop_gateway()
        await socket.receive(timeout=5)
    await still.say("dana", "#prs", "@tgk missed")
    assert f"{wire.address.replace('http', 'ws')}/gateway" == ready["d"]["resume_gateway_url"]

    async with connected(wire) as socket:
        await read(socket)
        resume = {"token": still.cast.discord_token, "seq": 2}
        await socket.send_json({"op": 6, "d": {**resume, "session_id": "none"}})
        invalid = await read(socket)
        assert (9, False) == (invalid["op"], invalid["d"])
        session = {**resume, "session_id": ready["d"]["session_id"]}
        await socket.send_json({"op": 6, "d": session})
        missed, resumed = await read(socket), await read(socket)
        await socket.send_json({"op": 1, "d": 4})
        assert 11 == (await read(socket))["op"]

    assert ("MESSAGE_CREATE", 3, "<@500000000000000001> missed") == (
        missed["t"],
        missed["s"],
        missed["d"]["content"],
    )
    assert "RESUMED" == resumed["t"]


async def test_members_come_in_a_chunk_over_a_packed_stream(
    still: DiscordEmulator, wire: Wire
) -> None:
    """One zlib stream for the whole connection, flushed after each payload."""
    stream = zlib.decompressobj()

    async def unpacked(socket: aiohttp.ClientWebSocketResponse) -> Any:
        packed = await socket.receive_bytes(timeout=5)
        assert packed.endswith(b"\x00\x00\xff\xff")
        return json.loads(stream.decompress(packed))

    async with connected(wire, "&compress=zlib-stream") as socket:
        await unpacked(socket)
        await socket.send_json(identify(still.cast, intents=1))
        await unpacked(socket)
        guild = await unpacked(socket)
        await socket.send_json({"op": 8, "d": {"query": "", "limit": 0, "nonce": "n"}})
        chunk = await unpacked(socket)

    assert 1 == len(guild["d"]["members"])
    assert (9, "n") == (len(chunk["d"]["members"]), chunk["d"]["nonce"])


async def test_a_client_that_says_goodbye_ends_its_session(
    still: DiscordEmulator, wire: Wire
) -> None:
    """A clean close cannot be resumed; a closed gateway takes nobody."""
    with still.subscribe() as changes:
        async with connected(wire) as socket:
            await read(socket)
            await socket.send_json(identify(still.cast))
            await read(socket)
        async with asyncio.timeout(5):
            while (await changes.get()).body.get("connected", True):
                pass
    still.faults.down()

    assert [] == still.gateway.sessions
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await wire.session.ws_connect(f"{wire.address}/gateway")


def test_a_slow_watcher_is_told_to_reload() -> None:
    """A feed never grows past its bound."""
    feed = Feed()
    with feed.subscribe(bound=2) as changes:
        for number in range(3):
            feed.publish(Change("message", str(number)))

        assert "reload" == changes.get_nowait().kind
        assert changes.empty()


async def test_a_heartbeat_is_acknowledged_from_a_distance(wire: Wire) -> None:
    """An answer at once would overtake the client's note of the beat, and look a beat late."""
    loop = asyncio.get_running_loop()
    async with connected(wire) as socket:
        await read(socket)
        began = loop.time()
        await socket.send_json({"op": 1, "d": None})
        answer = await read(socket)

    assert answer["op"] == 11
    assert loop.time() - began >= DISTANCE_SECONDS * 0.9
