"""``POST /alert`` and ``POST /git``: foreign events, checked before anything is read from them."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

import orjson
from loguru import logger
from starlette.responses import JSONResponse, Response

from bot.gateway.body import (
    BODY_WITHIN,
    LargeBodies,
    Refusal,
    json_object,
    require_signature,
    whole_body,
)
from bot.gateway.triggers import told
from orchestration.triggers.events import of_alert, of_git
from tgk.context import Invocation
from tgk.errors import TgkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr
    from starlette.requests import Request

    from bot.gateway.metrics import Metrics
    from bot.gateway.starts import Answer, Starts
    from orchestration.triggers.events import Event
    from tgk.dispatcher import Dispatcher
    from tgk.guard import Directory
    from tgk.outcome import Outcome
    from tgk.ports.deliveries import Deliveries

_LONGEST_ID = 128
_FORWARDED = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
"""Headers that proxies add: a request with one does not come from this machine."""
_STATUSES = {"success": 200, "invalid": 400, "denied": 403, "unavailable": 503}


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Turns verified events into invocations of the gateway's own commands."""

    dispatcher: Dispatcher
    directory: Directory
    deliveries: Deliveries
    starts: Starts
    metrics: Metrics
    git_secret: SecretStr | None
    alert_token: SecretStr | None
    body_within: float = BODY_WITHIN
    _groups: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _doing: set[str] = field(default_factory=set)
    _large: LargeBodies = field(default_factory=LargeBodies)

    async def alert(self, request: Request) -> Response:
        """Take one notification of Alertmanager; a status of 5xx makes it try again."""
        try:
            self._require_alertmanager(request)
            body = await whole_body(request, self.body_within, large=self._large)
            payload = json_object(body)
        except Refusal as refusal:
            return self._refused("alert", refusal)
        group = self._groups.setdefault(str(payload.get("groupKey", "")), asyncio.Lock())
        async with group:  # two Alertmanagers may tell of one group at once, for one card
            delivery = f"alert:{uuid.uuid4()}"
            outcome = await self._dispatch("alert", payload, "alertmanager", delivery)
            episode = str(outcome.reply.data.get("episode", ""))
            starts = await self._start(of_alert(payload, episode))
        return self._answer("alert", outcome, starts)

    async def git(self, request: Request) -> Response:
        """Take one event of GitHub; a redelivery is recognised by its id and done only once."""
        try:
            secret = self._require_secret()
            body = await whole_body(request, self.body_within, large=self._large)
            require_signature(request.headers.get("x-hub-signature-256", ""), secret, body)
            event, delivery = _event(request)
            payload = json_object(_unwrapped(request, body))
        except Refusal as refusal:
            return self._refused("git", refusal)
        if event == "ping":
            self.metrics.webhook("git", "ping")
            return JSONResponse({"pong": True})
        try:
            packed = orjson.dumps({"event": event, "payload": payload})
            await self.deliveries.accept("git", [(delivery, packed)])
            done = await self._once(delivery)  # one that failed before is done now
        except TgkError as error:
            return self._refused("git", Refusal(503, str(error)))
        if done is None:
            self.metrics.webhook("git", "duplicate")
            return JSONResponse({"duplicate": delivery}, status_code=202)
        return self._answer("git", *done)

    async def resume(self) -> int:
        """Do the events that a stop of the process or a full disk cut off; returns how many."""
        waiting = await self.deliveries.waiting("git")
        for delivery, _ in waiting:
            await self._once(delivery)
        return len(waiting)

    async def _once(self, delivery: str) -> tuple[Outcome, tuple[Answer, ...]] | None:
        """Do a kept event, and what it starts; None when it is done, or being done, already."""
        if delivery in self._doing:
            return None
        self._doing.add(delivery)
        try:
            packed = await self.deliveries.recall("git", delivery)
            if packed is None:
                return None
            raw = orjson.loads(packed)
            outcome = await self._dispatch("git", raw, "github", f"git:{delivery}")
            starts = await self._start(of_git(raw["event"], delivery, raw["payload"]))
            if "unavailable" not in {outcome.result, *(each.result for each in starts)}:
                await self.deliveries.done("git", delivery)
        finally:
            self._doing.discard(delivery)
        return outcome, starts

    async def _start(self, event: Event | None) -> tuple[Answer, ...]:
        """Start what waits for such an event."""
        return await self.starts.event(event) if event else ()

    async def _dispatch(
        self, name: str, raw: dict[str, Any], source: str, delivery: str
    ) -> Outcome:
        caller = self.directory.resolve("gateway", source, name=source, channel=f"/{name}")
        return await self.dispatcher.run(
            Invocation(name=name, raw=raw, caller=caller, delivery=delivery, door="gateway")
        )

    def _require_alertmanager(self, request: Request) -> None:
        """Accept the configured bearer token, or without one only programs of this machine."""
        if self.alert_token is not None:
            expected = f"Bearer {self.alert_token.get_secret_value()}"
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), expected.encode()):
                raise Refusal(401, "the bearer token is missing or wrong")
            return
        host = request.client.host if request.client else ""
        if not _is_loopback(host) or not _FORWARDED.isdisjoint(request.headers.keys()):
            raise Refusal(403, "set TGK_ALERT_TOKEN to take alerts from other machines")
        if "origin" in request.headers or "sec-fetch-site" in request.headers:
            raise Refusal(403, "set TGK_ALERT_TOKEN to take alerts from a browser")

    def _require_secret(self) -> SecretStr:
        if self.git_secret is None:
            raise Refusal(503, "off: GITHUB_WEBHOOK_SECRET is not set")
        return self.git_secret

    def _refused(self, source: str, refusal: Refusal) -> Response:
        self.metrics.webhook(source, "refused")
        logger.bind(source=source, status=refusal.status).warning("webhook refused {}", refusal.why)
        return JSONResponse({"error": refusal.why}, status_code=refusal.status)

    def _answer(self, source: str, outcome: Outcome, starts: Sequence[Answer]) -> Response:
        """Answer for the card; only a start that could not even be tried asks for another try."""
        self.metrics.webhook(source, outcome.result)
        body = {"result": outcome.result, "reference": outcome.reference, **outcome.reply.data}
        status = _STATUSES.get(outcome.result, 500)
        if starts:
            body["starts"] = told(starts)
        if any(each.result == "unavailable" for each in starts):
            status = 503
        return JSONResponse(body, status_code=status)


def _event(request: Request) -> tuple[str, str]:
    """Return what happened and the id of its delivery."""
    event = request.headers.get("x-github-event", "")
    delivery = request.headers.get("x-github-delivery", "")
    if not event or not delivery or max(len(event), len(delivery)) > _LONGEST_ID:
        raise Refusal(400, "X-GitHub-Event or X-GitHub-Delivery is missing or too long")
    return event, delivery


def _unwrapped(request: Request, body: bytes) -> bytes:
    """Return the JSON, which GitHub puts into a form field unless told otherwise."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/x-www-form-urlencoded":
        return body
    fields = parse_qs(body.decode("utf-8", "replace"))  # the signature vouches for its size
    return fields.get("payload", [""])[0].encode()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
