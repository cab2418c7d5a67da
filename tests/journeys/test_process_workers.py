"""A bot and workers on a real PostgreSQL: runs outlive who plays them, and nothing is doubled."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml

from bot.runtime.settings import without_tokens
from tests.journeys.conftest import STOP_WITHIN, Bot, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.journey, pytest.mark.real]
ROOT = Path(__file__).parents[2]
LEASE = 2.0
PROGRAM = '''#!{python}
"""An outside system that knows keys: it does each thing once, and notes every call."""
import os, sys, time
folder, key = {folder!r}, os.environ["TGK_KEY"]
with open(folder + "/calls", "a") as calls:
    calls.write(key + "\\n")
time.sleep(float({seconds!r}))
try:
    os.close(os.open(folder + "/" + key.replace("/", "_"), os.O_CREAT | os.O_EXCL))
except FileExistsError:
    sys.exit(0)
with open(folder + "/effects", "a") as effects:
    effects.write(" ".join(sys.argv[1:]) + "\\n")
'''
NESTED = """
name: nested
parameters: [{name: environment, default: development}]
steps:
  - name: before
    command: /infra deploy --version v1.0.0 --environment development
  - name: both
    type: parallel
    branches:
      - name: left
        steps:
          - name: each
            type: foreach
            items: [v1.1.1, v1.1.2, v1.1.3]
            as: version
            steps: ["/infra deploy --version ${version} --environment development"]
      - name: right
        steps:
          - name: side
            type: conditional
            condition: environment == "development"
            then:
              - /infra deploy --version v1.2.0 --environment development
              - /infra deploy --version v1.2.1 --environment development
  - name: after
    command: /infra deploy --version v1.3.0 --environment development
"""
VERSIONS = ["1.0.0", "1.1.1", "1.1.2", "1.1.3", "1.2.0", "1.2.1", "1.3.0"]


@dataclass
class Works:
    """A bot, workers, and the one outside system that their commands reach."""

    folder: Path
    url: str
    bots: list[Bot] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The file that all processes read."""
        return self.folder / "discovery.yml"

    def furnish(self, seconds: float) -> None:
        """Write the files: everything as shipped, but for who deploys."""
        shutil.copytree(ROOT / "rbac", self.folder / "rbac")
        (self.folder / "docs").symlink_to(ROOT / "docs")
        (self.folder / "playbooks").mkdir()
        (self.folder / "playbooks" / "nested.yml").write_text(NESTED)
        (self.folder / "world").mkdir()
        program = self.folder / "program"
        program.write_text(
            PROGRAM.format(
                python=sys.executable, folder=str(self.folder / "world"), seconds=seconds
            )
        )
        program.chmod(0o700)
        discovery = yaml.safe_load((ROOT / "discovery.yml").read_text())
        discovery["limits"]["per_minute"] = 1_000_000
        discovery["providers"] = {
            "infra deploy": {
                "process": {"argv": [str(program)], "options": {"version": "{version}"}}
            }
        }
        self.config.write_text(yaml.safe_dump(discovery))

    def process(self, name: str, *module: str) -> Bot:
        """Return a process that is not started yet."""
        state = self.folder / name
        state.mkdir()
        salt = self.folder / "redaction.salt"
        if not salt.exists():
            salt.write_bytes(os.urandom(32))
        shutil.copy(salt, state)
        http = f"127.0.0.1:{free_port()}"
        environment = {
            **without_tokens(), "TGK_HTTP": http, "TGK_STATE": str(state), "TGK_LEASE": str(LEASE),
            "DATABASE_URL": self.url, "GITHUB_TOKEN": "nobody-asks",
            "GITHUB_API_URL": "http://127.0.0.1:9",
        }  # fmt: skip
        made = Started(
            environment, http, state, self.folder / f"{name}.log", self.config, module=module
        )
        self.bots.append(made)
        return made

    def crew(self) -> tuple[Bot, dict[str, Bot]]:
        """Start a bot and two workers at once; workers by the numbers that the system gave them."""
        bot = self.process("bot", "-m", "bot")
        workers = [self.process(name, "-m", "bot.cli") for name in ("w1", "w2")]
        for each in (bot, *workers):
            each.launch()
        for each in (bot, *workers):
            until(f"readiness (see {each.log})", each.is_ready, 60)
        return bot, {self.pid(each): each for each in workers}

    @staticmethod
    def pid(bot: Bot) -> str:
        """Return the number that the system gave a process."""
        assert bot.process is not None
        return str(bot.process.pid)

    def lines(self, name: str) -> list[str]:
        """Return what the outside system noted."""
        path = self.folder / "world" / name
        return path.read_text().splitlines() if path.exists() else []

    def tgk(self, bot: Bot, *words: str) -> tuple[int, str, str]:
        """Run the program beside a process."""
        process = subprocess.run(
            [sys.executable, "-m", "bot.cli", "--config", str(self.config), *words],
            env={**bot.environment, "TGK_USER": "dana"}, cwd=ROOT, text=True, check=False,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=90,
        )  # fmt: skip
        return process.returncode, process.stdout, process.stderr

    def members(self, bot: Bot) -> dict[str, dict[str, Any]]:
        """Return the processes on the list by the number that the system gave them."""
        code, out, err = self.tgk(bot, "worker", "--status", "--json")
        assert code == 0, err
        return {str(each["pid"]): each for each in json.loads(out)}

    def runner(self) -> str:
        """Return the process that plays a run; empty while none does."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT pid FROM tgk.processes JOIN tgk.runs ON holder = processes.name AND live"
            ).fetchone()
        return str(row[0]) if row else ""


@dataclass
class Started(Bot):
    """A process of any of our modules."""

    module: tuple[str, ...] = ()

    def launch(self) -> None:
        """Start it and return at once."""
        words = ["--config", str(self.config)]
        if self.module[-1] == "bot.cli":
            words.append("worker")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.module, *words],
                env=self.environment, stdout=log, stderr=log, cwd=ROOT,
            )  # fmt: skip


@contextmanager
def opened(folder: Path, url: str, seconds: float) -> Iterator[Works]:
    """Furnish a place for a story, and end what it started."""
    works = Works(folder, url)
    works.furnish(seconds)
    try:
        yield works
    finally:
        for each in works.bots:
            if each.process and each.process.poll() is None:
                each.kill()


@pytest.fixture
def works(tmp_path: Path, postgres: str) -> Iterator[Works]:
    """A place whose outside system takes a moment for everything."""
    with opened(tmp_path, postgres, 0.3) as made:
        yield made


def asked(works: Works, bot: Bot) -> subprocess.Popen[str]:
    """Ask the bot for the nested run, without waiting for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "--config", str(works.config),
         "orchestrate", "run", "nested", "--environment", "development", "--yes", "--json"],
        env={**bot.environment, "TGK_USER": "dana"}, cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def done(works: Works) -> list[str]:
    """Return the versions that were deployed, each as often as it was."""
    return sorted(line.rpartition("v")[2] for line in works.lines("effects"))


