"""Figures from Prometheus."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr

from integrations.http import HttpPort, Patience
from integrations.template import fill
from tgk.errors import Rejected
from tgk.ports.metrics import Vitals

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

    from tgk.discovery import Service
    from tgk.ports.time import Clock

_SYSTEM = "Prometheus"
_HISTORY = timedelta(hours=1)
_STEP = 60

_Sample = tuple[float, str]
_Series = tuple[tuple[datetime, float], ...]


class _Point(BaseModel):
    value: _Sample


class _Line(BaseModel):
    values: list[_Sample]


class _Scalar(BaseModel):
    resultType: Literal["scalar"]  # noqa: N815 - Prometheus' own spelling
    result: _Sample


class _Vector(BaseModel):
    resultType: Literal["vector"]  # noqa: N815 - Prometheus' own spelling
    result: list[_Point]


class _Matrix(BaseModel):
    resultType: Literal["matrix"]  # noqa: N815 - Prometheus' own spelling
    result: list[_Line]


class _Payload(BaseModel):
    data: Annotated[_Scalar | _Vector | _Matrix, Field(discriminator="resultType")]


class PrometheusMetrics:
    """Implements Metrics.

    A query without data gives None; a query that fails fails the whole, since a missing figure
    would read as a calm one. Of several series the highest value counts.
    """

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        token: SecretStr | None = None,
        patience: Patience | None = None,
    ) -> None:
        headers: dict[str, str | SecretStr] = {}
        if token is not None:
            headers["Authorization"] = SecretStr(f"Bearer {token.get_secret_value()}")
        self._clock = clock
        self._http = HttpPort(_SYSTEM, base_url, clock=clock, headers=headers, patience=patience)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def vitals(self, name: str, service: Service, environment: str) -> Vitals:
        """Return the figures of now and the last hour of CPU, asked for at once."""
        queries = service.metrics
        asked = {
            field: fill(_SYSTEM, query, service=name, environment=environment)
            for field, query in (
                ("cpu", queries.cpu),
                ("error_rate", queries.error_rate),
                ("latency_p95", queries.latency_p95),
            )
        }
        now = self._clock.now()
        cpu, error_rate, latency, history = await _all(
            self._now(asked["cpu"], now),
            self._now(asked["error_rate"], now),
            self._now(asked["latency_p95"], now),
            self._last_hour(asked["cpu"], now),
        )
        return Vitals(
            cpu=_latest(cpu),
            error_rate=_latest(error_rate),
            latency_p95=_latest(latency),
            cpu_history=history,
        )

    async def figure(self, query: str, at: datetime) -> float | None:
        """Return the number that a query gave at a time, None where nothing was measured."""
        return _latest(await self._now(query, at))

    async def _now(self, query: str, now: datetime) -> _Series:
        if not query.strip():
            return ()
        answer = await self._http.request(
            "GET", "/api/v1/query", params={"query": query, "time": now.timestamp()}
        )
        return _highest(answer.read(_Payload))

    async def _last_hour(self, query: str, now: datetime) -> _Series:
        if not query.strip():
            return ()
        answer = await self._http.request(
            "GET",
            "/api/v1/query_range",
            params={
                "query": query,
                "start": (now - _HISTORY).timestamp(),
                "end": now.timestamp(),
                "step": _STEP,
            },
        )
        return _highest(answer.read(_Payload))


async def _all(*asked: Coroutine[None, None, _Series]) -> list[_Series]:
    """Wait for every answer, so that nothing is left running, and raise the first failure."""
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]


def _latest(series: _Series) -> float | None:
    return series[-1][1] if series else None


def _highest(payload: _Payload) -> _Series:
    """Return one series with the highest value at each time, leaving out what is not a number."""
    highest: dict[float, float] = {}
    for at, text in _samples(payload):
        value = _number(text)
        if math.isfinite(value):
            highest[at] = max(value, highest.get(at, value))
    return tuple((datetime.fromtimestamp(at, UTC), value) for at, value in sorted(highest.items()))


def _samples(payload: _Payload) -> list[_Sample]:
    data = payload.data
    if isinstance(data, _Scalar):
        return [data.result]
    if isinstance(data, _Vector):
        return [point.value for point in data.result]
    return [sample for line in data.result for sample in line.values]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Rejected(_SYSTEM, "It answered with a figure that is not a number.") from None
