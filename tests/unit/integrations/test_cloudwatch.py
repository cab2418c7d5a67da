"""CloudWatch against moto's server, an AWS that nobody here wrote."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr
from werkzeug import Request, Response

from integrations.cloudwatch import CloudWatchLogs
from tgk.discovery import Service
from tgk.errors import Missing, Rejected, Unavailable
from tgk.ports.logs import LogQuery
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mypy_boto3_logs import CloudWatchLogsClient
    from pytest_httpserver import HTTPServer

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The address of a simulated AWS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def writer(aws: str) -> Iterator[CloudWatchLogsClient]:
    """A client that writes to an empty log group with two streams."""
    client = boto3.client(
        "logs",
        endpoint_url=aws,
        region_name="eu-central-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
    )
    client.create_log_group(logGroupName="/apps/api-production")
    for stream in ("a", "b"):
        client.create_log_stream(logGroupName="/apps/api-production", logStreamName=stream)
    yield client
    client.delete_log_group(logGroupName="/apps/api-production")
    client.close()


def put(writer: CloudWatchLogsClient, stream: str, *lines: tuple[timedelta, str]) -> None:
    """Write lines of given ages."""
    events = sorted(
        (
            {"timestamp": int((NOW - age).timestamp() * 1000), "message": text}
            for age, text in lines
        ),
        key=lambda event: int(str(event["timestamp"])),
    )
    writer.put_log_events(
        logGroupName="/apps/api-production",
        logStreamName=stream,
        logEvents=events,  # type: ignore[arg-type]
    )


def client(url: str, **changes: Any) -> CloudWatchLogs:
    """Return the client under test."""
    given: dict[str, Any] = {
        "clock": FakeClock(NOW, flows=True),
        "region": "eu-central-1",
        "endpoint_url": url,
        "access_key_id": "k",
        "secret_access_key": SecretStr("s3cr3t-key"),
        "timeout": 10,
    }
    return CloudWatchLogs(**{**given, **changes})


@pytest.fixture
async def logs(aws: str) -> AsyncIterator[CloudWatchLogs]:
    """The client against the simulated AWS."""
    async with client(aws) as opened:
        yield opened


def service(group: str = "/apps/{service}-{environment}") -> Service:
    """Return a service that logs to a group."""
    return Service.model_validate(
        {"kubernetes": {"deployment": "api"}, "logs": {"source": "cloudwatch", "group": group}}
    )


def minutes(count: float) -> timedelta:
    """Return an age."""
    return timedelta(minutes=count)


async def test_the_newest_lines_of_all_streams_come_oldest_first(
    writer: CloudWatchLogsClient, logs: CloudWatchLogs
) -> None:
    """CloudWatch answers oldest first; what was wanted is the end."""
    put(writer, "a", (minutes(90), "first"), (minutes(3), "ERROR third"))
    put(writer, "b", (minutes(45), "level=info second"), (minutes(1), "fourth\n"))

    three = await logs.tail("api", service(), "production", LogQuery(limit=3))
    every = await logs.tail("api", service(), "production", LogQuery(limit=4))

    assert [line.text for line in three.lines] == ["level=info second", "ERROR third", "fourth"]
    assert [line.level for line in three.lines] == ["info", "error", None]
    assert (three.more, three.source) == (True, "cloudwatch")
    assert three.lines[-1].at == NOW - minutes(1)
    assert (every.lines[0].text, every.more) == ("first", False)


async def test_the_time_bounds_hold(writer: CloudWatchLogsClient, logs: CloudWatchLogs) -> None:
    """Not older than since, not after before, and before itself is included."""
    put(writer, "a", *[(minutes(age), f"{age} min") for age in (50, 40, 30, 20, 10)])

    query = LogQuery(since=minutes(45), before=NOW - minutes(20))
    page = await logs.tail("api", service(), "production", query)

    assert [line.text for line in page.lines] == ["40 min", "30 min", "20 min"]
    assert not page.more


@pytest.mark.parametrize("wanted", ["time out", 'say "no"', "back\\slash", "naïve", "?a -b"])
async def test_a_searched_text_is_taken_literally(
    writer: CloudWatchLogsClient, logs: CloudWatchLogs, wanted: str
) -> None:
    """Signs of the pattern language in the text change nothing."""
    put(writer, "a", (minutes(2), f"here: {wanted}!"), (minutes(1), "other"))

    page = await logs.tail("api", service(), "production", LogQuery(contains=wanted))

    assert [line.text for line in page.lines] == [f"here: {wanted}!"]


async def test_lower_levels_are_left_out_and_unknown_ones_kept(
    writer: CloudWatchLogsClient, logs: CloudWatchLogs
) -> None:
    """The line itself says how grave it is."""
    put(writer, "a", (minutes(3), "level=debug x"), (minutes(2), "WARN y"), (minutes(1), "z"))

    page = await logs.tail("api", service(), "production", LogQuery(level="warn"))

    assert [line.text for line in page.lines] == ["WARN y", "z"]


async def test_many_lines_are_read_page_by_page(
    writer: CloudWatchLogsClient, logs: CloudWatchLogs
) -> None:
    """More than one page of a window still ends with the newest line."""
    for part in range(3):
        put(writer, "a", *[(minutes(2), f"{part}-{n}") for n in range(5000)])
    put(writer, "a", (minutes(1.5), "newest"))

    page = await logs.tail("api", service(), "production", LogQuery(limit=5000))

    assert (len(page.lines), page.lines[-1].text, page.more) == (5000, "newest", True)


async def test_an_unknown_group_is_missing(logs: CloudWatchLogs) -> None:
    """The group is named as it was asked for."""
    with pytest.raises(Missing) as refusal:
        await logs.tail("api", service("/nowhere"), "production", LogQuery())

    assert (refusal.value.kind, refusal.value.name) == ("log group", "/nowhere")


async def test_a_service_without_group_says_what_to_set(logs: CloudWatchLogs) -> None:
    """The remedy names the key."""
    with pytest.raises(Rejected, match=r"services\.api\.logs\.group"):
        await logs.tail("api", service(""), "production", LogQuery())


async def test_nobody_there_is_unavailable() -> None:
    """A closed port is worth another try later."""
    async with client("http://127.0.0.1:1") as logs:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await logs.tail("api", service(), "production", LogQuery())


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "AccessDeniedException", Rejected),
        (400, "UnrecognizedClientException", Rejected),
        (400, "ThrottlingException", Unavailable),
        (500, "InternalFailure", Unavailable),
        (503, "ServiceUnavailableException", Unavailable),
    ],
)
async def test_refusals_and_failures_are_told_apart(
    httpserver: HTTPServer, status: int, code: str, kind: type[Exception]
) -> None:
    """Credentials are the operator's matter, throttling and failures pass."""
    body = f'{{"__type": "{code}", "message": "arn:aws:iam::123:user/x"}}'
    httpserver.expect_request("/").respond_with_data(
        body, status, content_type="application/x-amz-json-1.1"
    )
    async with client(httpserver.url_for("")) as logs:
        with pytest.raises(kind) as refusal:
            await logs.tail("api", service(), "production", LogQuery())

    assert "arn:" not in str(refusal.value)
    assert "s3cr3t" not in str(refusal.value)


