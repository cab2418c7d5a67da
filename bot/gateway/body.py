"""The body of a request, read within bounds of size and of time, whoever sends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BYTES = 8 * 1024 * 1024
BODY_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that is answered before its content is looked at."""

    status: int
    why: str


async def whole_body(request: Request, within: float = BODY_WITHIN) -> bytes:
    """Read the body whole, whatever its headers claim; raises Refusal beyond the bounds."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(within):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BYTES:
                    raise Refusal(413, f"more than {MOST_BYTES} bytes")
                parts.append(part)
    except TimeoutError:
        raise Refusal(408, f"the body took longer than {within:g} s") from None
    except ClientDisconnect:
        raise Refusal(400, "the body was cut off") from None
    return b"".join(parts)
