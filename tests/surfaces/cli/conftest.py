"""`tgk` itself, over the operator's socket of a core made of fakes, or of a scripted bot."""

from __future__ import annotations

import asyncio
import fcntl
import http.server
import json
import os
import pty
import select
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import termios
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from bot.cli.main import main
from bot.gateway.operator import OperatorSocket
from bot.gateway.server import local_listener, serving
from bot.runtime.settings import SOCKET_NAME, without_tokens
from tgk.ports.cluster import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import World

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
_ASKING = ("NO_COLOR", "FORCE_COLOR", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "COLUMNS", "LINES")


@dataclass(frozen=True)
class Ended:
    """What the shell sees."""

    code: int
    out: str
    err: str


@dataclass
class Terminal:
    """Runs ``tgk`` as somebody, in this process or in one of its own."""

    state: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, user: str = "dana") -> Ended:
        """Run it here, without a terminal."""
        self.patch.setenv("TGK_USER", user)
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = self.capture.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    def start(self, *words: str, user: str = "dana", **more: Any) -> subprocess.Popen[bytes]:
        """Start it as a process whose streams are pipes unless told otherwise."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [sys.executable, "-m", "bot.cli", *words],
            env=self.shell(user), cwd=ROOT, **{**pipes, **more},
        )  # fmt: skip

    def spawn(self, *words: str, user: str = "dana") -> Ended:
        """Run it as a process of its own, to its end."""
        process = self.start(*words, user=user)
        out, err = process.communicate(timeout=30)
        return Ended(process.returncode, out.decode(), err.decode())

    def shell(self, user: str) -> dict[str, str]:
        """Return the environment of a process."""
        clean = {k: v for k, v in without_tokens().items() if k not in _ASKING}
        return {**clean, "TERM": "xterm", "TGK_STATE": str(self.state), "TGK_USER": user,
                **self.environment}  # fmt: skip

    def sit_at(self, *words: str, typing: str = "", until: str = "", user: str = "dana") -> Ended:
        """Run it at a terminal of 80 columns, type once ``until`` is seen, and read the screen.

        Nothing is typed before the program waits for it: a Ctrl-C in the moment between a question
        and the wait for its answer is heard only after the answer.
        """
        ours, theirs = pty.openpty()
        self.environment |= {"COLUMNS": "80", "LINES": "40"}
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        process = self.start(
            *words, user=user, start_new_session=True, preexec_fn=_own_terminal, **streams
        )
        os.close(theirs)
        seen, typed, deadline = "", not typing, time.monotonic() + 20
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    seen += os.read(ours, 65536).decode(errors="replace")
                except OSError:  # the other end is closed: it has ended
                    break
            if not typed and until in seen and _waits(process.pid):
                typed = True
                os.write(ours, typing.encode())
        os.close(ours)
        return Ended(process.wait(10), seen, "")


def _waits(pid: int) -> bool:
    """Say whether a process stands still, as it does for whoever types."""
    with suppress(psutil.NoSuchProcess):  # it has ended: nobody is left to type for
        return psutil.Process(pid).status() == psutil.STATUS_SLEEPING
    return False


def _own_terminal() -> None:
    """Make standard input the terminal whose Ctrl-C counts."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="tgk-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def tgk(
    state: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """The program with an empty state folder, no bot and no token."""
    clean = without_tokens()
    for name in os.environ.keys() - clean.keys() | set(_ASKING):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TGK_STATE", str(state))
    monkeypatch.chdir(ROOT)
    return Terminal(state, capfd, monkeypatch)


@pytest.fixture
def served(world: World, tgk: Terminal) -> Iterator[Terminal]:
    """The program beside a bot made of fakes, in which event-gateway runs everywhere."""
    for environment in world.discovery.environments:
        for name in world.discovery.services:
            world.cluster.put(environment, name, Workload("Running", "v1.2.3", 2, 2, NOON))
    app = OperatorSocket(world.dispatcher, world.policy.directory, True).app()
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        with local_listener(tgk.state / SOCKET_NAME) as bound:
            async with serving(app, bound):
                ready.set()
                await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(5)
    yield tgk
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@dataclass
class ScriptedBot:
    """Answers ``/run`` with the lines of a script; an Event in it is waited for."""

    lines: list[bytes | threading.Event] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200

    def says(self, kind: str, value: object) -> None:
        """Add an event to the script."""
        self.lines.append(json.dumps({"kind": kind, "value": value}).encode() + b"\n")

    def waits(self) -> threading.Event:
        """Let the script stand still; returns what lets it go on."""
        event = threading.Event()
        self.lines.append(event)
        return event


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    bot: ScriptedBot


class _Scripted(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Play the script."""
        length = int(self.headers["Content-Length"])
        self.server.bot.asked.append(json.loads(self.rfile.read(length)))
        self.send_response(self.server.bot.status)
        self.end_headers()
        for line in self.server.bot.lines:
            if isinstance(line, threading.Event):
                line.wait(20)
                continue
            with suppress(BrokenPipeError):
                self.wfile.write(line)
                self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        """Return a name; a Unix socket has no address."""
        return "local"


@pytest.fixture
def scripted(tgk: Terminal) -> Iterator[ScriptedBot]:
    """A bot that says what a test writes down, and may fall silent."""
    made = ScriptedBot()
    with _Server(str(tgk.state / SOCKET_NAME), _Scripted) as server:
        server.bot = made
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        for line in made.lines:
            if isinstance(line, threading.Event):
                line.set()
        server.shutdown()
        thread.join()


def reply(title: str = "Deploy v1.4.0 → staging", **more: Any) -> dict[str, Any]:
    """Return a reply as the socket carries it."""
    return {"topic": "deploy", "title": title, **more}


def outcome(result: str = "success", title: str = "Done", **more: Any) -> dict[str, Any]:
    """Return an outcome as the socket carries it."""
    return {"result": result, "reference": "abcdef", "reply": reply(title, **more)}


@dataclass
class Words:
    """Makes what a scripted bot says."""

    reply: Callable[..., dict[str, Any]] = reply
    outcome: Callable[..., dict[str, Any]] = outcome


@pytest.fixture
def words() -> Words:
    """Replies and outcomes in the shape of the wire."""
    return Words()


@pytest.fixture
def interrupt() -> Callable[[subprocess.Popen[bytes], ScriptedBot], Ended]:
    """Press Ctrl-C once the scripted bot has been asked."""

    def press(process: subprocess.Popen[bytes], bot: ScriptedBot) -> Ended:
        deadline = time.monotonic() + 15
        while not bot.asked and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
        return Ended(process.returncode, out.decode(), err.decode())

    return press
