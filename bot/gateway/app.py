"""The routes of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from bot.gateway.metrics import Metrics
    from bot.gateway.triggers import Triggers
    from bot.gateway.webhooks import Webhooks

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Probe(Protocol):
    """What the process says of itself."""

    def __call__(self) -> tuple[bool, Mapping[str, object]]:
        """Return whether it is well, and the details."""


def gateway(
    *, webhooks: Webhooks, triggers: Triggers, metrics: Metrics, alive: Probe, ready: Probe
) -> Starlette:
    """Return the application: probes and metrics answer always, webhooks only when verified."""
    return Starlette(
        routes=[
            Route("/healthz", _probe(alive)),
            Route("/readyz", _probe(ready)),
            Route("/metrics", _metrics(metrics)),
            Route("/alert", webhooks.alert, methods=["POST"]),
            Route("/git", webhooks.git, methods=["POST"]),
            Route("/event", triggers.event, methods=["POST"]),
            Route("/hooks/{playbook}", triggers.hook, methods=["POST"]),
        ]
    )


def probes(*, metrics: Metrics, alive: Probe, ready: Probe) -> Starlette:
    """Return the application of a process that takes nothing from outside."""
    return Starlette(
        routes=[
            Route("/healthz", _probe(alive)),
            Route("/readyz", _probe(ready)),
            Route("/metrics", _metrics(metrics)),
        ]
    )


def _probe(probe: Probe) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:  # noqa: ARG001 - the signature of a route
        well, details = probe()
        return JSONResponse(dict(details), status_code=200 if well else 503, headers=_HEADERS)

    return answer


def _metrics(metrics: Metrics) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:  # noqa: ARG001 - the signature of a route
        return Response(metrics.render(), media_type="text/plain; version=0.0.4", headers=_HEADERS)

    return answer
