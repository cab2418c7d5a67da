"""Serves the page and its files: fixed names, and a policy that allows no more."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from aiohttp import web

from sandbox.visitors import visited

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
KINDS: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


def front() -> list[web.RouteDef]:
    """Return the routes of the page: itself at the root, its files under ``/page/``."""
    return [web.get("/", visited(_page)), web.get("/page/{name}", visited(_asset))]


def asset_names() -> list[str]:
    """Return the files the page is made of."""
    return sorted(each.name for each in _folder().iterdir() if _kind(each.name))


async def _page(_: web.Request) -> web.Response:
    return _answer("index.html")


async def _asset(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in asset_names():
        return web.Response(status=404, text="no such file", headers=HEADERS)
    return _answer(name)


def _answer(name: str) -> web.Response:
    text = (_folder() / name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=_kind(name), charset="utf-8", headers=HEADERS)


def _folder() -> Traversable:
    return resources.files("sandbox.page") / "static"


def _kind(name: str) -> str:
    return KINDS.get(name[name.rfind(".") :], "")
