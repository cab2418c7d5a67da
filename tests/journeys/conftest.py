"""A simulated world and the bot, each as the process that operators start."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.cli.stage import Stage
from bot.runtime.settings import without_tokens
from tests.journeys.playbook_stage import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["stage"]
"""Fixtures of other modules."""

ROOT = Path(__file__).parent.parent.parent
READY_WITHIN, STOP_WITHIN = 30.0, 10.0


def until(what: str, holds: Callable[[], bool], within: float = 20.0) -> None:
    """Wait for something that other processes do; fails with its name when it does not happen."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within {within:.0f} s")


def says(texts: list[str], *words: str) -> int:
    """Return how many texts hold all words."""
    return sum(all(word in text for word in words) for text in texts)


@dataclass
class Bot:
    """``python -m bot`` with an environment and a state folder of its own."""

    environment: dict[str, str]
    http: str
    state: Path
    log: Path
    config: Path = ROOT / "discovery.yml"
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def launch(self) -> None:
        """Start it and return at once."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "--config", str(self.config)],
                env=self.environment, stdout=log, stderr=log, cwd=ROOT,
            )  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it takes commands on every platform."""
        self.launch()
        until(f"readiness (see {self.log})", self.is_ready, READY_WITHIN)

    def is_ready(self) -> bool:
        """Say whether it is ready; fails at once when it has ended."""
        if self.process and self.process.poll() is not None:
            pytest.fail(f"the bot ended with {self.process.returncode}: {self.said()[-2000:]}")
        return Stage.answers(f"http://{self.http}/readyz")

    def probe(self, path: str = "/healthz") -> dict[str, Any]:
        """Return what a probe says, whatever its status; empty while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=2) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            found = json.load(error)
        except OSError:
            found = {}
        return found

    def platform(self, name: str) -> dict[str, Any]:
        """Return how a platform fares."""
        found: dict[str, Any] = self.probe().get("platforms", {}).get(name, {})
        return found

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(STOP_WITHIN)

    def exit_code(self, within: float = 15.0) -> int:
        """Wait until it ends by itself."""
        assert self.process is not None
        return self.process.wait(within)

    def said(self) -> str:
        """Return what it wrote to standard output and error."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def records(self) -> list[dict[str, Any]]:
        """Return its audit log."""
        path = self.state / "audit.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]


@dataclass
class Playground:
    """A simulated world as a process, and bots that may be started in it."""

    page: str
    http: str
    folder: Path
    bots: list[Bot] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        """The controls: act as people, and read what they see."""
        return Stage(self.page)

    def faults(self, **switches: object) -> None:
        """Break or mend systems of the world, by name."""
        self.stage._post("/faults", switches)

    def announced(self) -> dict[str, str]:
        """Return the addresses and tokens of this world."""
        with urllib.request.urlopen(f"{self.page}/environment", timeout=5) as answer:  # noqa: S310 - loopback
            found: dict[str, str] = json.load(answer)
        return found

    def bot(self, name: str = "state", *, simulated: bool = True, **more: str) -> Bot:
        """Return a bot that is not started yet; ``more`` is added to its environment."""
        state = self.folder / name
        own = {"TGK_HTTP": self.http, "TGK_STATE": str(state)}
        if simulated:
            own["TGK_SANDBOX_URL"] = self.page
        log = self.folder / f"bot{len(self.bots)}.log"
        environment = {**without_tokens(), **own, **more}
        made = Bot(environment, environment["TGK_HTTP"], state, log)
        self.bots.append(made)
        return made


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def pace() -> float:
    """How fast the world works: a deployment ends before the bot looks for the first time."""
    return 3.0


@pytest.fixture
def playground(tmp_path: Path, pace: float) -> Iterator[Playground]:
    """A world with nobody's bot in it; whatever a test starts there ends with the test."""
    http = f"127.0.0.1:{free_port()}"
    world = subprocess.Popen(
        [
            sys.executable, "-m", "sandbox", "--config", str(ROOT / "discovery.yml"),
            "--port", "0", "--bot", f"http://{http}", "--ends-with-stdin", "--pace", str(pace),
            "--audit-log", str(tmp_path / "state" / "audit.jsonl"),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=without_tokens(), start_new_session=True, cwd=ROOT,
    )  # fmt: skip
    assert world.stdin is not None
    assert world.stdout is not None
    made = Playground(world.stdout.readline().strip(), http, tmp_path)
    try:
        yield made
    finally:
        for each in made.bots:
            if each.process and each.process.poll() is None:
                each.process.kill()
                each.process.wait()
        world.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            world.wait(STOP_WITHIN)
        world.kill()
        world.wait()
        world.stdout.close()


@pytest.fixture
def bot(playground: Playground) -> Bot:
    """A bot that takes commands on both platforms of the playground."""
    made = playground.bot()
    made.start()
    return made


def is_alive(pid: int) -> bool:
    """Say whether a process of that id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
