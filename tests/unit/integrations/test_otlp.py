"""Spans over OTLP/HTTP, against a real server: sent, kept while it is away, never in the way."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from loguru import logger
from werkzeug import Request, Response

from integrations.otlp import MOST_AT_ONCE, MOST_WAITING, OtlpSpans
from orchestration.runs.tracing import settled
from tests.unit.runs.run_stories import finished
from tgk.errors import ConfigurationInvalid
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pytest_httpserver import HTTPServer

SECRET = "s3cret-key-of-the-backend"


class Backend:
    """A backend of traces that keeps what it gets, and answers as told."""

    def __init__(self, server: HTTPServer, path: str = "/v1/traces") -> None:
        self.answers: list[Response] = []
        self.requests: list[Request] = []
        self.held = threading.Event()
        self.held.set()
        server.expect_request(path, method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        self.held.wait(5)
        return self.answers.pop(0) if self.answers else Response("{}", 200)

    @property
    def names(self) -> list[str]:
        """The spans of every request, by name."""
        return [span["name"] for request in self.requests for span in spans_of(request)]


def spans_of(request: Request) -> list[dict[str, Any]]:
    """Return the spans that a request carries."""
    body = json.loads(request.get_data())
    [resource] = body["resourceSpans"]
    [scope] = resource["scopeSpans"]
    return list(scope["spans"])


def span(name: str) -> dict[str, Any]:
    """Return as much of a span as these tests look at."""
    return {"name": name}


@asynccontextmanager
async def sending(spans: OtlpSpans) -> AsyncIterator[OtlpSpans]:
    """Let it send while the block runs."""
    async with asyncio.TaskGroup() as group:
        duty = group.create_task(spans.run())
        yield spans
        duty.cancel()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


async def test_spans_of_a_run_arrive_as_otlp_json(httpserver: HTTPServer) -> None:
    """At /v1/traces below the endpoint, with the headers, whatever ends the endpoint."""
    backend = Backend(httpserver, "/otel/v1/traces")
    headers = f"api-key={SECRET}%21, x-scope=ops"
    offered = list(settled(finished()))
    async with sending(OtlpSpans(httpserver.url_for("/otel/"), FakeClock(), headers=headers)) as it:
        it.offer(offered)
        await until(lambda: it.sent == len(offered))

    [request] = backend.requests
    assert request.headers["Content-Type"] == "application/json"
    assert (request.headers["api-key"], request.headers["x-scope"]) == (f"{SECRET}!", "ops")
    assert spans_of(request) == offered
    assert it.lost == 0


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_could_not_be_sent_is_sent_again_in_order(
    httpserver: HTTPServer, status: int
) -> None:
    """While the backend is away nothing is lost, and what is new waits behind."""
    backend = Backend(httpserver)
    backend.answers = [Response("", status) for _ in range(3)]
    async with sending(OtlpSpans(httpserver.url_for(""), FakeClock(flows=True))) as it:
        it.offer([span("a")])
        await until(lambda: len(backend.requests) > 1)
        it.offer([span("b")])
        await until(lambda: it.sent == 2)

    taken = [each for request in backend.requests[3:] for each in spans_of(request)]
    assert ["a", "b"] == [each["name"] for each in taken]
    assert it.lost == 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
async def test_what_the_backend_refuses_is_lost_and_said_so(
    httpserver: HTTPServer, status: int
) -> None:
    """Another try would only be refused again; what comes later is sent."""
    backend = Backend(httpserver)
    backend.answers = [Response("no", status)]
    said: list[str] = []
    handler = logger.add(said.append, level="WARNING", format="{message} {extra}")
    try:
        async with sending(
            OtlpSpans(httpserver.url_for(""), FakeClock(flows=True), headers=f"key={SECRET}")
        ) as it:
            it.offer([span("a")])
            await until(lambda: it.lost == 1)
            it.offer([span("b")])
            await until(lambda: it.sent == 1)
    finally:
        logger.remove(handler)

    assert ["a", "b"] == backend.names
    assert any("spans lost" in line for line in said)
    assert SECRET not in "".join(said)


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        ('{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}}', 2),
        ('{"partialSuccess": {}}', 0),
        ("not json", 0),
        ("[]", 0),
        ('{"partialSuccess": {"rejectedSpans": "many"}}', 0),
    ],
)
async def test_a_part_that_is_refused_counts_as_lost(
    httpserver: HTTPServer, body: str, lost: int
) -> None:
    """As the protocol says it; an answer in another shape is taken for a yes."""
    backend = Backend(httpserver)
    backend.answers = [Response(body, 200)]
    async with sending(OtlpSpans(httpserver.url_for(""), FakeClock())) as it:
        it.offer([span("a"), span("b"), span("c")])
        await until(lambda: it.sent + it.lost == 3)

    assert (3 - lost, lost) == (it.sent, it.lost)


async def test_many_spans_go_in_bounded_requests(httpserver: HTTPServer) -> None:
    """Each of them once, in order."""
    backend = Backend(httpserver)
    names = [f"s{number}" for number in range(2 * MOST_AT_ONCE + 1)]
    async with sending(OtlpSpans(httpserver.url_for(""), FakeClock())) as it:
        it.offer([span(name) for name in names])
        await until(lambda: it.sent == len(names))

    assert names == backend.names
    assert [MOST_AT_ONCE, MOST_AT_ONCE, 1] == [len(spans_of(each)) for each in backend.requests]


async def test_there_is_room_for_so_many_and_the_oldest_give_way(httpserver: HTTPServer) -> None:
    """Nothing grows without end while nobody takes it."""
    backend = Backend(httpserver)
    it = OtlpSpans(httpserver.url_for(""), FakeClock())
    for number in range(MOST_WAITING + 10):
        it.offer([span(f"s{number}")])
    async with sending(it):
        await until(lambda: it.sent == MOST_WAITING)

    assert it.lost == 10
    assert "s10" == backend.names[0]


async def test_whoever_offers_never_waits_for_a_backend_that_hangs(httpserver: HTTPServer) -> None:
    """The offer returns at once, and so does the rest of the program."""
    backend = Backend(httpserver)
    backend.held.clear()
    async with sending(OtlpSpans(httpserver.url_for(""), FakeClock())) as it:
        it.offer([span("a")])
        await until(lambda: len(backend.requests) == 1)
        for _ in range(1000):
            it.offer([span("b")])
        assert it.sent == 0
        backend.held.set()
        await until(lambda: it.sent == 1001)


async def test_what_waits_is_sent_at_the_end(httpserver: HTTPServer) -> None:
    """A stop takes a moment to hand over the last spans."""
    backend = Backend(httpserver)
    backend.answers = [Response("", 503)]
    async with sending(OtlpSpans(httpserver.url_for(""), FakeClock())) as it:
        it.offer([span("a")])
        await until(lambda: len(backend.requests) == 1)

    assert (["a", "a"], 1, 0) == (backend.names, it.sent, it.lost)


async def test_a_backend_that_nobody_can_reach_ends_nothing() -> None:
    """The duty goes on asking, ever more slowly."""
    clock = FakeClock(flows=True)
    async with sending(OtlpSpans("http://127.0.0.1:9", clock)) as it:
        it.offer([span("a")])
        begun = clock.monotonic()
        await until(lambda: clock.monotonic() - begun > 200)

    assert (it.sent, it.lost) == (0, 0)


@pytest.mark.parametrize("text", ["api-key", "=x", f"a=1,{SECRET}", "a b=1"])
def test_headers_that_are_none_are_named_without_their_values(text: str) -> None:
    """At the start, like every fault of the environment."""
    with pytest.raises(ConfigurationInvalid, match="is not name=value") as refused:
        OtlpSpans("http://127.0.0.1:4318", FakeClock(), headers=text)

    assert SECRET not in str(refused.value)
