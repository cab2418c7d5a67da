"""The body of a request: read within bounds of size and of time, and verified."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from pydantic import SecretStr
    from starlette.requests import Request

MOST_BYTES = 8 * 1024 * 1024
BODY_WITHIN = 10.0
SMALL_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that is answered before its content is looked at."""

    status: int
    why: str


class LargeBodies:
    """Room for a few large bodies at once: what nobody vouches for yet cannot fill the memory."""

    def __init__(self, most: int = 8) -> None:
        self._left = most

    def take(self) -> bool:
        """Take a place; raises Refusal when there is none."""
        if not self._left:
            raise Refusal(503, "too many large bodies at once; try again later")
        self._left -= 1
        return True

    def give_back(self) -> None:
        """Let go of a place."""
        self._left += 1


async def whole_body(
    request: Request,
    within: float = BODY_WITHIN,
    *,
    most: int = MOST_BYTES,
    large: LargeBodies | None = None,
) -> bytes:
    """Read the body whole, whatever its headers claim; raises Refusal beyond the bounds."""
    room, held = large or LargeBodies(), False
    parts, size = [], 0
    try:
        async with asyncio.timeout(within):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise Refusal(413, f"more than {most} bytes")
                held = held or (size > SMALL_BYTES and room.take())
                parts.append(part)
    except TimeoutError:
        raise Refusal(408, f"the body took longer than {within:g} s") from None
    except ClientDisconnect:
        raise Refusal(400, "the body was cut off") from None
    finally:
        if held:
            room.give_back()
    return b"".join(parts)


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body is; raises Refusal for anything else."""
    try:
        payload = orjson.loads(body)
        orjson.dumps(payload)  # what is nested too deep to be written again cannot be kept
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "the body is not JSON") from error
    except orjson.JSONEncodeError as error:
        raise Refusal(400, "the body is nested too deep") from error
    if not isinstance(payload, dict):
        raise Refusal(400, "the body is not a JSON object")
    return payload


def require_signature(given: str, secret: SecretStr, message: bytes) -> None:
    """Accept ``sha256=`` and the HMAC of a message in hex; raises Refusal for anything else."""
    digest = hmac.new(secret.get_secret_value().encode(), message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given.encode(), f"sha256={digest}".encode()):
        raise Refusal(401, "the signature does not match")
