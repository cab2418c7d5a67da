"""The policy for outward HTTP calls against a server on loopback."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, SecretStr
from werkzeug import Response

from integrations.http import Answer, HttpPort, Patience, quoted
from tgk.errors import ConfigurationInvalid, Missing, Rejected, TgkError, Unavailable
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytest_httpserver import HTTPServer

TOKEN = "ghp_abcdefghijklmnop"


@pytest.fixture
def clock() -> FakeClock:
    """A clock that jumps over every pause."""
    return FakeClock(flows=True)


@pytest.fixture
async def port(httpserver: HTTPServer, clock: FakeClock) -> AsyncIterator[HttpPort]:
    """A port to the loopback server, with a token."""
    headers = {"Authorization": SecretStr(f"Bearer {TOKEN}")}
    async with HttpPort(
        "Depot",
        httpserver.url_for("/api"),
        clock=clock,
        headers=headers,
        max_body=1000,
        patience=Patience(timeout=2),
    ) as opened:
        yield opened


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def answer_with(server: HTTPServer, status: int, **given: object) -> None:
    """Let every call of /api/thing be answered alike."""
    server.expect_request("/api/thing").respond_with_response(
        Response(status=status, **given)  # type: ignore[arg-type]
    )


async def refusal_of(port: HttpPort, method: str = "GET", **given: object) -> TgkError:
    """Return how a call of /thing fails."""
    with pytest.raises(TgkError) as refusal:
        await port.request(method, "/thing", **given)  # type: ignore[arg-type]
    return refusal.value


async def test_an_answer_is_read_and_the_token_is_sent(
    httpserver: HTTPServer, port: HttpPort
) -> None:
    """Query, body, status and headers arrive on both sides."""
    httpserver.expect_oneshot_request(
        "/api/thing",
        method="POST",
        query_string={"a": "1 2"},
        headers={"Authorization": f"Bearer {TOKEN}"},
        json={"b": 3},
    ).respond_with_json({"c": 4}, status=201, headers={"X-Found": "yes"})

    answer = await port.request("POST", "/thing", params={"a": "1 2"}, json={"b": 3})

    assert (answer.status, answer.headers["x-found"], answer.json()) == (201, "yes", {"c": 4})


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (301, Rejected, "another address"),
        (400, Rejected, "bad colour"),
        (401, Rejected, "Renew the token"),
        (403, Rejected, "do not allow"),
        (404, Rejected, "does not know"),
        (409, Rejected, "bad colour"),
        (422, Rejected, "bad colour"),
        (429, Unavailable, "less often"),
        (500, Unavailable, "error 500"),
        (502, Unavailable, "error 502"),
        (503, Unavailable, "error 503"),
    ],
)
async def test_every_status_has_its_error(
    httpserver: HTTPServer, port: HttpPort, status: int, kind: type[TgkError], words: str
) -> None:
    """The operator reads what it means, and never where it was asked or with what."""
    body = f'{{"message": "bad colour {TOKEN}"}}'
    answer_with(
        httpserver, status, response=body, headers={"Location": f"http://elsewhere/?t={TOKEN}"}
    )

    error = await refusal_of(port)

    assert kind is type(error)
    assert words in str(error)
    assert TOKEN not in str(error)
    assert str(httpserver.port) not in str(error)


async def test_a_404_is_missing_where_the_caller_says_what(
    httpserver: HTTPServer, port: HttpPort
) -> None:
    """The kind and name come from the caller, since only it knows."""
    answer_with(httpserver, 404)

    error = await refusal_of(port, missing=("tag", "v9"))

    assert isinstance(error, Missing)
    assert (error.kind, error.name) == ("tag", "v9")


async def test_a_read_is_tried_again_and_succeeds(
    httpserver: HTTPServer, port: HttpPort, clock: FakeClock
) -> None:
    """Two failures are waited out with growing pauses."""
    httpserver.expect_ordered_request("/api/thing").respond_with_data(status=502)
    httpserver.expect_ordered_request("/api/thing").respond_with_data(status=503)
    httpserver.expect_ordered_request("/api/thing").respond_with_json([1])

    answer = await port.request("GET", "/thing")

    assert answer.json() == [1]
    assert clock.slept == [0.25, 0.5]


@pytest.mark.parametrize(
    ("method", "idempotent", "calls"),
    [("GET", None, 3), ("GET", False, 1), ("POST", None, 1), ("POST", True, 3), ("PUT", None, 1)],
)
async def test_only_what_may_be_repeated_is_repeated(
    httpserver: HTTPServer, port: HttpPort, method: str, idempotent: bool | None, calls: int
) -> None:
    """Reads are repeated unless told otherwise, changes only when told so."""
    answer_with(httpserver, 500)

    await refusal_of(port, method, idempotent=idempotent)

    assert calls == len(httpserver.log)


async def test_retry_after_is_respected(
    httpserver: HTTPServer, port: HttpPort, clock: FakeClock
) -> None:
    """A short wait that the other side names is waited for."""
    httpserver.expect_ordered_request("/api/thing").respond_with_data(
        status=429, headers={"Retry-After": "3"}
    )
    httpserver.expect_ordered_request("/api/thing").respond_with_json({})

    await port.request("GET", "/thing")

    assert clock.slept == [3.0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "Thu, 15 Jan 2026 12:01:00 GMT"}, 60),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1768478430"}, 30),
    ],
)
async def test_a_long_wait_is_handed_to_the_caller(
    httpserver: HTTPServer, port: HttpPort, headers: dict[str, str], seconds: float
) -> None:
    """Nobody is kept waiting for minutes: the error says when."""
    answer_with(httpserver, 429, headers=headers)

    error = await refusal_of(port)

    assert isinstance(error, Unavailable)
    assert seconds == error.retry_after
    assert len(httpserver.log) == 1


async def test_a_403_over_the_limit_is_not_a_missing_right(
    httpserver: HTTPServer, port: HttpPort
) -> None:
    """GitHub says 403 for both; the headers tell them apart."""
    answer_with(httpserver, 403, headers={"Retry-After": "90"})

    assert isinstance(await refusal_of(port), Unavailable)


async def test_a_closed_port_is_unavailable(clock: FakeClock) -> None:
    """Nobody listens: three attempts, then an error without the address."""
    async with HttpPort("Depot", "http://127.0.0.1:1/secret", clock=clock) as port:
        error = await refusal_of(port)

    assert isinstance(error, Unavailable)
    assert len(clock.slept) == 2
    assert "127.0.0.1" not in str(error)


async def test_a_silent_server_is_given_up_once(
    silent_server: socket.socket, clock: FakeClock
) -> None:
    """A timeout is not repeated, and a change says that its end is not known."""
    url = f"http://127.0.0.1:{silent_server.getsockname()[1]}"
    async with HttpPort("Depot", url, clock=clock, patience=Patience(timeout=0.2)) as port:
        read = await refusal_of(port)
        change = await refusal_of(port, "POST")

    assert (isinstance(read, Unavailable), isinstance(change, Unavailable)) == (True, True)
    assert "not known" not in str(read)
    assert "Whether it was done is not known" in str(change)
    assert clock.slept == []


async def test_a_body_that_trickles_is_cut_at_the_deadline(clock: FakeClock) -> None:
    """Single bytes keep no connection alive beyond the deadline."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.05)
        writer.close()

    async with await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with HttpPort("Depot", url, clock=clock, patience=Patience(timeout=0.3)) as port:
            error = await refusal_of(port)

    assert isinstance(error, Unavailable)
    assert "longer than 0.3 s" in str(error)


