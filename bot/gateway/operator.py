"""The socket under the state folder through which ``tgk`` on this machine reaches a running bot.

Whoever may open the socket (mode 0600) is trusted to name the person, as with the files beside it.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from bot.gateway.body import BODY_WITHIN, Refusal, whole_body
from tgk.context import Invocation, show_nothing
from tgk.errors import TgkError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from tgk.context import Show
    from tgk.dispatcher import Dispatcher
    from tgk.guard import Directory
    from tgk.reply import Reply

_MOST_WAITING = 100


class Asked(BaseModel):
    """What the terminal asks of the bot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    raw: dict[str, Any] = {}
    user: Annotated[str, StringConstraints(max_length=64)] = ""
    delivery: Annotated[str, StringConstraints(max_length=128)] = ""
    confirmed: bool = False
    option: str = ""
    partial: str = ""


@dataclass(frozen=True, slots=True)
class OperatorSocket:
    """Runs commands for the terminal: progress and outcome as one JSON object a line."""

    dispatcher: Dispatcher
    directory: Directory
    simulated: bool = False
    body_within: float = BODY_WITHIN

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
        try:
            asked = await self._asked(request)
        except Refusal as refusal:
            return _refused(refusal)
        return StreamingResponse(self._lines(asked), media_type="application/x-ndjson")

    async def complete(self, request: Request) -> Response:
        """Return values for a half-typed option."""
        try:
            asked = await self._asked(request)
        except Refusal as refusal:
            return _refused(refusal)
        view = self.dispatcher.view(self._invocation(asked, show_nothing))
        try:
            values = await view.complete(asked.name, asked.option, asked.partial, asked.raw)
        except TgkError:
            values = ()  # a line that cannot run has nothing to offer
        return JSONResponse(list(values))

    async def _asked(self, request: Request) -> Asked:
        """Read what is asked, within bounds; raises Refusal for what ``tgk`` never sends."""
        try:
            return Asked.model_validate_json(await whole_body(request, self.body_within))
        except ValidationError:
            why = "this is not what tgk sends; is it of another version?"
            raise Refusal(400, why) from None

    async def _lines(self, asked: Asked) -> AsyncIterator[bytes]:
        """Yield what happens; a client that goes away does not stop a change."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)

        async def show(reply: Reply) -> None:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(_packed("progress", reply.model_dump(mode="json")))

        async def work() -> None:
            invocation = self._invocation(asked, show)
            outcome = await self.dispatcher.run(invocation)
            told = {"known": invocation.caller.known, "simulated": self.simulated}
            await queue.put(_packed("outcome", outcome.model_dump(mode="json"), **told))
            await queue.put(None)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())
            while (line := await queue.get()) is not None:
                yield line

    def _invocation(self, asked: Asked, show: Show) -> Invocation:
        caller = self.directory.resolve("cli", asked.user, name=asked.user, channel="terminal")
        return Invocation(
            name=asked.name,
            raw=asked.raw,
            caller=caller,
            delivery=f"cli:{asked.delivery or uuid.uuid4()}",  # two without are not one
            door="cli",
            confirmed=asked.confirmed,
            show=show,
        )


def _refused(refusal: Refusal) -> Response:
    return JSONResponse({"error": refusal.why}, refusal.status)


def _packed(kind: str, value: object, **told: bool) -> bytes:
    return orjson.dumps({"kind": kind, "value": value, **told}) + b"\n"
