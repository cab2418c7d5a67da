"""The HTTP layer under python-telegram-bot, on aiohttp: a third of the processor time of its own.

No error or log line names an address, because the token is a part of it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest

if TYPE_CHECKING:
    from telegram._utils.types import JSONDict, ODVInput
    from telegram.request import RequestData

_JSON = {"Content-Type": "application/json"}
_UPLOAD_SECONDS = 60.0
_UNNAMED_PAUSE = 5.0


class NotConnected(NetworkError):
    """Nothing reached the other side, so the request may be repeated without a doubt."""


class FloodLimit(TelegramError):
    """Telegram asks for a pause of ``seconds``.

    Stands in for the library's RetryAfter, which warns of its own future each time it is made.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"It asks for a pause of {seconds:g} s")
        self.seconds = seconds


class AiohttpRequest(BaseRequest):
    """A bounded pool of connections; opened at the first call, closed by ``shutdown``."""

    __slots__ = ("_connections", "_proxy", "_read_timeout", "_session")

    def __init__(
        self, *, connections: int = 64, read_timeout: float = 10.0, proxy: str | None = None
    ) -> None:
        self._connections = connections
        self._proxy = proxy
        self._read_timeout = read_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take when a call names no other bound."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Open the pool; a second call changes nothing."""
        self._open()

    async def shutdown(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> JSONDict:
        """Read an answer; raises TelegramError when it is no JSON."""
        try:
            answer: JSONDict = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise TelegramError("Invalid server response") from error
        return answer

    async def do_request(  # noqa: PLR0917 - the signature is the library's
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Ask once; raises NotConnected, TimedOut or NetworkError, none naming the address."""
        uploads = request_data is not None and request_data.contains_files
        read = _seconds(read_timeout, self._read_timeout)
        write = _seconds(write_timeout, _UPLOAD_SECONDS if uploads else 5.0)
        waiting = _seconds(connect_timeout, 5.0) + _seconds(pool_timeout, 5.0)
        timeout = aiohttp.ClientTimeout(
            total=read + write + waiting,
            connect=waiting,
            sock_read=read,
        )
        try:
            async with self._open().request(
                method, url, timeout=timeout, **_body(request_data)
            ) as response:
                status, payload = response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise NotConnected("Telegram cannot be reached.") from None
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            raise NetworkError(f"The connection broke ({type(error).__name__}).") from None
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise FloodLimit(_pause(self.parse_json_payload(payload)))
        return status, payload

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=60.0)
            self._session = aiohttp.ClientSession(connector=connector, proxy=self._proxy)
        return self._session


def _pause(answer: JSONDict) -> float:
    named = (answer.get("parameters") or {}).get("retry_after")
    return float(named) if isinstance(named, (int, float)) else _UNNAMED_PAUSE


def _seconds(given: ODVInput[float], default: float) -> float:
    return given if isinstance(given, (int, float)) else default


def _body(request_data: RequestData | None) -> dict[str, Any]:
    if request_data is None:
        return {}
    if not request_data.contains_files:
        return {"data": orjson.dumps(request_data.json_parameters), "headers": _JSON}
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return {"data": form}