async def test_a_broken_connection_is_unavailable(clock: FakeClock) -> None:
    """The other side hangs up in the middle of the body."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with HttpPort("Depot", url, clock=clock) as port:
            error = await refusal_of(port, "POST")

    assert isinstance(error, Unavailable)
    assert "The connection broke. Whether it was done is not known." in str(error)


async def test_a_body_over_the_bound_is_refused(httpserver: HTTPServer, port: HttpPort) -> None:
    """A page of a megabyte does not reach memory."""
    answer_with(httpserver, 200, response="x" * 1001)

    assert "more than 1000 bytes" in str(await refusal_of(port))


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b"\xff\xfe"])
def test_garbage_is_rejected(body: bytes) -> None:
    """What is not JSON points at the address, and is not quoted."""
    with pytest.raises(Rejected, match="not JSON"):
        Answer("Depot", 200, {}, body).json()


class Thing(BaseModel):
    """What the depot keeps."""

    size: int


def test_a_record_is_read_or_rejected() -> None:
    """An unknown shape is refused without quoting the body."""
    assert Thing(size=3) == Answer("Depot", 200, {}, b'{"size": 3}').read(Thing)
    with pytest.raises(Rejected, match="shape") as refusal:
        Answer("Depot", 200, {}, b'{"size": "s3cr3t"}').read(Thing)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("token", ["two\nlines", "caf\u00e9"])
async def test_a_token_that_is_no_header_is_named_without_being_told(
    httpserver: HTTPServer, clock: FakeClock, token: str
) -> None:
    """A pasted line break is the operator's to mend."""
    headers = {"Authorization": SecretStr(f"Bearer {token}")}
    url = httpserver.url_for("/api")
    async with HttpPort("Depot", url, clock=clock, headers=headers) as port:
        error = await refusal_of(port)

    assert isinstance(error, Rejected)
    assert token not in str(error)
    assert error.__cause__ is None


