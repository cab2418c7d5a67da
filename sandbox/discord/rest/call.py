"""One REST call with its body read, whichever way it was sent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import BodyPartReader, web

from sandbox.discord.errors import Refused
from sandbox.wire import Json, Upload, kind_of

if TYPE_CHECKING:
    from sandbox.discord.state import DiscordState


@dataclass(frozen=True, slots=True)
class Call:
    """What a route gets; ``names`` are the parts of the path, ``files`` keep their field names."""

    state: DiscordState
    names: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    files: Mapping[str, Upload] = field(default_factory=dict)

    @property
    def form(self) -> Json:
        """Return the body as an object; anything else is refused."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise Refused(400, 50109, "The request body contains invalid JSON.")
        return self.body


Route: TypeAlias = tuple[str, str, Callable[[Call], Awaitable[Any]]]


async def read_body(request: web.Request) -> tuple[Any, dict[str, Upload]]:
    """Return the JSON of a request and its files."""
    if request.content_type == "multipart/form-data":
        return await _read_parts(request)
    raw = await request.read()
    return (_parsed(raw), {}) if raw else (None, {})


def _parsed(raw: bytes | str) -> Any:
    try:
        return json.loads(raw)
    except ValueError as error:
        raise Refused(400, 50109, "The request body contains invalid JSON.") from error


async def _read_parts(request: web.Request) -> tuple[Any, dict[str, Upload]]:
    body: Any = None
    files = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise Refused(400, 50035, "Invalid Form Body")
        if part.name == "payload_json":
            body = _parsed(await part.text())
        elif part.filename is not None:
            kind = kind_of(part.filename, part.headers.get("Content-Type"))
            content = bytes(await part.read())
            files[part.name or "files[0]"] = Upload(part.filename, content, kind)
    return body, files
