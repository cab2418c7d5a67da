"""Log lines from Loki."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, SecretStr

from integrations.http import HttpPort, Patience
from integrations.levels import is_wanted, level_of, named, spellings_below
from integrations.template import fill
from tgk.errors import Rejected
from tgk.ports.logs import LogLine, LogPage

if TYPE_CHECKING:
    from types import TracebackType

    from tgk.discovery import Service
    from tgk.ports.logs import Level, LogQuery
    from tgk.ports.time import Clock

_SYSTEM = "Loki"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 5000
_MOST_BATCHES = 6


class _Stream(BaseModel):
    stream: dict[str, str]
    values: list[tuple[str, str] | tuple[str, str, dict[str, object]]]


class _Result(BaseModel):
    resultType: Literal["streams"]  # noqa: N815 - Loki's own spelling
    result: list[_Stream]


class _Payload(BaseModel):
    data: _Result


@dataclass(frozen=True, slots=True)
class _Entry:
    ns: int
    text: str
    level: Level | None


@dataclass(frozen=True, slots=True)
class _Span:
    """From ``start`` up to, and without, ``end``, in nanoseconds."""

    start: int
    end: int


class LokiLogs:
    """Implements Logs; without ``since`` it looks back over ``lookback``."""

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        token: SecretStr | None = None,
        tenant: str = "",
        lookback: timedelta = timedelta(days=7),
        patience: Patience | None = None,
    ) -> None:
        headers: dict[str, str | SecretStr] = {"X-Scope-OrgID": tenant} if tenant else {}
        if token is not None:
            headers["Authorization"] = SecretStr(f"Bearer {token.get_secret_value()}")
        self._clock = clock
        self._lookback = lookback
        self._http = HttpPort(
            _SYSTEM,
            base_url,
            clock=clock,
            headers=headers,
            patience=patience,
            max_body=32 * 1024 * 1024,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def tail(self, name: str, service: Service, environment: str, query: LogQuery) -> LogPage:
        """Return the newest lines that fit the query."""
        expression = _expression(name, service.logs.selector, environment, query)
        span = self._span(query)
        kept: list[_Entry] = []
        batch = min(query.limit + 1, _BATCH)
        for _ in range(_MOST_BATCHES):
            entries = await self._entries(expression, span, batch)
            is_last = len(entries) < batch
            if is_last or len(kept) + len(_fitting(entries, query)) > query.limit:
                kept += _fitting(entries, query)
                break
            entries, span = _whole_moments(entries, span)
            kept += _fitting(entries, query)
            # Most of a batch fell away, so a larger one is asked for.
            batch = min(batch * 4, _BATCH)
        lines = [_line(entry) for entry in kept[: query.limit]]
        more = not is_last or len(kept) > query.limit
        return LogPage(lines=tuple(reversed(lines)), source="loki", more=more)

    def _span(self, query: LogQuery) -> _Span:
        now = self._clock.now()
        newest = query.before or now + timedelta(minutes=1)
        oldest = newest - self._lookback if query.since is None else now - query.since
        # A line of 12:00:00.1234567 reads as 12:00:00.123456, and must be found by that.
        return _Span(start=_ns(oldest), end=_ns(newest) + 1000)

    async def _entries(self, expression: str, span: _Span, limit: int) -> list[_Entry]:
        """Return the newest entries of a span, newest first."""
        if span.start >= span.end:
            return []
        answer = await self._http.request(
            "GET",
            "/loki/api/v1/query_range",
            params={
                "query": expression,
                "direction": "backward",
                "limit": limit,
                "start": str(span.start),
                "end": str(span.end),
            },
        )
        return _parsed(answer.read(_Payload))


def _fitting(entries: list[_Entry], query: LogQuery) -> list[_Entry]:
    return [entry for entry in entries if is_wanted(entry.level, query.level)]


def _whole_moments(entries: list[_Entry], span: _Span) -> tuple[list[_Entry], _Span]:
    """Return the entries of a full batch that lost none of their moment, and where to go on.

    The oldest nanosecond may have been cut in two, so it is left to the next batch.
    """
    oldest = entries[-1].ns
    whole = [entry for entry in entries if entry.ns > oldest]
    if not whole:
        return entries, _Span(span.start, oldest)
    return whole, _Span(span.start, oldest + 1)


def _expression(name: str, selector: str, environment: str, query: LogQuery) -> str:
    if not selector.strip():
        raise Rejected(
            _SYSTEM,
            f"{name} has no selector.",
            remedy=f'Set services.{name}.logs.selector, such as {{app="{name}"}}.',
        )
    parts = [fill(_SYSTEM, selector, service=name, environment=environment)]
    if query.contains:
        parts.append(f"|= {_quoted(query.contains)}")
    if query.level is not None and (below := spellings_below(query.level)):
        # What carries no such label is kept, and judged by its text when it arrives.
        low = f'"(?i)({"|".join(below)})"'
        parts.append(f"| level!~{low} | detected_level!~{low}")
    return " ".join(parts)


def _quoted(text: str) -> str:
    """Return text as a LogQL string, which is a Go string: JSON escapes are valid in it."""
    return json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False)


def _parsed(payload: _Payload) -> list[_Entry]:
    found = [
        _Entry(ns=int(value[0]), text=value[1], level=_level(stream.stream, value[1]))
        for stream in payload.data.result
        for value in stream.values
        if value[0].isdigit()
    ]
    return sorted(found, key=lambda entry: entry.ns, reverse=True)


def _level(labels: dict[str, str], text: str) -> Level | None:
    labelled = named(labels.get("level", "")) or named(labels.get("detected_level", ""))
    return labelled or level_of(text)


def _line(entry: _Entry) -> LogLine:
    at = _EPOCH + timedelta(microseconds=entry.ns // 1000)
    return LogLine(at=at, text=entry.text, level=entry.level)


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
