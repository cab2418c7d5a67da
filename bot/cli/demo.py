"""``tgk demo``: a simulated world with the bot in it, and a short story told on it."""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import exits
from bot.cli.hanging import hung
from bot.cli.stage import Stage
from bot.cli.story import StoryFailed, tell_story
from bot.cli.throwaway import throwaway
from bot.runtime.settings import DEMO_PID, without_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG, FOLDER = Path("discovery.yml"), Path("var")
READY_WITHIN, STOP_WITHIN, LOOK_EVERY = 30.0, 10.0, 0.5
MOST_SHORT_LIVES, SHORT_LIFE = 5, 10.0
_QUICK = 3.0
"""How much faster the world works where nobody watches."""
SIGNED_WITH = "demo"
"""What signs events and hooks here: the simulated world is nobody's, and its gateway is local."""
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


@click.command("demo")
@click.option("--once", is_flag=True, help="Tell the story, check how it ends, and leave.")
@click.option("--http", default="127.0.0.1:8080", help="Where the bot's gateway listens.")
@click.option("--page", default="127.0.0.1:8090", help="Where the page of the world is.")
@click.option("--keep", is_flag=True, help="Keep its drafts, runs and audit log at the end.")
def tool(*, once: bool, http: str, page: str, keep: bool) -> None:
    """Start a simulated Discord, Telegram and cluster, and the bot between them. TEST MODE.

    An address that somebody has is replaced by one with a free port. It has a state of its own,
    which is deleted at the end: TGK_STATE, TGK_HTTP, tokens and secrets of the environment are not
    used.
    """
    if not CONFIG.exists():
        raise click.ClickException(f"There is no {CONFIG} here. Start it in the project's folder.")
    try:
        with ExitStack() as stack:
            state = stack.enter_context(throwaway(FOLDER, click.echo, keep=keep))
            http = _free(http)
            pace = _QUICK if once else 1.0
            world = stack.enter_context(_world(_free(page), http, state, pace=pace))
            bot = Bot(world.address, http, state)
            stack.callback(bot.stop)
            _tell(world, bot, state)
            if once:
                click.echo("Every step ended as it should.")
            else:
                _stay(world, bot, state, http, keep=keep)
    except KeyboardInterrupt:  # before the story was over
        sys.exit(exits.INTERRUPTED)


def _tell(world: World, bot: Bot, state: Path) -> None:
    """Start the bot and tell the story; a story that goes wrong ends it all."""
    click.echo(f"TEST MODE: all of this is simulated on this machine. Page: {world.address}")
    try:
        bot.start()
        tell_story(Stage(world.address), bot, _say)
    except StoryFailed as error:
        click.echo(f"The story went wrong: {error}", err=True)
        click.echo(f"The bot's log is {state / 'bot.log'}", err=True)
        sys.exit(exits.FAILED)


def _say(line: str) -> None:
    """Write a line of the story; in a terminal words are not torn apart at its edge."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for part in hung(line, width) if width else [line]:
        click.echo(part)


def _stay(world: World, bot: Bot, state: Path, http: str, *, keep: bool) -> None:
    """Stay until Ctrl-C; a bot that somebody killed is started again, as a service would be."""
    click.echo("")
    click.echo(f"Open {world.address} and be any of them: dana releases, vik looks, ana approves.")
    click.echo(f"In another terminal: TGK_STATE={state} TGK_USER=dana .venv/bin/tgk status")
    click.echo(f"Send it an event (docs/triggers.md says which start what): {_curl(http)}")
    click.echo(f"Kill the bot if you like, it is started again and goes on: {bot.way_to_kill}")
    click.echo(f"Ctrl-C ends the demo; {state} {'stays' if keep else 'is thrown away then'}.")
    try:
        short_lives = 0
        while short_lives < MOST_SHORT_LIVES:
            began = time.monotonic()
            while bot.lives and world.lives:
                time.sleep(LOOK_EVERY)
            if not world.lives:
                raise click.ClickException("The simulated world ended, and the demo with it.")
            short_lives = short_lives + 1 if time.monotonic() - began < SHORT_LIFE else 0
            click.echo("The bot ended; starting it again with the same state.")
            bot.start()
        raise click.ClickException(f"The bot ended too often. Its log is {state / 'bot.log'}")
    except StoryFailed as error:
        raise click.ClickException(f"{error}. Its log is {state / 'bot.log'}") from error
    except KeyboardInterrupt:
        click.echo("")


class Bot:
    """The bot as a process that the story may kill."""

    def __init__(self, world: str, http: str, state: Path) -> None:
        self._environment = {
            **without_tokens(),
            "TGK_SANDBOX_URL": world,
            "TGK_HTTP": http,
            "TGK_STATE": str(state),
            "TGK_EVENT_SECRET": SIGNED_WITH,
            "TGK_HOOK_SECRET": SIGNED_WITH,
        }
        self._http = http
        self._state = state
        self._pid_file = state / DEMO_PID
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes commands on both platforms."""
        log = (self._state / "bot.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot"],
                env=self._environment,
                stderr=log,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
            )
        self._pid_file.write_text(f"{self._process.pid}\n", encoding="ascii")
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise StoryFailed(f"the bot ended with {self._process.returncode}")
            if Stage.answers(f"http://{self._http}/readyz"):
                return
            time.sleep(0.05)
        raise StoryFailed(f"the bot was not ready after {READY_WITHIN:.0f} s")

    @property
    def way_to_kill(self) -> str:
        """What to type in another terminal."""
        return f"kill -9 $(cat {self._pid_file})"

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it as an operator would."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def tgk(self, *words: str, user: str = "alex") -> subprocess.CompletedProcess[str]:
        """Run the terminal program beside the bot."""
        return subprocess.run(
            [sys.executable, "-m", "bot.cli", *words],
            env={**self._environment, "TGK_USER": user},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """The simulated world as a process."""

    address: str
    process: subprocess.Popen[str]

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None


@contextmanager
def _world(page: str, http: str, state: Path, *, pace: float) -> Iterator[World]:
    """Run the simulated world; it ends with this process, however that ends."""
    command = [
        sys.executable, "-m", "sandbox", "--port", page.rpartition(":")[2],
        "--bot", f"http://{http}", "--audit-log", str(state / "audit.jsonl"),
        "--bot-pid", str(state / DEMO_PID), "--ends-with-stdin", "--pace", str(pace),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=without_tokens(), start_new_session=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline().strip() if process.stdout else ""
        if not line.startswith("http"):
            raise click.ClickException("The simulated world did not start. Try again.")
        yield World(line, process)
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait(STOP_WITHIN)


def _curl(http: str) -> str:
    """Return the line that sends a signed event."""
    body = json.dumps({"id": "demo-1", "source": "demo", "event": "hello", "data": {}})
    mark = hmac.new(SIGNED_WITH.encode(), body.encode(), hashlib.sha256).hexdigest()
    return f"curl -H 'X-Sig: sha256={mark}' -d '{body}' http://{http}/event"


def _end_with_parent() -> None:
    """Ask the kernel to stop the bot when the demo is killed; elsewhere than on Linux, nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)


def _free(address: str) -> str:
    """Return the address, or one with a free port when somebody has it."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            probe.bind((host, 0))
        return f"{host}:{probe.getsockname()[1]}"
