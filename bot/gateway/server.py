"""Serves the gateway over TCP and the operator's socket, inside the process' own loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn

from bot.runtime.socket_file import short_name
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.applications import Starlette

_STOP_WITHIN = 2.0
_WAITING = 512
_OWNER_ONLY = 0o177
_PLAIN = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@contextmanager
def listener(address: str) -> Iterator[socket.socket]:
    """Hold ``host:port`` while the block runs; whoever connects before it is served waits.

    Raises ConfigurationInvalid when somebody has it, or nobody can.
    """
    host, _, port = address.rpartition(":")
    try:
        family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, int(port)), family=family, backlog=_WAITING)
    except (OSError, OverflowError) as error:
        code = error.errno if isinstance(error, OSError) else None
        why = os.strerror(code) if code in _PLAIN and code else str(error)
        raise ConfigurationInvalid(
            "The gateway cannot listen.",
            [f"TGK_HTTP is {address}: {why}"],
            remedy="Set TGK_HTTP to a free host:port of this machine.",
        ) from error
    with bound:
        yield bound


@contextmanager
def local_listener(path: Path) -> Iterator[socket.socket]:
    """Hold a socket file that only this account may open; it is removed at the end.

    The file of a former life that was killed is replaced. Raises ConfigurationInvalid.
    """
    before = os.umask(_OWNER_ONLY)  # from its first moment on, nobody else may open it
    try:
        path.unlink(missing_ok=True)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with short_name(path) as name:
            bound.bind(name)
        bound.listen(_WAITING)
    except OSError as error:
        raise ConfigurationInvalid(
            "The operator's socket cannot be opened.",
            [f"{path}: {error.strerror or error}"],
            remedy="Set TGK_STATE to a folder on a local disk that this account may write to.",
        ) from error
    finally:
        os.umask(before)
    try:
        with bound:
            yield bound
    finally:
        path.unlink(missing_ok=True)


@asynccontextmanager
async def serving(app: Starlette, bound: socket.socket) -> AsyncIterator[None]:
    """Serve on a listening socket until the block ends, then let short answers finish."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",  # no address speaks it, and its parsers would be imported
        server_header=False,
        proxy_headers=False,  # nobody's word for where a request came from
        limit_concurrency=_WAITING,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(server.serve(sockets=[bound]))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.005)
        try:
            yield
        finally:
            server.should_exit = True
            await asyncio.wait({task}, timeout=_STOP_WITHIN)
            task.cancel()