def playing(works: Works, workers: dict[str, Bot]) -> str:
    """Wait until a worker is within the branches of the run; returns which."""
    until("the branches", lambda: len(works.lines("effects")) >= 2)
    player = works.runner()
    assert player in workers
    return player


def test_a_killed_workers_run_is_finished_by_another_and_nothing_is_doubled(works: Works) -> None:
    """A kill within the branches: the other goes on after the lease, each effect happens once."""
    bot, workers = works.crew()
    asking = asked(works, bot)
    player = playing(works, workers)

    workers[player].kill()
    seen = len(works.lines("calls"))
    until("the takeover", lambda: len(works.lines("calls")) > seen, LEASE + 6)
    out, err = asking.communicate(timeout=60)

    assert asking.returncode == 0, f"{err} {bot.said()[-2000:]}"
    assert json.loads(out)["result"] == "success"
    assert done(works) == VERSIONS
    assert max(Counter(works.lines("calls")).values()) <= 2
    assert player not in works.members(bot)


def test_the_bot_plays_what_no_worker_is_left_for(works: Works) -> None:
    """Both workers are killed within the branches: the bot finishes the run itself."""
    bot, workers = works.crew()
    asking = asked(works, bot)
    playing(works, workers)

    for each in workers.values():
        each.kill()
    out, err = asking.communicate(timeout=60)

    assert json.loads(out)["result"] == "success", f"{err} {bot.said()[-2000:]}"
    assert done(works) == VERSIONS
    assert max(Counter(works.lines("calls")).values()) <= 2


def test_a_worker_told_to_stop_hands_its_run_over_at_once(works: Works) -> None:
    """SIGTERM: it is gone soon, and the other goes on without waiting for any lease."""
    bot, workers = works.crew()
    asking = asked(works, bot)
    player = playing(works, workers)

    began = time.monotonic()
    code = workers[player].stop()
    spent = time.monotonic() - began
    out, err = asking.communicate(timeout=60)

    assert code == 0
    assert spent < STOP_WITHIN
    assert json.loads(out)["result"] == "success", err
    assert done(works) == VERSIONS


def test_a_worker_that_wakes_too_late_does_nothing_more(works: Works) -> None:
    """Stopped for longer than its lease, it finds others at its work, says so, and ends."""
    bot, workers = works.crew()
    asking = asked(works, bot)
    player = playing(works, workers)
    late = workers[player]
    assert late.process is not None

    late.process.send_signal(signal.SIGSTOP)
    out, err = asking.communicate(timeout=60)
    calls = len(works.lines("calls"))
    late.process.send_signal(signal.SIGCONT)

    assert json.loads(out)["result"] == "success", err
    assert late.exit_code() == 69
    assert "others have taken over" in late.said()
    assert len(works.lines("calls")) == calls
    assert done(works) == VERSIONS


def test_a_database_has_one_bot_of_one_world(works: Works) -> None:
    """A second bot ends with the reason; so does a worker that would mask secrets otherwise."""
    bot = works.process("bot", "-m", "bot")
    bot.start()
    second, other = works.process("second", "-m", "bot"), works.process("other", "-m", "bot.cli")
    (other.state / "redaction.salt").write_bytes(os.urandom(32))
    for each in (second, other):
        each.launch()

    assert (second.exit_code(), other.exit_code()) == (69, 78)
    assert "Another bot serves on this database." in second.said()
    assert "redaction.salt" in other.said()
    assert bot.is_ready()
    password = works.url.partition("tgk:")[2].partition("@")[0]
    assert all(password not in each.said() for each in works.bots)
