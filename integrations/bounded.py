"""A transport that never reads more than it was told to, whatever the server sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from tgk.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Raises Rejected once a body exceeds ``most`` bytes, and for compressed bodies."""

    def __init__(self, system: str, most: int) -> None:
        self._inner = httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=8))
        self._system = system
        self._most = most

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request; its answer is counted while it is read."""
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            # A few compressed bytes can stand for gigabytes.
            raise Rejected(self._system, "It sent a compressed answer that was not asked for.")
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - for the type
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Counted(response.stream, self._system, self._most),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, system: str, most: int) -> None:
        self._inner = inner
        self._system = system
        self._left = most
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            self._left -= len(part)
            if self._left < 0:
                raise Rejected(self._system, f"It answered with more than {self._most} bytes.")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
