"""``POST /alert`` and ``POST /git``: foreign events, checked before anything is read from them."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from loguru import logger
from starlette.responses import JSONResponse, Response

from tgk.context import Invocation

if TYPE_CHECKING:
    from pydantic import SecretStr
    from starlette.requests import Request

    from bot.gateway.metrics import Metrics
    from tgk.dispatcher import Dispatcher
    from tgk.guard import Directory
    from tgk.outcome import Outcome
    from tgk.ports.deliveries import Deliveries

MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that is answered before its content is looked at."""

    status: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Turns verified events into invocations of the gateway's own commands."""

    dispatcher: Dispatcher
    directory: Directory
    deliveries: Deliveries
    metrics: Metrics
    git_secret: SecretStr | None
    alert_token: SecretStr | None

    async def alert(self, request: Request) -> Response:
        """Take one notification of Alertmanager; a status of 5xx makes it try again."""
        try:
            self._require_alertmanager(request)
            payload = _parsed(await _body(request))
        except Refusal as refusal:
            return self._refused("alert", refusal)
        outcome = await self._dispatch("alert", payload, "alertmanager", f"alert:{uuid.uuid4()}")
        return self._answer("alert", outcome)

    async def git(self, request: Request) -> Response:
        """Take one event of GitHub; a redelivery is recognised by its id and done only once."""
        try:
            body = await _body(request)
            self._require_signature(request, body)
            payload = _parsed(body)
        except Refusal as refusal:
            return self._refused("git", refusal)
        event = request.headers.get("x-github-event", "")
        delivery = request.headers.get("x-github-delivery", "")
        if event == "ping":
            return JSONResponse({"pong": True})
        if not event or not delivery:
            return self._refused("git", Refusal(400, "X-GitHub-Event or -Delivery is missing"))
        packed = orjson.dumps({"event": event, "payload": payload})
        if not await self.deliveries.accept("git", [(delivery, packed)]):
            self.metrics.webhook("git", "duplicate")
            return JSONResponse({"duplicate": delivery}, status_code=202)
        return self._answer("git", await self._git(delivery, packed))

    async def resume(self) -> int:
        """Finish the events that a stop of the process cut off; returns how many there were."""
        waiting = await self.deliveries.waiting("git")
        for delivery, packed in waiting:
            await self._git(delivery, packed)
        return len(waiting)

    async def _git(self, delivery: str, packed: bytes) -> Outcome:
        outcome = await self._dispatch("git", orjson.loads(packed), "github", f"git:{delivery}")
        await self.deliveries.done("git", delivery)
        return outcome

    async def _dispatch(
        self, name: str, raw: dict[str, Any], source: str, delivery: str
    ) -> Outcome:
        caller = self.directory.resolve("gateway", source, name=source, channel=f"/{name}")
        return await self.dispatcher.run(
            Invocation(name=name, raw=raw, caller=caller, delivery=delivery, door="gateway")
        )

    def _require_alertmanager(self, request: Request) -> None:
        """Accept the configured bearer token, or without one only this machine."""
        if self.alert_token is not None:
            expected = f"Bearer {self.alert_token.get_secret_value()}"
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), expected.encode()):
                raise Refusal(401, "the bearer token is missing or wrong")
            return
        host = request.client.host if request.client else ""
        if not _is_loopback(host):
            raise Refusal(403, "set TGK_ALERT_TOKEN to take alerts from other machines")

    def _require_signature(self, request: Request, body: bytes) -> None:
        """Check ``X-Hub-Signature-256`` as GitHub documents it."""
        if self.git_secret is None:
            raise Refusal(503, "off: GITHUB_WEBHOOK_SECRET is not set")
        digest = hmac.new(self.git_secret.get_secret_value().encode(), body, hashlib.sha256)
        given = request.headers.get("x-hub-signature-256", "")
        if not hmac.compare_digest(given.encode(), f"sha256={digest.hexdigest()}".encode()):
            raise Refusal(401, "the signature does not match")

    def _refused(self, source: str, refusal: Refusal) -> Response:
        self.metrics.webhook(source, "refused")
        logger.bind(source=source, status=refusal.status).warning("webhook refused {}", refusal.why)
        return JSONResponse({"error": refusal.why}, status_code=refusal.status)

    def _answer(self, source: str, outcome: Outcome) -> Response:
        self.metrics.webhook(source, outcome.result)
        statuses = {"success": 200, "invalid": 400, "denied": 403, "unavailable": 503}
        body = {"result": outcome.result, "reference": outcome.reference, **outcome.reply.data}
        return JSONResponse(body, status_code=statuses.get(outcome.result, 500))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _body(request: Request) -> bytes:
    """Read the body within the bound, whatever its headers claim."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise Refusal(413, f"more than {MOST_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "the body is not JSON") from error
    if not isinstance(payload, dict):
        raise Refusal(400, "the body is not a JSON object")
    return payload
