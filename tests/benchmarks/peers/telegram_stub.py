"""As little of Telegram as the peers and the bot need, so that the stub's own cost is small."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PEOPLE = tuple(range(7000001, 7000008))
TOKEN = "7000000:benchmark"
_ME = {
    "id": 7000000, "is_bot": True, "first_name": "tgk", "username": "tgk_council_bot",
    "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False,
}  # fmt: skip
_NUMBER = re.compile(r"#(\d+)")


class Stub:
    """Hands out commands and notes when each was answered."""

    def __init__(self, command: str, *, numbered: bool) -> None:
        self.command = command
        self.numbered = numbered
        self.asked: dict[int, float] = {}
        self.took: dict[int, float] = {}
        self.doubled = 0
        self._updates: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._answered = asyncio.Event()
        self._last = 0

    def ask(self) -> int:
        """Let somebody write the command; returns its number."""
        self._last += 1
        number, person = self._last, PEOPLE[self._last % len(PEOPLE)]
        text = f"{self.command} #{number}" if self.numbered else self.command
        word = text.split()[0]
        name = {"id": person, "is_bot": False, "first_name": "P", "username": f"p{person}"}
        self._updates.append({
            "update_id": number,
            "message": {
                "message_id": number, "date": int(time.time()), "text": text, "from": name,
                "chat": {"id": person, "type": "private", "first_name": "P"},
                "entities": [{"type": "bot_command", "offset": 0, "length": len(word)}],
            },
        })  # fmt: skip
        self.asked[number] = time.perf_counter()
        self._news.set()
        return number

    async def until(self, count: int, within: float = 60.0) -> None:
        """Wait until so many commands are answered."""
        async with asyncio.timeout(within):
            while len(self.took) < count:
                self._answered.clear()
                await self._answered.wait()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve and yield the address."""
        app = web.Application()
        app.router.add_route("*", "/{token}/{method}", self._call)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _call(self, request: web.Request) -> web.Response:
        given = await _given(request)
        method = request.match_info["method"].lower()
        if method == "getupdates":
            result: Any = await self._poll(given)
        elif method == "getme":
            result = _ME
        elif method in ("sendmessage", "editmessagetext"):
            result = self._sent(given)
        else:
            result = True
        body = orjson.dumps({"ok": True, "result": result})
        return web.Response(body=body, content_type="application/json")

    async def _poll(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        offset, wait = int(given.get("offset") or 0), float(given.get("timeout") or 0)
        self._updates = [each for each in self._updates if each["update_id"] >= offset]
        if not self._updates and wait:
            self._news.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                return []
        return self._updates[:100]

    def _sent(self, given: dict[str, Any]) -> dict[str, Any]:
        found = _NUMBER.search(str(given.get("text", "")))
        reply = given.get("reply_parameters") or {}
        reply = orjson.loads(reply) if isinstance(reply, str) else reply
        number = int(found[1]) if found else int(reply.get("message_id") or 0)
        if number in self.took:
            self.doubled += 1
        elif number in self.asked:
            self.took[number] = time.perf_counter() - self.asked[number]
            self._answered.set()
        chat = {"id": int(given["chat_id"]), "type": "private", "first_name": "P"}
        return {"message_id": 1_000_000 + len(self.took), "date": 0, "chat": chat, "text": "x"}


async def _given(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        given: dict[str, Any] = orjson.loads(await request.read() or b"{}")
        return given
    return {**request.query, **{k: v for k, v in (await request.post()).items() if v}}
