"""Loki, answered for by a loopback server with payloads of the shape that Loki sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from werkzeug import Request, Response

from integrations.http import Patience
from integrations.levels import level_of
from integrations.loki import LokiLogs
from tgk.discovery import Service
from tgk.errors import Rejected, Unavailable
from tgk.ports.logs import LogQuery
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_httpserver import HTTPServer

PATH = "/loki/api/v1/query_range"
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SECOND = 1_000_000_000
NOW_NS = 1_768_478_400 * SECOND


def service(selector: str = '{app="api"}') -> Service:
    """Return a service with a selector."""
    return Service.model_validate(
        {"kubernetes": {"deployment": "api"}, "logs": {"selector": selector}}
    )


def payload(*streams: tuple[dict[str, str], list[tuple[int, str]]]) -> dict[str, object]:
    """Return what Loki 3 answers to a query_range."""
    return {
        "status": "success",
        "data": {
            "resultType": "streams",
            "result": [
                {"stream": labels, "values": [[str(ns), line] for ns, line in values]}
                for labels, values in streams
            ],
            "stats": {"summary": {"bytesProcessedPerSecond": 1, "execTime": 0.001}},
        },
    }


class Store:
    """Answers by start, end and limit, newest first, as Loki does."""

    def __init__(self, *lines: tuple[int, str]) -> None:
        self.lines = sorted(lines, reverse=True)
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: Request) -> Response:
        """Answer one query_range."""
        asked = {name: request.args[name] for name in request.args}
        self.asked.append(asked)
        start, end, limit = int(asked["start"]), int(asked["end"]), int(asked["limit"])
        found = [line for line in self.lines if start <= line[0] < end][:limit]
        body = json.dumps(payload(({"app": "api"}, found)))
        return Response(body, content_type="application/json; charset=UTF-8")


@pytest.fixture
async def loki(httpserver: HTTPServer) -> AsyncIterator[LokiLogs]:
    """The client, at a fixed time, with a token and a tenant."""
    async with LokiLogs(
        httpserver.url_for(""),
        clock=FakeClock(NOW, flows=True),
        token=SecretStr("t0ken"),
        tenant="sovereignty",
        patience=Patience(timeout=2),
    ) as opened:
        yield opened


async def asked_for(
    httpserver: HTTPServer, loki: LokiLogs, query: LogQuery, selector: str = '{app="api"}'
) -> dict[str, str]:
    """Return the parameters of the request that a query leads to."""
    store = Store()
    httpserver.expect_request(PATH).respond_with_handler(store)
    await loki.tail("api", service(selector), "production", query)
    return store.asked[0]


async def test_lines_come_oldest_first_with_their_levels(
    httpserver: HTTPServer, loki: LokiLogs
) -> None:
    """Streams are merged by time; labels, Loki's guess and the line itself give the level."""
    httpserver.expect_request(
        PATH, headers={"Authorization": "Bearer t0ken", "X-Scope-OrgID": "sovereignty"}
    ).respond_with_json(
        payload(
            ({"app": "api", "level": "ERROR"}, [(NOW_NS - SECOND, "boom")]),
            ({"app": "api", "detected_level": "unknown"}, [(NOW_NS - 3 * SECOND, "started")]),
            (
                {"app": "api", "detected_level": "warn"},
                [(NOW_NS - 2 * SECOND + 123_456_789, "slow"), (NOW_NS - 4 * SECOND, "slower")],
            ),
        )
    )

    page = await loki.tail("api", service(), "production", LogQuery())

    assert [line.text for line in page.lines] == ["slower", "started", "slow", "boom"]
    assert [line.level for line in page.lines] == ["warn", None, "warn", "error"]
    assert page.lines[2].at == NOW - timedelta(seconds=2) + timedelta(microseconds=123_456)
    assert (page.source, page.more) == ("loki", False)


