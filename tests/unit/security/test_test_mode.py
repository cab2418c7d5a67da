"""The simulated world and the real one never mix, whatever the environment says."""

from __future__ import annotations

import json
import stat
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from bot.runtime.assemble import assembled
from bot.runtime.settings import read_settings
from bot.runtime.simulation import announced, keep_apart
from tests.conftest import ROOT
from tgk.errors import ConfigurationInvalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tgk.discovery import Discovery


@contextmanager
def answering(status: int, headers: dict[str, str], body: bytes) -> Iterator[str]:
    """Serve one answer for everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_world_that_sends_us_elsewhere_is_not_followed() -> None:
    """A redirect could lead off this machine, after the address was checked."""
    world = json.dumps({"DISCORD_TOKEN": "x"}).encode()
    with (
        answering(200, {}, world) as other,
        answering(302, {"Location": f"{other}/environment"}, b"") as first,
    ):
        assert announced(other).simulated
        with pytest.raises(Unavailable):
            announced(first)


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would see what leads to this machine, and could answer in its place."""
    world = json.dumps({"DISCORD_TOKEN": "x"}).encode()
    with answering(200, {}, world) as own, answering(200, {}, b"{}") as proxy:
        monkeypatch.setenv("http_proxy", proxy)

        assert announced(own).discord_token is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_API_URL", "https://discord.com/api/v10"),
        ("TELEGRAM_API_URL", "http://127.0.0.1.example"),
        ("LOKI_URL", "http://127.0.0.1@loki.example"),
        ("DATABASE_URL", "postgresql://db.example/tgk"),
    ],
)
def test_a_world_cannot_announce_a_system_of_another_machine(name: str, value: str) -> None:
    """It would be believed to be simulated."""
    world = json.dumps({name: value}).encode()
    with answering(200, {}, world) as address, pytest.raises(ConfigurationInvalid) as refusal:
        announced(address)

    assert name in str(refusal.value)


def test_a_named_world_has_no_database_of_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of this machine is what a bot and its workers share there; any other may be real."""
    with answering(200, {}, b'{"DISCORD_TOKEN": "x"}') as address:
        monkeypatch.setenv("TGK_SANDBOX_URL", address)
        monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1/rehearsal")
        shared = announced(address)
        monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/tgk")
        with pytest.raises(ConfigurationInvalid, match="this machine") as refusal:
            announced(address)

    assert shared.database == "postgresql://127.0.0.1/rehearsal"
    assert "DATABASE_URL" in str(refusal.value)


def test_nothing_real_of_the_environment_is_reached_from_a_rehearsal() -> None:
    """Database, cloud and keys that happen to be set; what is about the process stays."""
    environ = {
        "DATABASE_URL": "postgresql://db.example/tgk", "AWS_REGION": "eu-central-1",
        "PROMETHEUS_URL": "http://prometheus.example", "OPENAI_API_KEY": "real",
        "KUBECONFIG": "/root/.kube/config", "TGK_STATE": "elsewhere",
    }  # fmt: skip

    settings = read_settings(environ, {"LOKI_URL": "http://127.0.0.1:1", "TGK_SIMULATED": "true"})

    assert (settings.database_url, settings.aws_region, settings.prometheus_url) == (None,) * 3
    assert (settings.openai_api_key, settings.kubeconfig) == (None, None)
    assert (settings.simulated, str(settings.state)) == (True, "elsewhere")


def test_nobody_calls_the_real_world_a_test() -> None:
    """TEST MODE on a message means that nothing real happened."""
    settings = read_settings({"DISCORD_TOKEN": "real", "TGK_SIMULATED": "true"})

    assert not settings.simulated


async def test_a_rehearsal_is_not_taken_up_by_a_real_bot(
    tmp_path: Path, discovery: Discovery
) -> None:
    """Changes that simulated people approved would else be done for real, and the reverse."""
    rehearsal = read_settings({"TGK_STATE": str(tmp_path / "a")}, {"TGK_SIMULATED": "true"})
    real = read_settings({"TGK_STATE": str(tmp_path / "b")})

    for settings, other in ((rehearsal, {}), (real, {"TGK_SIMULATED": "true"})):
        async with assembled(settings, discovery, ROOT):
            pass
        async with assembled(settings, discovery, ROOT):
            pass
        with pytest.raises(ConfigurationInvalid, match="do not go together"):
            async with assembled(
                read_settings({"TGK_STATE": str(settings.state)}, other), discovery, ROOT
            ):
                pytest.fail("it was taken up")


async def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path, discovery: Discovery) -> None:
    """Every file of the state, also when the terminal made it and its mask is wide open."""
    state = tmp_path / "state"
    async with assembled(read_settings({"TGK_STATE": str(state)}), discovery, ROOT) as core:
        await core.engine.start(core.dispatcher.perform)
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in state.iterdir()}

    assert {"operations.sqlite", "tgk.sqlite", "audit.jsonl", "redaction.salt"} <= modes.keys()
    assert {} == {name: oct(mode) for name, mode in modes.items() if mode & 0o077}
    assert 0o700 == stat.S_IMODE(state.stat().st_mode)


def test_a_folder_of_nobody_belongs_to_whoever_is_first(tmp_path: Path) -> None:
    """The mark is made once, and stays."""
    keep_apart(tmp_path / "new", simulated=True)
    keep_apart(tmp_path / "new", simulated=True)

    with pytest.raises(ConfigurationInvalid):
        keep_apart(tmp_path / "new", simulated=False)
