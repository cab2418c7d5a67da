"""What every source of log lines promises: the fake, Loki and CloudWatch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr
from werkzeug import Request, Response

from integrations.cloudwatch import CloudWatchLogs
from integrations.loki import LokiLogs
from integrations.off import OffLogs
from tgk.discovery import Service
from tgk.errors import Unavailable
from tgk.ports.logs import LogLine, LogQuery
from tgk.testing.clock import FakeClock
from tgk.testing.logs import FakeLogs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytest_httpserver import HTTPServer

    from tgk.ports.logs import Level, Logs

NOW = datetime.now(UTC).replace(microsecond=0)
LOKI = Service.model_validate(
    {"kubernetes": {"deployment": "api"}, "logs": {"selector": '{app="api"}'}}
)
CLOUDWATCH = Service.model_validate(
    {"kubernetes": {"deployment": "api"}, "logs": {"source": "cloudwatch", "group": "/api"}}
)


class World(Protocol):
    """A source of lines, and the hand that writes them."""

    logs: Logs
    service: Service

    def write(self, *lines: tuple[int, str, Level | None]) -> None:
        """Write lines: age in seconds, text, and the level that the text shows."""

    def break_down(self) -> None:
        """Let every call fail from now on."""


class FakeWorld:
    """The fake."""

    service = LOKI

    def __init__(self) -> None:
        self.logs = FakeLogs(FakeClock(NOW))

    def write(self, *lines: tuple[int, str, Level | None]) -> None:
        """Put lines."""
        self.logs.put(
            "api",
            "production",
            [LogLine(NOW - timedelta(seconds=age), text, level) for age, text, level in lines],
        )

    def break_down(self) -> None:
        """Order failures."""
        self.logs.faults.order(Unavailable("Loki", "It is down."), times=None)


class LokiWorld:
    """The real client against a server that answers by start, end, limit and text."""

    service = LOKI

    def __init__(self, logs: LokiLogs, server: HTTPServer) -> None:
        self.logs = logs
        self.server = server
        self.lines: list[tuple[int, str]] = []
        server.expect_request("/loki/api/v1/query_range").respond_with_handler(self._answer)

    def write(self, *lines: tuple[int, str, Level | None]) -> None:
        """Keep lines in nanoseconds."""
        at = int(NOW.timestamp()) * 1_000_000_000
        self.lines += [(at - age * 1_000_000_000, text) for age, text, _ in lines]
        self.lines.sort(reverse=True)

    def break_down(self) -> None:
        """Answer everything with an error."""
        self.server.clear()
        self.server.expect_request("/loki/api/v1/query_range").respond_with_data(status=503)

    def _answer(self, request: Request) -> Response:
        start, end, limit = (int(request.args[name]) for name in ("start", "end", "limit"))
        _, found, literal = request.args["query"].partition(' |= "')
        wanted = json.loads(f'"{literal.split(" | level")[0]}') if found else ""
        kept = [line for line in self.lines if start <= line[0] < end and wanted in line[1]]
        values = [[str(at), text] for at, text in kept[:limit]]
        result = [{"stream": {"app": "api"}, "values": values}] if values else []
        body = {"status": "success", "data": {"resultType": "streams", "result": result}}
        return Response(json.dumps(body), content_type="application/json")


class CloudWatchWorld:
    """The real client against moto."""

    service = CLOUDWATCH

    def __init__(self, logs: CloudWatchLogs, url: str) -> None:
        self.logs = logs
        self.client = boto3.client(
            "logs",
            endpoint_url=url,
            region_name="eu-central-1",
            aws_access_key_id="k",
            aws_secret_access_key="s",
        )
        self.client.create_log_group(logGroupName="/api")
        self.client.create_log_stream(logGroupName="/api", logStreamName="a")

    def write(self, *lines: tuple[int, str, Level | None]) -> None:
        """Put events."""
        at = int(NOW.timestamp()) * 1000
        self.client.put_log_events(
            logGroupName="/api",
            logStreamName="a",
            logEvents=[
                {"timestamp": at - age * 1000, "message": text}
                for age, text, _ in sorted(lines, reverse=True)
            ],
        )

    def break_down(self) -> None:
        """Look where nobody listens."""
        self.logs = cloudwatch("http://127.0.0.1:1")


def cloudwatch(url: str) -> CloudWatchLogs:
    """Return the client for an address."""
    return CloudWatchLogs(
        clock=FakeClock(NOW, flows=True),
        region="eu-central-1",
        endpoint_url=url,
        access_key_id="k",
        secret_access_key=SecretStr("s"),
    )


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The address of a simulated AWS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["fake", "loki", "cloudwatch"])
async def world(
    request: pytest.FixtureRequest, httpserver: HTTPServer, aws: str
) -> AsyncIterator[World]:
    """Each implementation in turn."""
    if request.param == "fake":
        yield FakeWorld()
    elif request.param == "loki":
        clock = FakeClock(NOW, flows=True)
        async with LokiLogs(httpserver.url_for(""), clock=clock) as loki:
            yield LokiWorld(loki, httpserver)
    else:
        async with cloudwatch(aws) as logs:
            opened = CloudWatchWorld(logs, aws)
            yield opened
            opened.client.delete_log_group(logGroupName="/api")
            opened.client.close()


async def texts(world: World, query: LogQuery) -> tuple[list[str], bool]:
    """Return the lines of a page, and whether there are older ones."""
    page = await world.logs.tail("api", world.service, "production", query)
    assert page.source == world.service.logs.source
    return [line.text for line in page.lines], page.more


async def test_the_newest_lines_come_oldest_first(world: World) -> None:
    """However they were written."""
    world.write((30, "b", None), (90, "a", None), (10, "c", None))

    assert await texts(world, LogQuery(limit=2)) == (["b", "c"], True)
    assert await texts(world, LogQuery(limit=3)) == (["a", "b", "c"], False)


async def test_no_lines_are_an_empty_page(world: World) -> None:
    """Silence is not a failure."""
    assert await texts(world, LogQuery()) == ([], False)


async def test_the_window_includes_both_ends(world: World) -> None:
    """Not older than since, not after before."""
    world.write(*[(age, f"{age}", None) for age in (61, 60, 40, 20, 19)])

    query = LogQuery(since=timedelta(seconds=60), before=NOW - timedelta(seconds=20))

    assert await texts(world, query) == (["60", "40", "20"], False)


async def test_paging_back_reaches_the_first_line(world: World) -> None:
    """The time of the oldest line of a page leads to the page before it."""
    world.write(*[(age, f"{age}", None) for age in range(5, 0, -1)])

    newest = await world.logs.tail("api", world.service, "production", LogQuery(limit=3))
    before = newest.lines[0].at - timedelta(milliseconds=1)

    assert await texts(world, LogQuery(limit=3, before=before)) == (["5", "4"], False)


async def test_levels_are_kept_from_the_lowest_wanted(world: World) -> None:
    """Lines that do not say are kept."""
    world.write(
        (4, "level=debug a", "debug"),
        (3, "level=error b", "error"),
        (2, "c", None),
        (1, "level=info d", "info"),
    )

    assert await texts(world, LogQuery(level="warn")) == (["level=error b", "c"], False)
    every = ["level=debug a", "level=error b", "c", "level=info d"]
    assert await texts(world, LogQuery(level="debug")) == (every, False)


@pytest.mark.parametrize("wanted", ["needle", 'a "b"', "a\\b", "%?*[x]{y}", "Ünï"])
async def test_a_text_is_found_literally(world: World, wanted: str) -> None:
    """Upper and lower case count, and signs mean themselves."""
    world.write((3, f"<{wanted}>", None), (2, "<needl", None), (1, "<NEEDLE>", None))

    found, more = await texts(world, LogQuery(contains=f"<{wanted}"))

    assert (found, more) == ([f"<{wanted}>"], False)


async def test_a_broken_source_is_unavailable(world: World) -> None:
    """Which is not the same as no lines."""
    world.break_down()

    with pytest.raises(Unavailable):
        await texts(world, LogQuery())


async def test_a_source_that_is_off_says_what_to_set() -> None:
    """The reason and the remedy are the operator's."""
    off = OffLogs("Loki", "LOKI_URL is not set.", "Set LOKI_URL.")

    with pytest.raises(Unavailable, match=r"It is off: LOKI_URL is not set\. Set LOKI_URL\."):
        await off.tail("api", LOKI, "production", LogQuery())
