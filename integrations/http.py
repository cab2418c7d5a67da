"""One retry, timeout and redaction policy for every outward HTTP call."""

from __future__ import annotations

import asyncio
import json as jsonlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import SplitResult, quote, quote_plus, urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from integrations.circuit import Circuit
from integrations.verdict import judge
from tgk.errors import ConfigurationInvalid, Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import httpx

    from tgk.ports.time import Clock

Shape = TypeVar("Shape", bound=BaseModel)
Params = dict[str, str | int | float | bool]

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that was read to its end; header names are in lower case."""

    system: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body; raises Rejected when it is not JSON."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise self._unreadable("It answered with something that is not JSON.") from error

    def read(self, shape: type[Shape]) -> Shape:
        """Return the body as a record; raises Rejected when it has another shape."""
        try:
            return shape.model_validate_json(self.body)
        except ValidationError:
            # The cause quotes the body, which may hold secrets.
            raise self._unreadable("It answered in a shape that is not known here.") from None

    def _unreadable(self, why: str) -> Rejected:
        remedy = f"Check that the address of {self.system} leads to {self.system} itself."
        return Rejected(self.system, why, status=self.status, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    method: str
    path: str
    params: Params
    json: object
    text: str | None
    headers: Mapping[str, str]
    idempotent: bool
    missing: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for a system and how often to ask again."""

    timeout: float = 10.0
    """Seconds for one attempt, from connecting to the last byte."""
    retries: int = 2
    """Further attempts of a call that may be repeated."""
    backoff: float = 0.25
    """Seconds before the second attempt; doubled before each later one."""
    longest_wait: float = 5.0
    """A longer Retry-After is handed to the caller instead of waited for."""
    failures: int = 5
    """Failed calls in a row that open the circuit."""
    rest: float = 30.0
    """Seconds that an open circuit refuses calls."""


@dataclass(slots=True)
class _Secrets:
    """What must never be seen in an error."""

    values: set[str] = field(default_factory=set)

    def hide(self, text: str) -> str:
        for value in sorted(self.values, key=len, reverse=True):
            text = text.replace(value, "[hidden]")
        return text


