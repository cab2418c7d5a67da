"""Log lines from CloudWatch Logs."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Self, TypedDict, TypeVar

from integrations.circuit import Circuit
from integrations.levels import is_wanted, level_of
from integrations.template import fill
from tgk.errors import Missing, Rejected, TgkError, Unavailable
from tgk.ports.logs import LogLine, LogPage

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from botocore.exceptions import ClientError
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilterLogEventsResponseTypeDef
    from pydantic import SecretStr

    from tgk.discovery import Service
    from tgk.ports.logs import LogQuery
    from tgk.ports.time import Clock

Found = TypeVar("Found")

_SYSTEM = "CloudWatch"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_WINDOW = 60_000
_SMALLEST_WINDOW = 1_000
_PAGES_A_WINDOW = 10
_MOST_CALLS = 60
_BUSY = frozenset(
    {"ThrottlingException", "ServiceUnavailableException", "LimitExceededException", "Throttling"}
)


class _Filter(TypedDict, total=False):
    filterPattern: str


class _Continuation(TypedDict, total=False):
    nextToken: str


@dataclass(slots=True)
class _Search:
    """How far one look into the past has come; times are milliseconds, both ends included."""

    group: str
    query: LogQuery
    start: int
    end: int
    calls: int = _MOST_CALLS

    @property
    def is_over(self) -> bool:
        """Whether nothing older is wanted, or enough was asked."""
        return self.end < self.start or self.calls <= 0


class CloudWatchLogs:
    """Implements Logs; without ``since`` it looks back over ``lookback``.

    CloudWatch answers oldest first, so it is asked for windows that grow into the past. Without
    keys the usual AWS credentials apply; an empty region means theirs.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        region: str = "",
        endpoint_url: str = "",
        access_key_id: str = "",
        secret_access_key: SecretStr | None = None,
        lookback: timedelta = timedelta(days=7),
        timeout: float = 20.0,
    ) -> None:
        self._clock = clock
        self._region = region
        self._endpoint_url = endpoint_url
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._lookback = lookback
        self._timeout = timeout
        self._threads: ThreadPoolExecutor | None = None
        self._client: CloudWatchLogsClient | None = None
        self._opening = asyncio.Lock()
        self._circuit = Circuit(_SYSTEM, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        threads, self._threads = self._threads, None
        client, self._client = self._client, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
        if client is not None:
            client.close()

    async def tail(self, name: str, service: Service, environment: str, query: LogQuery) -> LogPage:
        """Return the newest lines that fit the query."""
        search = self._search(name, service.logs.group, environment, query)
        with self._circuit.call():
            try:
                async with asyncio.timeout(self._timeout):
                    found = await self._newest(search)
            except TimeoutError as error:
                why = f"It took longer than {self._timeout:g} s."
                raise Unavailable(_SYSTEM, why, remedy="Ask for a shorter time.") from error
        more = len(found) > query.limit or search.end >= search.start
        return LogPage(lines=tuple(found[: query.limit][::-1]), source="cloudwatch", more=more)

    def _search(self, name: str, group: str, environment: str, query: LogQuery) -> _Search:
        if not group:
            remedy = f"Set services.{name}.logs.group."
            raise Rejected(_SYSTEM, f"{name} has no log group.", remedy=remedy)
        now = self._clock.now()
        newest = query.before or now + timedelta(minutes=1)
        oldest = newest - self._lookback if query.since is None else now - query.since
        return _Search(
            group=fill(_SYSTEM, group, service=name, environment=environment),
            query=query,
            start=max(0, _ms(oldest)),
            end=_ms(newest),
        )

    async def _newest(self, search: _Search) -> list[LogLine]:
        """Return lines, newest first, until one more than wanted is known or all are."""
        found: list[LogLine] = []
        width = _FIRST_WINDOW
        while not search.is_over:
            begin = max(search.start, search.end - width + 1)
            lines, complete = await self._window(search, begin)
            if not complete and width > _SMALLEST_WINDOW:
                # Too many lines to reach the newest of them: look at a later part first.
                width = max(_SMALLEST_WINDOW, width // 8)
                continue
            found += reversed(lines)
            search.end = begin - 1
            if len(found) > search.query.limit:
                break
            width *= 4
        return found

    async def _window(self, search: _Search, begin: int) -> tuple[list[LogLine], bool]:
        """Return the lines from ``begin`` to the end of the search, and whether that is all."""
        lines: list[LogLine] = []
        token = ""
        for _ in range(_PAGES_A_WINDOW):
            search.calls -= 1
            page = await self._page(search, begin, token)
            for event in page["events"]:
                line = _line(event.get("timestamp", 0), event.get("message", ""))
                if _fits(line, search.query):
                    lines.append(line)
            token = page.get("nextToken", "")
            if not token:
                return sorted(lines, key=lambda line: line.at), True
            if search.calls <= 0:
                break
        return sorted(lines, key=lambda line: line.at), False

    async def _page(
        self, search: _Search, begin: int, token: str
    ) -> FilterLogEventsResponseTypeDef:
        from botocore import exceptions as aws

        further: _Continuation = {"nextToken": token} if token else {}
        try:
            client = await self._opened()
            return await self._in_thread(
                partial(
                    client.filter_log_events,
                    logGroupName=search.group,
                    startTime=begin,
                    endTime=search.end,
                    **_pattern(search.query.contains),
                    **further,
                )
            )
        except aws.ClientError as error:
            raise _verdict(error, search.group) from error
        except (aws.HTTPClientError, aws.ConnectionError) as error:
            raise Unavailable(_SYSTEM, "It cannot be reached.") from error
        except (aws.BotoCoreError, ValueError) as error:
            raise Rejected(
                _SYSTEM,
                "It cannot be asked as configured.",
                remedy="Check the AWS region, credentials and AWS_ENDPOINT_URL.",
            ) from error

    async def _opened(self) -> CloudWatchLogsClient:
        async with self._opening:
            if self._client is None:
                self._client = await self._in_thread(self._open)
            return self._client

    async def _in_thread(self, act: Callable[[], Found]) -> Found:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="cloudwatch")
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)

    def _open(self) -> CloudWatchLogsClient:
        from boto3.session import Session
        from botocore.config import Config

        secret = self._secret_access_key
        return Session(region_name=self._region or None).client(
            "logs",
            endpoint_url=self._endpoint_url or None,
            aws_access_key_id=self._access_key_id or None,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            config=Config(
                connect_timeout=3,
                read_timeout=self._timeout,
                retries={"mode": "standard", "total_max_attempts": 2},
                max_pool_connections=4,
            ),
        )


def _pattern(contains: str) -> _Filter:
    """Return a filter for the server where its pattern language can say it; we check again."""
    plain = contains.isprintable() and not set(contains) & {'"', "\\"}
    return {"filterPattern": f'"{contains}"'} if contains.strip() and plain else {}


def _fits(line: LogLine, query: LogQuery) -> bool:
    return query.contains in line.text and is_wanted(line.level, query.level)


def _line(timestamp: int, message: str) -> LogLine:
    text = message.rstrip("\n")
    return LogLine(at=_EPOCH + timedelta(milliseconds=timestamp), text=text, level=level_of(text))


def _verdict(error: ClientError, group: str) -> TgkError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "ResourceNotFoundException":
        return Missing("log group", group)
    if code in _BUSY:
        return Unavailable(_SYSTEM, "It asks to be called less often.", retry_after=1.0)
    if status >= 500:  # noqa: PLR2004 - the class of server errors
        return Unavailable(_SYSTEM, f"It answered with error {status}.")
    return Rejected(
        _SYSTEM,
        f"It refused the request ({code or status}).",
        status=status or None,
        remedy="Check the AWS credentials and what they allow.",
    )


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
