"""Whom the world answers: its own page and programs of this machine, no other web site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OURS = {"127.0.0.1", "localhost", "[::1]"}


@web.middleware
async def only_ours(request: web.Request, handler: Any) -> web.StreamResponse:
    """Refuse what another web site makes a browser send, and names that lead here by trick."""
    if _is_foreign(request) or not _is_named_ours(request):
        return _refused()
    answer: web.StreamResponse = await handler(request)
    return answer


def visited(answer: Answer) -> Answer:
    """Return a route as strict as ``only_ours``, save that a link on any site may lead to it."""

    async def checked(request: web.Request) -> web.StreamResponse:
        if not _is_named_ours(request) or (_is_foreign(request) and not _is_followed(request)):
            return _refused()
        return await answer(request)

    return checked


def _is_named_ours(request: web.Request) -> bool:
    named = request.headers.get("Host", "")
    return (named.rpartition(":")[0] or named) in _OURS


def _is_foreign(request: web.Request) -> bool:
    own = f"http://{request.headers.get('Host', '')}"
    return (
        request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}
        or request.headers.get("Origin", own) != own  # what older browsers send
    )


def _is_followed(request: web.Request) -> bool:
    """Say whether somebody opens the address in a window, where no other site can read it."""
    sent = request.headers
    return (sent.get("Sec-Fetch-Mode"), sent.get("Sec-Fetch-Dest")) == ("navigate", "document")


def _refused() -> web.Response:
    return web.json_response({"error": "only for pages of this world"}, status=403)