class HttpPort:
    """Speaks to one system; every failure becomes Unavailable, Rejected or Missing.

    Calls that may be repeated are retried; nothing follows redirects; nothing compressed is read;
    no token and no address appears in an error or a log. Header values may be SecretStr. ``at`` is
    the address that the host's name is known to have; it is not looked up again.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        clock: Clock,
        headers: Mapping[str, str | SecretStr] | None = None,
        patience: Patience | None = None,
        max_body: int = 4 * 1024 * 1024,
        at: str = "",
    ) -> None:
        self.system = system
        parts = urlsplit(_checked_address(system, base_url))
        self._named = {"Host": parts.netloc} if at else {}
        self._certified = {"sni_hostname": parts.hostname} if at else {}
        self._base_url = _placed(parts, at) if at else base_url
        self._clock = clock
        self._headers = dict(headers or {})
        self._patience = patience or Patience()
        self._max_body = max_body
        self._secrets = _Secrets(_secrets_of(base_url, self._headers))
        self._client: httpx.AsyncClient | None = None
        self.circuit = Circuit(
            system, clock, failures=self._patience.failures, rest=self._patience.rest
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; a later call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        missing: tuple[str, str] | None = None,
    ) -> Answer:
        """Return the answer of a call that succeeded (2xx, or 304).

        ``path`` starts with a slash and is quoted already; ``text`` is a body that is written
        already. ``idempotent`` is true for reads unless said otherwise. ``missing`` is the
        (kind, name) that a 404 means.
        Raises Unavailable, Rejected, and Missing where ``missing`` is given.
        """
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError("path must start with one slash")
        call = _Call(
            method=method.upper(),
            path=path,
            params=params or {},
            json=json,
            text=text,
            headers=headers or {},
            idempotent=method.upper() in _REPEATABLE if idempotent is None else idempotent,
            missing=missing,
        )
        with self.circuit.call():
            return await self._with_retries(call)

    async def _with_retries(self, call: _Call) -> Answer:
        wait = self._patience.backoff
        for left in range(self._patience.retries if call.idempotent else 0, -1, -1):
            try:
                return await self._once(call)
            except TimedOut:
                # Whoever waits has waited long enough: a second attempt would double it.
                raise
            except Unavailable as error:
                pause = wait if error.retry_after is None else error.retry_after
                if left == 0 or pause > self._patience.longest_wait:
                    raise
            await self._clock.sleep(pause)
            wait *= 2
        raise AssertionError  # pragma: no cover - the loop returns or raises

    async def _once(self, call: _Call) -> Answer:
        import httpx

        unknown = "" if call.idempotent else " Whether it was done is not known."
        try:
            async with asyncio.timeout(self._patience.timeout):
                answer = await self._exchange(call)
        except (TimeoutError, httpx.TimeoutException) as error:
            why = f"It took longer than {self._patience.timeout:g} s.{unknown}"
            raise TimedOut(self.system, why) from error
        except httpx.ConnectError as error:
            raise Unavailable(self.system, "It cannot be reached.") from error
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            # The cause quotes the header, and with it the token.
            raise Rejected(
                self.system,
                "The request cannot be written as HTTP.",
                remedy=f"Check the token of {self.system} for line breaks and odd characters.",
            ) from None
        except httpx.TransportError as error:
            raise Unavailable(self.system, f"The connection broke.{unknown}") from error
        failure = judge(answer, missing=call.missing, hide=self._secrets.hide, clock=self._clock)
        if failure is not None:
            raise failure
        return answer

    async def _exchange(self, call: _Call) -> Answer:
        client = self._opened()
        async with client.stream(
            call.method,
            call.path,
            params=call.params or None,
            json=call.json,
            content=call.text,
            headers=dict(call.headers),
            extensions=self._certified,
        ) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                # A few compressed bytes can stand for gigabytes.
                why = "It sent a compressed answer that was not asked for."
                raise Rejected(self.system, why, status=response.status_code)
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._max_body:
                    raise Rejected(
                        self.system,
                        f"It answered with more than {self._max_body} bytes.",
                        status=response.status_code,
                        remedy="Ask for less.",
                    )
        return Answer(self.system, response.status_code, dict(response.headers), bytes(body))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            # Its own log lines hold whole addresses, query and credentials included.
            for name in ("httpx", "httpcore"):
                logging.getLogger(name).setLevel(logging.WARNING)
            self._client = httpx.AsyncClient(
                base_url=self._base_url,
                headers={
                    "Accept-Encoding": "identity",
                    **self._named,
                    **{name: _plain(value) for name, value in self._headers.items()},
                },
                timeout=self._patience.timeout,
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
                follow_redirects=False,
                trust_env=False,
            )
        return self._client


class TimedOut(Unavailable):
    """An Unavailable that is not worth a second wait."""


def quoted(segment: str) -> str:
    """Return a name as one path segment that cannot branch or climb."""
    return quote(segment, safe="") if segment.strip(".") else segment.replace(".", "%252E")


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _placed(parts: SplitResult, at: str) -> str:
    """Return an address whose host is an address of the network already."""
    host = f"[{at}]" if ":" in at else at
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()


def _checked_address(system: str, base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationInvalid(
            f"The address of {system} cannot be used.",
            ["It must look like https://host or http://host:port/path."],
        )
    return base_url


def _secrets_of(base_url: str, headers: Mapping[str, str | SecretStr]) -> set[str]:
    parts = urlsplit(base_url)
    found = {parts.password or "", parts.query, base_url}
    for value in headers.values():
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            found |= {secret, *secret.split()[1:]}
    found |= {quote_plus(value) for value in found}
    return {value for value in found if len(value) > 3}  # noqa: PLR2004 - shorter would hide words
