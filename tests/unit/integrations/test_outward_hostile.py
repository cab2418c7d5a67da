"""What an address, a name, a header and an answer could be bent to, and what comes of it."""

from __future__ import annotations

import gzip
import ssl
import subprocess
from typing import TYPE_CHECKING

import certifi
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from integrations.http import HttpPort
from integrations.lookup import led_to
from integrations.outward import OutwardSteps
from tgk.errors import Rejected, Unavailable
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from orchestration.runs.ports import Reached

BOMB = gzip.compress(b"0" * 20_000_000)
INNER = [
    "127.0.0.1", "127.9.9.9", "169.254.169.254", "0.0.0.0", "::1", "::", "fe80::1%eth0",
    "::ffff:169.254.169.254", "::ffff:127.0.0.1", "fd00:ec2::254", "224.0.0.1", "ff02::1",
]  # fmt: skip


class Names:
    """A resolver that answers as its owner likes, and another way the next time."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the next answer."""
        self.asked.append((host, port))
        return self.answers.pop(0)


async def called(
    outside: OutwardSteps, url: str, headers: Mapping[str, str] | None = None
) -> Reached:
    """Call an address with GET."""
    return await outside.http("GET", url, headers=headers or {}, body=None, expect=(), key="k")


@pytest.mark.parametrize("address", INNER)
async def test_a_name_that_leads_inside_is_not_called(address: str) -> None:
    """Loopback, the link and its metadata, in either version, also among good addresses."""
    outside = OutwardSteps(FakeClock(flows=True), Names(["203.0.113.7", address]))

    with pytest.raises(Rejected, match="leads to this machine") as refused:
        await called(outside, "http://hooks.example/x")

    assert address not in str(refused.value)


async def test_a_name_is_looked_up_once_and_kept_to(httpserver: HTTPServer) -> None:
    """The connection goes to the address that was judged, and the host hears its own name."""
    httpserver.expect_request("/x").respond_with_data("fine")
    origin = f"http://hooks.example:{httpserver.port}"

    async with HttpPort("hooks", origin, clock=FakeClock(flows=True), at="127.0.0.1") as port:
        answer = await port.request("GET", "/x")

    assert answer.body == b"fine"
    assert [asked.host for asked, _ in httpserver.log] == [f"hooks.example:{httpserver.port}"]


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """Serve as hooks.example, with a certificate that is trusted here."""
    own, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"]
    files = ["-keyout", str(key), "-out", str(own)]
    made = ["openssl", "req", "-x509", *words, *named, *files]
    subprocess.run(made, check=True, capture_output=True)
    monkeypatch.setattr(certifi, "where", lambda: str(own))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, key)
    with HTTPServer(ssl_context=context) as server:
        server.expect_request("/x").respond_with_data("fine")
        yield server


async def test_who_is_called_at_an_address_proves_the_name(certified: HTTPServer) -> None:
    """The certificate has to be of the host that is listed, wherever its name leads."""
    answers = []
    for host in ("hooks.example", "other.example"):
        origin, clock = f"https://{host}:{certified.port}", FakeClock(flows=True)
        async with HttpPort("hooks", origin, clock=clock, at="127.0.0.1") as port:
            try:
                answers.append((await port.request("GET", "/x")).body)
            except Unavailable as error:
                answers.append(error)

    fine, refused = answers
    assert fine == b"fine"
    assert isinstance(refused, Unavailable)
    assert "not valid for 'other.example'" in str(refused.__cause__)


async def test_what_is_listed_as_an_address_is_called_as_it_is() -> None:
    """Who lists one of this machine, or calls it by its name, means it; nothing is looked up."""
    names = Names(["198.51.100.1"])

    told = [await led_to(host, 443, names) for host in ("127.0.0.1", "localhost", "hooks.example")]

    assert told == ["127.0.0.1", "localhost", "198.51.100.1"]
    assert names.asked == [("hooks.example", 443)]


async def test_a_name_that_nobody_knows_is_away_and_not_a_fault() -> None:
    """It may be tried again."""

    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError(f"{host}:{port}")

    with pytest.raises(Unavailable, match="looked up"):
        await called(OutwardSteps(FakeClock(flows=True), nobody), "https://hooks.example/x")
    with pytest.raises(Unavailable, match="no address"):
        await led_to("hooks.example", 443, Names([]))


@pytest.mark.parametrize("name", ["Host", "hOST", "Content-Length", "Transfer-Encoding", "TE"])
async def test_no_header_says_where_a_request_goes_or_ends(
    httpserver: HTTPServer, name: str
) -> None:
    """Behind one address there may be hosts that nobody listed, and requests within requests."""
    outside = OutwardSteps(FakeClock(flows=True))

    with pytest.raises(Rejected, match="writes the header"):
        await called(outside, httpserver.url_for("/x"), {name: "internal.example"})

    assert httpserver.log == []


@pytest.mark.parametrize("value", ["a\r\nX-Admin: 1", "a\nb", "a\rb", "a\0b"])
async def test_a_value_never_becomes_another_header(httpserver: HTTPServer, value: str) -> None:
    """It is refused before anything is sent, and not repeated in the error."""
    outside = OutwardSteps(FakeClock(flows=True))

    with pytest.raises(Rejected) as refused:
        await called(outside, httpserver.url_for("/x"), {"X-Who": value})

    assert httpserver.log == []
    assert value not in str(refused.value)


async def test_nothing_compressed_is_asked_for_or_read(httpserver: HTTPServer) -> None:
    """Twenty kilobytes that stand for twenty megabytes stay what they are."""
    httpserver.expect_request("/x").respond_with_handler(
        lambda _: Response(BOMB, headers={"Content-Encoding": "gzip"})
    )

    found = await called(OutwardSteps(FakeClock(flows=True)), httpserver.url_for("/x"))

    assert (found.good, dict(found.output)) == (False, {"status": 200})
    assert [asked.headers["Accept-Encoding"] for asked, _ in httpserver.log] == ["identity"]


async def test_an_answer_without_end_is_left(httpserver: HTTPServer) -> None:
    """No more than a bound is read of it."""
    sent = []

    def endless(_: object) -> Response:
        def parts() -> object:
            for _ in range(100_000):
                sent.append(1)
                yield b"x" * 10_000

        return Response(parts())  # type: ignore[arg-type] # an iterator of parts

    httpserver.expect_request("/x").respond_with_handler(endless)

    found = await called(OutwardSteps(FakeClock(flows=True)), httpserver.url_for("/x"))

    assert (found.good, dict(found.output)) == (False, {"status": 200})
    assert len(sent) < 5000
