"""The doors themselves: TCP address and socket file, taken early and given back."""

from __future__ import annotations

import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import orjson
import pytest

from bot.gateway.operator import OperatorSocket
from bot.gateway.server import listener, local_listener, serving
from bot.runtime.socket_file import answers
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from tests.conftest import World
    from tests.gateway.conftest import Gate


async def test_a_real_socket_serves_the_gateway(gate: Gate) -> None:
    """Over loopback with uvicorn: probes, and an alert from this machine."""
    with listener("127.0.0.1:0") as bound:
        port = bound.getsockname()[1]
        async with (
            serving(gate.app(), bound),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            health = await client.get("/healthz")
            refused = await client.post("/alert", content=b"{")

    assert health.status_code == 200
    assert "server" not in health.headers
    assert refused.status_code == 400
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_forwarded_address_is_no_loopback(gate: Gate) -> None:
    """Behind a proxy of this machine the outside stays outside."""
    with listener("127.0.0.1:0") as bound:
        port = bound.getsockname()[1]
        async with (
            serving(gate.app(), bound),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            headers = {"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}
            answer = await client.post("/alert", json={}, headers=headers)

    assert answer.status_code == 403


def test_an_occupied_address_is_named(gate: Gate) -> None:
    """Which variable, which address, why; nothing else was touched."""
    with listener("127.0.0.1:0") as bound:
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(ConfigurationInvalid) as refused, listener(address):
            pytest.fail("two had it")

    assert address in str(refused.value)
    assert "in use" in str(refused.value)
    assert "TGK_HTTP" in str(refused.value)


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "192.0.2.1:80", "no-such-host.invalid:80"])
def test_an_impossible_address_is_refused_like_a_wrong_setting(address: str) -> None:
    """No traceback for a slip in the configuration."""
    with pytest.raises(ConfigurationInvalid, match="cannot listen"), listener(address):
        pytest.fail("it listens")


def test_the_operators_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    """0600 from its first moment, and gone at the end."""
    path = tmp_path / "tgk.sock"
    with local_listener(path):
        mode = path.stat().st_mode

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert not path.exists()


def test_a_socket_left_by_a_kill_is_replaced(tmp_path: Path) -> None:
    """The file of a dead process is in nobody's way."""
    path = tmp_path / "tgk.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    with local_listener(path), socket.socket(socket.AF_UNIX) as probe:
        assert probe.connect_ex(str(path)) == 0


def test_a_socket_may_lie_at_the_end_of_a_long_path(tmp_path: Path) -> None:
    """Longer than the name of a socket can be; still for its owner alone, and gone at the end."""
    folder = tmp_path / ("x" * 200)
    folder.mkdir()
    path = folder / "tgk.sock"
    held = len([*Path("/proc/self/fd").iterdir()])

    with local_listener(path):
        mode = stat.S_IMODE(path.stat().st_mode)
        reached = answers(path)
        opened = len([*Path("/proc/self/fd").iterdir()]) - held

    assert (mode, reached, opened) == (0o600, True, 1)
    assert not path.exists()
    assert not answers(path)
    assert not answers(tmp_path / ("y" * 200) / "tgk.sock")


def test_a_folder_that_takes_no_socket_says_what_to_do(tmp_path: Path) -> None:
    """A folder that is not there, however long its path, is a slip in the configuration."""
    for folder in ("x", "x" * 200):
        with (
            pytest.raises(ConfigurationInvalid, match="TGK_STATE"),
            local_listener(tmp_path / folder / "tgk.sock"),
        ):
            pytest.fail("it listens")


@pytest.fixture
def operator(world: World) -> OperatorSocket:
    """What the terminal talks to."""
    return OperatorSocket(world.dispatcher, world.policy.directory)


def _client(operator: OperatorSocket) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(operator.app())
    return httpx.AsyncClient(transport=transport, base_url="http://socket")


async def test_the_terminal_gets_the_outcome_as_a_line(operator: OperatorSocket) -> None:
    """The last line is the outcome, as the named person."""
    async with _client(operator) as client:
        answer = await client.post("/run", json={"name": "whoami", "user": "dana"})

    lines = [orjson.loads(line) for line in answer.content.splitlines()]
    assert lines[-1]["kind"] == "outcome"
    assert lines[-1]["value"]["result"] == "success"
    assert "release_mgr" in answer.text


@pytest.mark.parametrize("path", ["/run", "/complete"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"name": 1}', b'{"name": "x", "odd": 1}'])
async def test_what_the_terminal_never_sends_is_refused(
    operator: OperatorSocket, path: str, body: bytes
) -> None:
    """400, as between programs of different versions."""
    async with _client(operator) as client:
        answer = await client.post(path, content=body)

    assert answer.status_code == 400
    assert "version" in answer.json()["error"]


async def test_completion_offers_what_the_person_may_use(operator: OperatorSocket) -> None:
    """Services for a viewer's /status; nothing for a command that is not there."""
    asked = {"name": "status", "option": "service", "partial": "event", "user": "vik"}
    async with _client(operator) as client:
        known = await client.post("/complete", json=asked)
        unknown = await client.post("/complete", json={**asked, "name": "nothing"})

    assert known.json() == ["event-gateway"]
    assert (unknown.status_code, unknown.json()) == (200, [])
