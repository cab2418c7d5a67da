"""Serves the gateway over TCP and the operator's socket, inside the process' own loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn

from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.applications import Starlette

_STOP_WITHIN = 2.0


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@asynccontextmanager
async def serving(
    app: Starlette, *, host: str = "", port: int = 0, socket: Path | None = None
) -> AsyncIterator[int]:
    """Serve until the block ends; yields the port (0 for a socket). Raises ConfigurationInvalid."""
    config = uvicorn.Config(
        app,
        host=host or "127.0.0.1",
        port=port,
        uds=str(socket) if socket else None,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        limit_concurrency=512,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_serve(server, f"{host}:{port}" if not socket else str(socket)))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.005)
        if socket and server.started:
            os.chmod(socket, 0o600)  # noqa: PTH101 - the path is a socket, not a file to open
        bound = server.servers[0].sockets[0].getsockname() if server.started else ("", 0)
        try:
            yield bound[1] if isinstance(bound, tuple) else 0
        finally:
            server.should_exit = True
            await asyncio.wait({task}, timeout=_STOP_WITHIN)
            task.cancel()


async def _serve(server: _Server, where: str) -> None:
    try:
        await server.serve()
    except (OSError, SystemExit) as error:  # uvicorn exits when it cannot bind
        raise ConfigurationInvalid(
            "The gateway cannot listen.",
            [f"{where}: {error}"],
            remedy="Set TGK_HTTP to a free port.",
        ) from error
