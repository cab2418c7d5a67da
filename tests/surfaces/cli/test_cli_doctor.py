"""What `tgk doctor` says of a machine whose bot is not there, or is somebody else's."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.surfaces.cli.conftest import Terminal


class _Healthy(http.server.BaseHTTPRequestHandler):
    """Answers as the gateway of a bot does."""

    def do_GET(self) -> None:
        """Say that all is well."""
        body = json.dumps({"platforms": {"discord": {"state": "up"}}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def neighbour() -> Iterator[str]:
    """The address of a bot that uses another state folder."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Healthy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def alone(tgk: Terminal) -> Terminal:
    """The program with a port of its own that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    tgk.patch.setenv("TGK_HTTP", f"127.0.0.1:{port}")
    return tgk


def test_no_world_is_invented(alone: Terminal) -> None:
    """Without a token there is nobody to ask, and nothing is said to have been accepted."""
    ended = alone("doctor")

    assert 0 == ended.code
    assert "accepted" not in ended.out
    assert "outside\n" in ended.out
    assert "nobody was asked: no token is set" in ended.out
    assert ended.out.endswith("Nothing is wrong on this machine; nobody outside was asked.\n")


def test_offline_does_not_speak_for_the_world(alone: Terminal) -> None:
    """What was not looked at is not called well."""
    assert alone("doctor", "--offline").out.endswith("nobody outside was asked.\n")


def test_somebody_elses_bot_is_in_the_way(tgk: Terminal, neighbour: str) -> None:
    """A bot with another state folder at our port is a fault: ours could not start."""
    tgk.patch.setenv("TGK_HTTP", neighbour)

    ended = tgk("doctor", "--offline")

    assert 5 == ended.code
    assert f"port: a bot with another state folder answers at {neighbour}" in ended.out


def test_silence_is_not_blamed_on_the_token(alone: Terminal) -> None:
    """Who cannot be reached has judged no token; the cure is another."""
    for name in ("DISCORD", "TELEGRAM", "GITHUB"):
        alone.patch.setenv(f"{name}_API_URL", "http://127.0.0.1:9")
    for name in ("DISCORD_TOKEN", "TELEGRAM_BOT_TOKEN", "GITHUB_TOKEN"):
        alone.patch.setenv(name, "1:token-of-a-test")

    ended = alone("doctor", "--json")

    bad = [each for each in json.loads(ended.out)["findings"] if each["state"] == "bad"]
    told = {each["section"]: (each["name"], each["do"]) for each in bad}
    for section in ("Discord", "Telegram", "GitHub"):
        name, do = told[section]
        assert "reach" == name
        assert f"Check the network, and {section.upper()}_API_URL where it is set." == do


@pytest.mark.parametrize("below", ["file", "file/state"])
def test_a_state_folder_that_cannot_be_made_is_said_alone(
    alone: Terminal, tmp_path: Path, below: str
) -> None:
    """No promise to make it, and no word on the room in a folder that is none."""
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / below
    alone.patch.setenv("TGK_STATE", str(folder))

    ended = alone("doctor", "--offline")

    assert 0 != ended.code
    assert f"folder: {folder} cannot be used: " in ended.out
    assert "free space" not in ended.out


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_folder_is_tried_and_not_only_asked_for_its_rights(alone: Terminal) -> None:
    """The superuser may write everywhere, and still makes nothing in /proc."""
    alone.patch.setenv("TGK_STATE", "/proc/nope")

    assert "folder: /proc/nope cannot be used: " in alone("doctor", "--offline").out


def test_looking_leaves_nothing_behind(alone: Terminal, tmp_path: Path) -> None:
    """A folder that can be made is not made, and nothing stands where it would be."""
    alone.patch.setenv("TGK_STATE", str(tmp_path / "state"))

    assert "folder: " in alone("doctor", "--offline").out
    assert [] == list(tmp_path.iterdir())
