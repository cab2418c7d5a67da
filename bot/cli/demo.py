"""``tgk demo``: a simulated world with the bot in it, and a short story told on it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import exits
from bot.cli.stage import Stage
from bot.cli.story import StoryFailed, tell_story
from bot.runtime.settings import without_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = Path("var/demo")
READY_WITHIN, STOP_WITHIN = 30.0, 10.0


@click.command("demo")
@click.option("--once", is_flag=True, help="Tell the story, check how it ends, and leave.")
@click.option("--http", default="127.0.0.1:8080", help="Where the bot's gateway listens.")
@click.option("--port", default=8090, help="Where the page of the simulated world is.")
def tool(*, once: bool, http: str, port: int) -> None:
    """Start a simulated Discord, Telegram and cluster, and the bot between them. TEST MODE."""
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    with ExitStack() as stack:
        http = _free(http)
        page = stack.enter_context(_world(0 if once else port, http))
        bot = Bot(page, http)
        stack.callback(bot.stop)
        bot.start()
        click.echo(f"TEST MODE: everything below is simulated on this machine. Page: {page}")
        try:
            tell_story(Stage(page), bot, click.echo)
        except StoryFailed as error:
            click.echo(f"The story went wrong: {error}", err=True)
            click.echo(f"The bot's log is {STATE / 'bot.log'}", err=True)
            sys.exit(exits.FAILED)
        if once:
            click.echo("Every step ended as it should.")
            return
        _stay(page)


def _stay(page: str) -> None:
    click.echo("")
    click.echo(f"Open {page} and be any of them: dana releases, vik only looks, ana approves.")
    click.echo(f"In another terminal: TGK_STATE={STATE} TGK_USER=dana .venv/bin/tgk status")
    click.echo("Ctrl-C ends it.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("")


class Bot:
    """The bot as a process that the story may kill."""

    def __init__(self, world: str, http: str) -> None:
        self._environment = {
            **without_tokens(),
            "TGK_SANDBOX_URL": world,
            "TGK_HTTP": http,
            "TGK_STATE": str(STATE),
        }
        self._http = http
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes commands on both platforms."""
        log = (STATE / "bot.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot"], env=self._environment, stderr=log
            )
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise StoryFailed(f"the bot ended with {self._process.returncode}")
            if Stage.answers(f"http://{self._http}/readyz"):
                return
            time.sleep(0.05)
        raise StoryFailed(f"the bot was not ready after {READY_WITHIN:.0f} s")

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


@contextmanager
def _world(port: int, http: str) -> Iterator[str]:
    """Run the simulated world; it ends with this process, however that ends."""
    command = [
        sys.executable, "-m", "sandbox", "--port", str(port), "--bot", f"http://{http}",
        "--audit-log", str(STATE / "audit.jsonl"), "--ends-with-stdin",
    ]  # fmt: skip
    world = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=without_tokens(), start_new_session=True,
    )  # fmt: skip
    try:
        line = world.stdout.readline().strip() if world.stdout else ""
        if not line.startswith("http"):
            raise click.ClickException(f"The simulated world did not start. Is port {port} taken?")
        yield line
    finally:
        if world.stdin:
            world.stdin.close()
        world.wait(STOP_WITHIN)


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
