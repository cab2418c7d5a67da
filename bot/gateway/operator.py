"""The socket under the state folder through which ``tgk`` on this machine reaches a running bot.

Whoever may open the socket (mode 0600) is trusted to name the person, as with the files beside it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from tgk.context import Invocation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from tgk.caller import Caller
    from tgk.dispatcher import Dispatcher
    from tgk.guard import Directory
    from tgk.reply import Reply

_MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class OperatorSocket:
    """Runs commands for the terminal: progress and outcome as one JSON object a line."""

    dispatcher: Dispatcher
    directory: Directory

    def app(self) -> Starlette:
        """Return what the socket answers."""
        return Starlette(
            routes=[
                Route("/run", self.run, methods=["POST"]),
                Route("/complete", self.complete, methods=["POST"]),
            ]
        )

    async def run(self, request: Request) -> Response:
        """Run one command and stream its progress, then its outcome."""
        asked = orjson.loads(await request.body())
        return StreamingResponse(self._lines(asked), media_type="application/x-ndjson")

    async def complete(self, request: Request) -> Response:
        """Return values for a half-typed option."""
        asked = orjson.loads(await request.body())
        view = self.dispatcher.view(self._invocation(asked))
        values = await view.complete(
            asked["name"], asked["option"], asked.get("partial", ""), asked.get("raw", {})
        )
        return JSONResponse(list(values))

    async def _lines(self, asked: dict[str, Any]) -> AsyncIterator[bytes]:
        """Yield what happens; a client that goes away does not stop a change."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)

        async def show(reply: Reply) -> None:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(_packed("progress", reply.model_dump(mode="json")))

        async def work() -> None:
            outcome = await self.dispatcher.run(self._invocation(asked, show))
            await queue.put(_packed("outcome", outcome.model_dump(mode="json")))
            await queue.put(None)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())
            while (line := await queue.get()) is not None:
                yield line

    def _invocation(self, asked: dict[str, Any], show: Any = None) -> Invocation:
        user = str(asked.get("user", ""))[:64]
        caller: Caller = self.directory.resolve("cli", user, name=user, channel="terminal")
        more = {"show": show} if show else {}
        return Invocation(
            name=str(asked.get("name", "")),
            raw=dict(asked.get("raw", {})),
            caller=caller,
            delivery=f"cli:{asked.get('delivery', '')}",
            door="cli",
            confirmed=bool(asked.get("confirmed", False)),
            **more,
        )


def _packed(kind: str, value: object) -> bytes:
    return orjson.dumps({"kind": kind, "value": value}) + b"\n"