async def test_nothing_secret_is_logged(
    httpserver: HTTPServer, port: HttpPort, caplog: pytest.LogCaptureFixture
) -> None:
    """The client library's own lines, with whole addresses, stay off."""
    caplog.set_level(logging.DEBUG)
    answer_with(httpserver, 200, response="{}")

    await port.request("GET", "/thing", params={"key": TOKEN})

    assert not [record.name for record in caplog.records if record.name.startswith("http")]


async def test_the_circuit_opens_rests_and_lets_one_call_try(
    httpserver: HTTPServer, port: HttpPort, clock: FakeClock
) -> None:
    """After five failures nothing is sent for a while; one success closes it again."""
    answer_with(httpserver, 500)
    for _ in range(5):
        await refusal_of(port, "POST")
    assert port.circuit.state == "open"

    error = await refusal_of(port, "POST")
    assert isinstance(error, Unavailable)
    assert (len(httpserver.log), error.retry_after) == (5, 30.0)

    await clock.advance(30)
    assert port.circuit.state == "half-open"
    await refusal_of(port, "POST")
    assert port.circuit.state == "open"

    await clock.advance(30)
    httpserver.clear()
    answer_with(httpserver, 200, response="{}")
    await port.request("GET", "/thing")
    assert port.circuit.state == "closed"


async def test_refusals_do_not_open_the_circuit(httpserver: HTTPServer, port: HttpPort) -> None:
    """A system that answers no is alive."""
    answer_with(httpserver, 422)
    for _ in range(9):
        await refusal_of(port)

    assert port.circuit.state == "closed"
    assert len(httpserver.log) == 9


async def test_only_one_call_tries_a_resting_system(clock: FakeClock) -> None:
    """While one call tries, the others are refused at once; giving it up frees the place."""
    async with HttpPort("Depot", "http://127.0.0.1:1", clock=clock) as port:
        for _ in range(5):
            await refusal_of(port, "POST")
        await clock.advance(30)

        with port.circuit.call(), pytest.raises(Unavailable), port.circuit.call():
            raise AssertionError


@pytest.mark.parametrize("url", ["", "depot", "ftp://depot", "http://", "http://h:port"])
def test_an_unusable_address_is_named_at_start(url: str, clock: FakeClock) -> None:
    """The system is named; the address, which may hold a secret, is not."""
    with pytest.raises(ConfigurationInvalid, match="Depot"):
        HttpPort("Depot", url, clock=clock)


@pytest.mark.parametrize("path", ["thing", "//evil.example/x", "http://evil.example/"])
async def test_a_path_cannot_change_the_host(port: HttpPort, path: str) -> None:
    """Only paths below the configured address can be asked."""
    with pytest.raises(ValueError, match="slash"):
        await port.request("GET", path)


@pytest.mark.parametrize(
    ("name", "segment"), [("a/b", "a%2Fb"), ("v1 ?#", "v1%20%3F%23"), ("..", "%252E%252E")]
)
def test_a_name_is_one_segment(name: str, segment: str) -> None:
    """Names cannot climb or branch."""
    assert segment == quoted(name)
