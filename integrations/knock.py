"""Whether somebody listens at an address, without saying anything to them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tgk.errors import Unavailable

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_CONNECT_SECONDS: Final = 3.0


async def knocked(system: str, parts: SplitResult) -> None:
    """Open a connection and close it; raises Unavailable, without the address."""
    try:
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError, ValueError, KeyError) as error:
        raise Unavailable(system, "It does not answer.") from error
    writer.close()
    with suppress(OSError):  # it answered, which is all that was asked
        await writer.wait_closed()
