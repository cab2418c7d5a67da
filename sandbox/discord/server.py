"""The HTTP door of the simulated Discord: REST, gateway and files under one application."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from sandbox.discord.errors import Refused, unauthorized
from sandbox.discord.rest import ROUTES
from sandbox.discord.rest.call import Call, read_body
from sandbox.wire import Exchange, RequestLog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.discord.buckets import Buckets
    from sandbox.discord.faults import DiscordFaults
    from sandbox.discord.state import DiscordState

MOST_BYTES: Final = 30 * 1024 * 1024
NO_TOKEN: Final = ("/interactions/", "/webhooks/", "/gateway")
INERT: Final = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
OK: Final = 200
NOTHING: Final = 204


class Server:
    """Answers ``/api/v10/…``, ``/gateway`` and ``/cdn/attachments/…``."""

    def __init__(
        self, state: DiscordState, faults: DiscordFaults, buckets: Buckets, log: RequestLog
    ) -> None:
        self._state = state
        self._faults = faults
        self._buckets = buckets
        self._log = log

    def app(self) -> web.Application:
        """Return a fresh application, to run alone or under a prefix of another."""
        app = web.Application(client_max_size=MOST_BYTES)
        for method, path, route in ROUTES:
            for version in ("/api/v10", "/api"):
                app.router.add_route(method, version + path, self._answering(route))
        app.router.add_get("/gateway", self._state.gateway.serve)
        app.router.add_get("/gateway/", self._state.gateway.serve)
        app.router.add_get("/cdn/attachments/{channel}/{attachment}/{name}", self._download)
        app.router.add_route("*", "/api/{rest:.*}", self._answering(_no_such_route))
        app.on_shutdown.append(self._stop)
        return app

    async def _stop(self, _app: web.Application) -> None:
        await self._state.gateway.stop()

    def _answering(
        self, route: Callable[[Call], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._answer(request, route)

        return answer

    async def _answer(
        self, request: web.Request, route: Callable[[Call], Awaitable[Any]]
    ) -> web.StreamResponse:
        path = _api_path(request.path)
        call = Call(self._state, request.match_info, request.query)
        headers: dict[str, str] = {}
        try:
            body, files = await read_body(request)
            call = replace(call, body=body, files=files)
            headers = await self._admit(request, path)
            result = await route(call)
            status = NOTHING if result is None else OK
        except Refused as refused:
            status, result, headers = refused.status, refused.body(), refused.headers
        lost = status in {OK, NOTHING} and self._faults.loses_answer(request.method, path)
        self._remember(request.method, path, call, 0 if lost else status, result)
        if lost and request.transport is not None:
            request.transport.abort()
        return _response(status, result, headers)

    async def _admit(self, request: web.Request, path: str) -> dict[str, str]:
        """Let a call in, or refuse it; return the headers about its limits."""
        await self._faults.check(path)
        wanted = f"Bot {self._state.cast.discord_token}"
        open_door = path.startswith(NO_TOKEN) and path != "/gateway/bot"
        if not open_door and request.headers.get("Authorization") != wanted:
            raise unauthorized()
        self._state.origin = _origin(request)
        return self._buckets.count(request.method, path)

    def _remember(self, method: str, path: str, call: Call, status: int, result: Any) -> None:
        body = call.body
        kept = body if isinstance(body, dict) else {"list": body} if body is not None else {}
        now = self._state.clock.monotonic()
        files = tuple(call.files.values())
        self._log.append(Exchange(now, method, path, kept, status, result, files))

    async def _download(self, request: web.Request) -> web.Response:
        upload = self._state.files.get(request.match_info["attachment"])
        if upload is None or upload.name != request.match_info["name"]:
            return web.Response(status=404)
        return web.Response(
            body=upload.content,
            headers={"Content-Type": upload.kind, **INERT},
        )


async def _no_such_route(_call: Call) -> Any:
    raise Refused(404, 0, "404: Not Found")


def _api_path(path: str) -> str:
    inside = path.partition("/api")[2]
    return inside.removeprefix("/v10")


def _origin(request: web.Request) -> str:
    prefix = request.path.partition("/api")[0]
    return f"http://{request.host}{prefix}/cdn"


def _response(status: int, result: Any, headers: dict[str, str]) -> web.Response:
    if status == NOTHING:
        return web.Response(status=status, headers={**headers, "Via": "1.1 sandbox"})
    return web.Response(
        status=status,
        body=json.dumps(result).encode(),
        headers={**headers, "Via": "1.1 sandbox", "Content-Type": "application/json"},
    )
