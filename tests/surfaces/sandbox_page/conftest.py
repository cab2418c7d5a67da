"""A started product: the simulated world with its page, and the bot as its own process."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
CHROMIUM = Path("/usr/bin/chromium")
STARTS_WITHIN = 40.0


@dataclass(frozen=True)
class Product:
    """Where the page is, and where the bot writes."""

    page: str
    state: Path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _started(*module: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TGK_", "DISCORD_", "TELEGRAM_", "GITHUB_", "OPENAI_"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env={**clean, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=5)
        if process.stdout:
            process.stdout.close()


def _wait_until_connected(page: str) -> None:
    """Return once the bot is on the gateway and its commands are registered."""
    commands, until = f"{page}/play/discord/commands", time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        with urllib.request.urlopen(commands, timeout=5) as answer:  # noqa: S310 - our own loopback
            if b'"deploy"' in answer.read():
                return
        time.sleep(0.2)
    pytest.fail("the bot did not register its commands in time")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The whole product in test mode, as ``python -m bot`` and ``python -m sandbox`` run it."""
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium at /usr/bin/chromium")
    state, http = tmp_path_factory.mktemp("state"), f"127.0.0.1:{_free_port()}"
    log = str(state / "audit.jsonl")
    given = ("--bot", f"http://{http}", "--audit-log", log, "--pace", "3")
    with _started("sandbox", *given) as world:
        page = world.stdout.readline().strip() if world.stdout else ""
        assert page.startswith("http://127.0.0.1"), "the world did not start"
        bot = _started("bot", TGK_STATE=str(state), TGK_HTTP=http, TGK_SANDBOX_URL=page)
        with bot as process:
            if process.stdout:
                process.stdout.close()
            _wait_until_connected(page)
            yield Product(page, state)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A started browser."""
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium at /usr/bin/chromium")
    play = pytest.importorskip("playwright.sync_api", reason="needs the playwright package")
    with play.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """An open page, and what it complained about."""

    page: Any
    complaints: list[str]


@pytest.fixture
def visit(product: Product, chromium: Any) -> Iterator[Visit]:
    """The page, opened at a desk in the dark."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="dark", locale="en-GB"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    page.on("console", lambda said: _note(complaints, said.type, said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(product.page)
    page.wait_for_selector('#bot-state[data-tone="ok"]')
    yield Visit(page, complaints)
    context.close()


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        complaints.append(text)