async def test_more_is_known_by_asking_for_one_more(httpserver: HTTPServer, loki: LokiLogs) -> None:
    """The newest are kept; exactly as many as wanted means that nothing older exists."""
    store = Store(*[(NOW_NS - n * SECOND, f"line {n}") for n in range(3)])
    httpserver.expect_request(PATH).respond_with_handler(store)

    two = await loki.tail("api", service(), "production", LogQuery(limit=2))
    three = await loki.tail("api", service(), "production", LogQuery(limit=3))

    assert ([line.text for line in two.lines], two.more) == (["line 1", "line 0"], True)
    assert (len(three.lines), three.more) == (3, False)
    assert [asked["limit"] for asked in store.asked] == ["3", "4"]
    assert store.asked[0]["direction"] == "backward"


async def test_the_time_bounds_are_sent(httpserver: HTTPServer, loki: LokiLogs) -> None:
    """``since`` counts back from now, and a line at ``before`` itself is included."""
    before = NOW - timedelta(minutes=10)
    asked = await asked_for(httpserver, loki, LogQuery(since=timedelta(hours=1), before=before))

    assert int(asked["start"]) == NOW_NS - 3600 * SECOND
    assert int(asked["end"]) == NOW_NS - 600 * SECOND + 1000


async def test_a_page_before_the_window_is_empty(httpserver: HTTPServer, loki: LokiLogs) -> None:
    """An impossible window is not even asked for."""
    query = LogQuery(since=timedelta(minutes=1), before=NOW - timedelta(hours=1))

    page = await loki.tail("api", service(), "production", query)

    assert (page.lines, page.more) == ((), False)
    assert httpserver.log == []


@pytest.mark.parametrize(
    ("contains", "filtered"),
    [
        ("timeout", '|= "timeout"'),
        ('a"} or {app="x', r'|= "a\"} or {app=\"x"'),
        ("back\\slash", r'|= "back\\slash"'),
        ("two\nlines\t`", r'|= "two\nlines\t`"'),
        ("nul\x00", r'|= "nul\u0000"'),
        ("naïve 🚀", '|= "naïve 🚀"'),
        ("lone \ud800", '|= "lone ?"'),
    ],
)
async def test_a_searched_text_cannot_leave_its_string(
    httpserver: HTTPServer, loki: LokiLogs, contains: str, filtered: str
) -> None:
    """Quotes, backslashes, line breaks and odd characters are escaped as Go reads them."""
    asked = await asked_for(httpserver, loki, LogQuery(contains=contains))

    assert asked["query"] == f'{{app="api"}} {filtered}'


async def test_placeholders_of_the_selector_are_filled(
    httpserver: HTTPServer, loki: LokiLogs
) -> None:
    """The operator decides where the environment stands."""
    selector = '{namespace="{environment}", app="{service}"}'
    asked = await asked_for(httpserver, loki, LogQuery(), selector)

    assert asked["query"] == '{namespace="production", app="api"}'


async def test_a_name_that_could_do_more_is_refused(loki: LokiLogs) -> None:
    """A quote in an environment's name never reaches the query."""
    with pytest.raises(Rejected, match="name of the environment"):
        await loki.tail("api", service('{n="{environment}"}'), 'x"} or {', LogQuery())


async def test_a_service_without_selector_says_what_to_set(loki: LokiLogs) -> None:
    """The remedy names the key."""
    with pytest.raises(Rejected, match=r"services\.api\.logs\.selector"):
        await loki.tail("api", service(""), "production", LogQuery())


async def test_lower_levels_are_left_out_on_both_sides(
    httpserver: HTTPServer, loki: LokiLogs
) -> None:
    """Labels are filtered by Loki, what only the line says is filtered here, the rest is kept."""
    store = Store(
        (NOW_NS - 4 * SECOND, "level=info started"),
        (NOW_NS - 3 * SECOND, "level=warn slow"),
        (NOW_NS - 2 * SECOND, '{"level":"debug","msg":"x"}'),
        (NOW_NS - SECOND, "no level at all"),
    )
    httpserver.expect_request(PATH).respond_with_handler(store)

    page = await loki.tail("api", service(), "production", LogQuery(level="warn"))

    assert [line.text for line in page.lines] == ["level=warn slow", "no level at all"]
    assert "| level!~" in store.asked[0]["query"]
    assert "|debug|" in store.asked[0]["query"]
    assert "warn" not in store.asked[0]["query"]


