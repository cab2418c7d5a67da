"""The HTTP door of the simulated Bot API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from sandbox.feed import Change
from sandbox.telegram.errors import Refusal
from sandbox.telegram.methods import METHODS
from sandbox.telegram.params import Params, read_params
from sandbox.wire import Exchange, RequestLog

if TYPE_CHECKING:
    from sandbox.telegram.faults import TelegramFaults
    from sandbox.telegram.state import TelegramState
    from sandbox.wire import Json

MOST_BYTES: Final = 60 * 1024 * 1024
OK: Final = 200


class Server:
    """Answers ``/bot<token>/<method>`` and ``/file/bot<token>/<path>``."""

    def __init__(self, state: TelegramState, faults: TelegramFaults, log: RequestLog) -> None:
        self._state = state
        self._faults = faults
        self._log = log

    def app(self) -> web.Application:
        """Return a fresh application, to run alone or under a prefix of another."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.*}", self._download)
        app.on_shutdown.append(self._stop)
        return app

    async def _stop(self, _app: web.Application) -> None:
        self._state.updates.close()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        params = Params({})
        try:
            self._check_token(request)
            params = await read_params(request)
            status, body = OK, await self._answer(method, params)
        except Refusal as refusal:
            status, body = refusal.code, refusal.body()
        lost = status == OK and self._faults.loses_answer(method)
        self._remember(request, params, 0 if lost else status, body)
        if lost and request.transport is not None:
            request.transport.abort()
        return web.json_response(body, status=status)

    async def _answer(self, method: str, params: Params) -> Json:
        self._faults.check(method)
        if method == "getupdates":
            return {"ok": True, "result": await self._poll(params)}
        if self._faults.delay:
            await self._state.clock.sleep(self._faults.delay)
        carry_out = METHODS.get(method)
        if carry_out is None:
            raise Refusal(404, "Not Found: method not found")
        return {"ok": True, "result": carry_out(self._state, params)}

    async def _poll(self, params: Params) -> list[Json]:
        allowed = params.structure("allowed_updates")
        if allowed is not None:
            self._state.updates.allowed = allowed
        limit = params.integer("limit") or 100
        wait = float(params.integer("timeout") or 0)
        self._state.feed.publish(Change("connection", body={"polling": True}))
        return await self._state.updates.poll(params.integer("offset"), limit, wait)

    def _check_token(self, request: web.Request) -> None:
        token = request.match_info["token"]
        if ":" not in token:
            raise Refusal(404, "Not Found")
        if token != self._state.cast.telegram_token:
            raise Refusal(401, "Unauthorized")

    def _remember(self, request: web.Request, params: Params, status: int, body: Any) -> None:
        self._log.append(
            Exchange(
                at=self._state.clock.monotonic(),
                method=request.method,
                path=f"/{request.match_info['method']}",
                body=dict(params.values),
                status=status,
                answer=body,
                files=tuple(params.files.values()),
            )
        )

    async def _download(self, request: web.Request) -> web.Response:
        upload = self._state.files.get(request.match_info["path"])
        if upload is None or request.match_info["token"] != self._state.cast.telegram_token:
            return web.json_response(Refusal(404, "Not Found").body(), status=404)
        return web.Response(body=upload.content, content_type=upload.kind)