async def test_a_region_that_cannot_be_is_named(aws: str) -> None:
    """What the SDK refuses before sending becomes advice."""
    async with client(aws, region="not a region") as logs:
        with pytest.raises(Rejected, match="AWS region"):
            await logs.tail("api", service(), "production", LogQuery())


async def test_a_flood_is_narrowed_to_its_newest_lines(httpserver: HTTPServer) -> None:
    """A window of more pages than may be read is cut until its end is reached."""
    newest = int(NOW.timestamp() * 1000)
    flood = [newest - 100 * n for n in range(3000, -1, -1)]
    calls: list[int] = []

    def answer(request: Request) -> Response:
        asked = request.get_json(force=True)
        calls.append(asked["endTime"] - asked["startTime"])
        skip = int(asked.get("nextToken", 0))
        found = [at for at in flood if asked["startTime"] <= at <= asked["endTime"]]
        body: dict[str, Any] = {
            "events": [{"timestamp": at, "message": str(at)} for at in found[skip : skip + 10]]
        }
        if found[skip + 10 :]:
            body["nextToken"] = str(skip + 10)
        return Response(json.dumps(body), content_type="application/x-amz-json-1.1")

    httpserver.expect_request("/").respond_with_handler(answer)
    async with client(httpserver.url_for(""), clock=FakeClock(NOW - minutes(1))) as logs:
        page = await logs.tail("api", service(), "production", LogQuery(limit=20))

    assert [line.text for line in page.lines] == [str(at) for at in flood[-20:]]
    assert page.more
    assert len(calls) < 60


async def test_an_answer_that_does_not_come_is_unavailable() -> None:
    """A connection that is accepted and never answered ends at the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with client(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3) as logs:
            with pytest.raises(Unavailable, match="longer than"):
                await logs.tail("api", service(), "production", LogQuery())
