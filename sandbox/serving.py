"""One loopback server for the whole simulated world."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

QUICK: Final = 0.1


@asynccontextmanager
async def served(
    parts: Mapping[str, web.Application],
    *,
    front: Sequence[web.RouteDef] = (),
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[str]:
    """Serve applications, each under its prefix, and yield the address; port 0 takes a free one.

    ``front`` are routes at the root itself.
    Hanging requests are cut after a tenth of a second at the end, so that stopping is quick.
    """
    root = web.Application()
    root.add_routes(front)
    for prefix, app in parts.items():
        root.add_subapp(prefix, app)
    runner = web.AppRunner(root, shutdown_timeout=QUICK, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
