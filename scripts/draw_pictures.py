"""Write docs/pictures: the canary of the demo as its card, its analysis and the page show it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from bot.cli.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
ROOM, RUN = "#deployments", "WF-2026-001"
WITHIN = 30.0
_ANYWHERE = "127.0.0.1:0"


def main() -> None:
    """Let the demo tell its story, and look at what it left."""
    with told() as stage:
        _write("run.png", _picture(stage, f"canary {RUN}: done"))
        stage.slash("dana", ROOM, "orchestrate analyze", workflow=RUN)
        _write("gantt.png", _picture(stage, f"When the steps of canary {RUN} ran"))
        stage.slash("dana", ROOM, "orchestrate run", playbook="canary", parameters="version=v1.6.0")
        _until(lambda: any("api v1.6.0" in text for text in stage.heard()))
        _picture(stage, "canary WF-2026-002: waiting")
        _write("page.png", _seen(stage.address))


@contextmanager
def told() -> Iterator[Stage]:
    """Start the demo on free ports; it stays up once its story is over."""
    command = [sys.executable, "-m", "bot.cli", "demo", "--http", _ANYWHERE, "--page", _ANYWHERE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:  # noqa: S603 - ours
        try:
            lines = iter(demo.stdout or ())
            found = (re.match(r"Open (http://\S+) ", line) for line in lines)
            address = next((each[1] for each in found if each), None)
            if address is None:
                sys.exit("The story did not come to its end.")
            yield Stage(address)
        finally:
            demo.send_signal(signal.SIGINT)


def _picture(stage: Stage, words: str) -> bytes:
    """Return the newest picture of the room whose words begin so, once it is there."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [
            str(item["media"]["url"])
            for message in stage.discord(ROOM, "dana")
            for item in _items(message)
            if str(item.get("description", "")).startswith(words)
        ]
        return bool(found)

    _until(look)
    with urllib.request.urlopen(found[-1], timeout=WITHIN) as answer:  # noqa: S310 - loopback
        return bytes(answer.read())


def _items(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from part.get("items", [])
    for inner in part.get("components", []):
        yield from _items(inner)


def _until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not so():
        if time.monotonic() > deadline:
            sys.exit(f"It was not so within {WITHIN:.0f} s.")
        time.sleep(0.2)


def _seen(address: str) -> bytes:
    """Return the page as dana has it open at a desk in the dark."""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 960}, color_scheme="dark")
        page.goto(address)
        page.wait_for_selector('#bot-state[data-tone="ok"]')
        shown = page.locator('.message .gallery img[alt*="WF-2026-002: waiting"]').last
        shown.scroll_into_view_if_needed()
        shown.evaluate("async (image) => { await image.decode(); image.scrollIntoView(false); }")
        image = page.screenshot()
        browser.close()
        return bytes(image)


def _write(name: str, image: bytes) -> None:
    (FOLDER / name).write_bytes(image)
    print(f"docs/pictures/{name}: {len(image):,} bytes")


if __name__ == "__main__":
    main()
