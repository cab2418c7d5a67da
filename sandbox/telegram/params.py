"""The arguments of one Bot API call, whichever way they were sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from sandbox.telegram.errors import bad_request
from sandbox.wire import Json, Upload, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Params:
    """Typed access to what was sent; a missing required argument is the caller's 400."""

    values: Mapping[str, Any]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def integer(self, name: str) -> int | None:
        """Return an argument as a number, or None when it was not given."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except ValueError as error:
            raise bad_request(f"parameter {name} must be of type Integer") from error

    def flag(self, name: str) -> bool:
        """Return whether an argument is on."""
        return str(self.values.get(name, "")).lower() in {"true", "1"}

    def structure(self, name: str) -> Any:
        """Return an argument that is JSON, or None when it was not given."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad_request(f"can't parse {name} JSON object") from error

    def upload(self, name: str) -> Upload | None:
        """Return the file that came as this argument or that it points to."""
        pointed = self.text(name).removeprefix("attach://")
        return self.files.get(name) or self.files.get(pointed)


async def read_params(request: web.Request) -> Params:
    """Return the arguments of a request: query, form, multipart or JSON."""
    values: Json = dict(request.query)
    if request.content_type == "application/json":
        return Params({**values, **(await request.json())})
    if request.content_type == "multipart/form-data":
        return await _read_parts(request, values)
    return Params({**values, **(await request.post())})


async def _read_parts(request: web.Request, values: Json) -> Params:
    files = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise bad_request("nested multipart is not supported")
        name = part.name or ""
        if part.filename is None:
            values[name] = await part.text()
        else:
            kind = kind_of(part.filename, part.headers.get("Content-Type"))
            files[name] = Upload(part.filename, bytes(await part.read()), kind)
    return Params(values, files)
