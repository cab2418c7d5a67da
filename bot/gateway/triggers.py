"""``POST /event`` and ``POST /hooks/<playbook>``: signed requests that start playbooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from loguru import logger
from pydantic import ValidationError
from starlette.responses import JSONResponse

from bot.gateway.body import BODY_WITHIN, Refusal, json_object, require_signature, whole_body
from orchestration.triggers.events import KNOWN_SOURCES, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.gateway.metrics import Metrics
    from bot.gateway.starts import Answer, Starts

MOST_BYTES: Final = 64 * 1024
_PLAYBOOK: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_DELIVERY: Final = re.compile(r"[!-~]{1,128}")
_STATUSES: Final = {
    "started": 202, "repeated": 200, "invalid": 400, "denied": 403, "limited": 429,
    "unavailable": 503,
}  # fmt: skip
_GRAVEST: Final = (503, 500, 429, 403, 400, 202, 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """Lets signed senders start playbooks; what is not signed is not looked at."""

    starts: Starts
    metrics: Metrics
    event_secret: SecretStr | None
    hook_secret: SecretStr | None
    body_within: float = BODY_WITHIN

    async def event(self, request: Request) -> Response:
        """Take one event; ``X-Sig`` signs the body, whose id makes a repetition known."""
        try:
            secret = _required(self.event_secret, "TGK_EVENT_SECRET")
            body = await whole_body(request, self.body_within, most=MOST_BYTES)
            require_signature(request.headers.get("x-sig", ""), secret, body)
            event = _event(json_object(body))
        except Refusal as refusal:
            return self._refused("event", refusal)
        answers = await self.starts.event(event)
        self.metrics.webhook("event", "taken" if answers else "ignored")
        return _answered({"event": event.id, "starts": told(answers)}, answers)

    async def hook(self, request: Request) -> Response:
        """Start one playbook; ``X-Sig`` signs ``X-Delivery``, its name and the body, by lines."""
        playbook = str(request.path_params["playbook"])
        delivery = request.headers.get("x-delivery", "")
        try:
            secret = _required(self.hook_secret, "TGK_HOOK_SECRET")
            body = await whole_body(request, self.body_within, most=MOST_BYTES)
            signed = f"{delivery}\n{playbook}\n".encode() + body
            require_signature(request.headers.get("x-sig", ""), secret, signed)
            given = _call(playbook, delivery, body)
        except Refusal as refusal:
            return self._refused("hook", refusal)
        answer = await self.starts.hook(playbook, given, delivery)
        self.metrics.webhook("hook", answer.result)
        return _answered(answer.told(), (answer,))

    def _refused(self, source: str, refusal: Refusal) -> Response:
        self.metrics.webhook(source, "refused")
        logger.bind(source=source, status=refusal.status).warning("webhook refused {}", refusal.why)
        return JSONResponse({"error": refusal.why}, status_code=refusal.status)


def told(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return what became of each start, for whoever sent the event."""
    return [answer.told() for answer in answers]


def _answered(body: dict[str, Any], answers: Sequence[Answer]) -> Response:
    """Answer with the gravest that happened, so that a sender knows whether to try again."""
    found = {_STATUSES.get(answer.result, 500) for answer in answers} or {200}
    status = next((each for each in _GRAVEST if each in found), 500)
    waits = [answer.retry_after for answer in answers if answer.retry_after]
    headers = {"Retry-After": str(max(waits))} if status == 429 and waits else {}  # noqa: PLR2004 - Too Many Requests
    return JSONResponse(body, status_code=status, headers=headers)


def _required(secret: SecretStr | None, variable: str) -> SecretStr:
    if secret is None:
        raise Refusal(503, f"off: {variable} is not set")
    return secret


def _event(body: dict[str, Any]) -> Event:
    try:
        event = Event.model_validate(body)
    except ValidationError as error:
        faults = [".".join(map(str, each["loc"])) + ": " + each["msg"] for each in error.errors()]
        raise Refusal(400, f"this is no event: {'; '.join(faults[:5])}") from None
    if event.source in KNOWN_SOURCES:
        raise Refusal(400, f"events of {event.source} come through a door of their own")
    return event


def _call(playbook: str, delivery: str, body: bytes) -> dict[str, Any]:
    """Return what a call gives; an empty body gives nothing."""
    if not _DELIVERY.fullmatch(delivery):
        raise Refusal(400, "X-Delivery is missing, too long or not plain")
    if not _PLAYBOOK.fullmatch(playbook):
        raise Refusal(404, "this is no name of a playbook")
    return json_object(body) if body.strip() else {}