async def test_filtered_lines_are_made_up_for_from_older_ones(
    httpserver: HTTPServer, loki: LokiLogs
) -> None:
    """When most of a batch falls away, larger ones follow, and no line is lost or doubled."""
    lines = [(NOW_NS - n // 3 * SECOND, f"level={'error' if n % 7 == 6 else 'info'} {n}")
             for n in range(200)]  # fmt: skip
    store = Store(*lines)
    httpserver.expect_request(PATH).respond_with_handler(store)
    every = [n for n in range(200) if n % 7 == 6]

    for limit in (1, 3, 10, 27):
        page = await loki.tail("api", service(), "production", LogQuery(limit, level="error"))
        found = sorted(int(line.text.split()[1]) for line in page.lines)
        assert found == every[:limit]
        assert page.more

    page = await loki.tail("api", service(), "production", LogQuery(28, level="error"))
    assert (len(page.lines), page.more) == (28, False)


async def test_lines_of_one_nanosecond_lead_on(httpserver: HTTPServer, loki: LokiLogs) -> None:
    """A batch that is all of one moment does not stop the search before older lines."""
    moment = [(NOW_NS - SECOND, f"level=info {n}") for n in range(4)]
    store = Store(*moment, (NOW_NS - 2 * SECOND, "level=error older"))
    httpserver.expect_request(PATH).respond_with_handler(store)

    page = await loki.tail("api", service(), "production", LogQuery(limit=3, level="error"))

    assert [line.text for line in page.lines] == ["level=error older"]
    assert not page.more


async def test_a_search_through_chaff_ends(httpserver: HTTPServer, loki: LokiLogs) -> None:
    """After a few batches the page says that there is more, instead of reading for ever."""
    store = Store(*[(NOW_NS - n * SECOND, "level=info x") for n in range(3000)])
    httpserver.expect_request(PATH).respond_with_handler(store)

    page = await loki.tail("api", service(), "production", LogQuery(limit=1, level="error"))

    assert (page.lines, page.more) == ((), True)
    assert len(store.asked) == 6


async def test_a_bad_query_tells_what_loki_says(httpserver: HTTPServer, loki: LokiLogs) -> None:
    """Loki answers parse errors as plain text."""
    httpserver.expect_request(PATH).respond_with_data(
        "parse error at line 1, col 2: syntax error\n", 400, content_type="text/plain"
    )

    with pytest.raises(Rejected, match="col 2: syntax error"):
        await loki.tail("api", service(), "production", LogQuery())


@pytest.mark.parametrize("body", ["<html>", "{}", '{"data":{"resultType":"matrix","result":[]}}'])
async def test_an_answer_of_another_shape_is_rejected(
    httpserver: HTTPServer, loki: LokiLogs, body: str
) -> None:
    """A proxy's page or a metric query is not taken for empty logs."""
    httpserver.expect_request(PATH).respond_with_data(body)

    with pytest.raises(Rejected, match="shape"):
        await loki.tail("api", service(), "production", LogQuery())


async def test_a_failing_loki_is_unavailable(httpserver: HTTPServer, loki: LokiLogs) -> None:
    """After three attempts the reader learns that it is down, not that there are no lines."""
    httpserver.expect_request(PATH).respond_with_data(status=503)

    with pytest.raises(Unavailable):
        await loki.tail("api", service(), "production", LogQuery())

    assert len(httpserver.log) == 3


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level":"warning","msg":"x"}', "warn"),
        ('ts=1 severity=CRITICAL msg="x"', "error"),
        ("2026-01-15 12:00:00,123 ERROR app: no", "error"),
        ("[INFO] ready", "info"),
        ("E0115 12:00:00.123456 1 main.go:1] no", "error"),
        ("level=strange but DEBUG", "debug"),
        ("terrorised INFORMATION", None),
        ("", None),
    ],
)
def test_a_line_says_its_level(line: str, level: str | None) -> None:
    """JSON, logfmt, klog and plain words are read; anything else stays unknown."""
    assert level_of(line) == level
