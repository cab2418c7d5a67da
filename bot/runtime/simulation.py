"""Test mode: with no token at all, the same process talks to a simulated world on loopback.

This module only learns addresses and tokens from whatever announces them; it knows no emulator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.runtime.memory import NAME, STORE
from bot.runtime.settings import AUDIT_LOG, read_settings
from tgk.errors import ConfigurationInvalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.runtime.settings import Settings

_OURS = ("127.0.0.1", "localhost", "::1")
_MARK = "simulated"
_COMMAND = (sys.executable, "-m", "sandbox")


@contextmanager
def simulated(settings: Settings, root: Path) -> Iterator[Settings]:
    """Yield the settings to use: as they are when there is a token, else those of test mode.

    A world at ``TGK_SANDBOX_URL`` is used if named; else one is started and ends with the block.
    Raises Unavailable when it cannot be reached, ConfigurationInvalid when both are asked for.
    """
    if settings.has_token:
        if settings.sandbox_url:
            raise ConfigurationInvalid(
                "Real tokens and a simulated world do not go together.",
                ["TGK_SANDBOX_URL is set beside a token"],
                remedy="Unset one of them.",
            )
        yield settings
    elif settings.sandbox_url:
        yield announced(settings.sandbox_url)
    else:
        with _own_world(root, _whereabouts(settings)) as address:
            yield announced(address)


def announced(address: str) -> Settings:
    """Return the settings that a simulated world announces for its bot."""
    if urlsplit(address).hostname not in _OURS:
        raise ConfigurationInvalid(
            "A simulated world must be on this machine.",
            [f"TGK_SANDBOX_URL is {address}"],
            remedy="Use an address on loopback.",
        )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoDetours())
    try:
        with direct.open(f"{address}/environment", timeout=5) as answer:
            environment = json.load(answer)
    except (urllib.error.URLError, ValueError, OSError) as error:
        raise Unavailable(
            "The simulated world", f"{address} does not answer", remedy="Start `python -m sandbox`."
        ) from error
    elsewhere = [name for name, value in environment.items() if _leads_away(str(value))]
    if elsewhere:
        raise ConfigurationInvalid(
            "A simulated world must be on this machine.",
            [f"{address} announces {name} elsewhere" for name in elsewhere],
            remedy="Use the world that `python -m sandbox` starts.",
        )
    settings = read_settings(announced={**environment, "TGK_SIMULATED": "true"})
    if _leads_away(settings.database):
        raise ConfigurationInvalid(
            "A simulated world must be on this machine.",
            ["DATABASE_URL leads elsewhere"],
            remedy="Unset it, or give it a database of this machine that nothing real uses.",
        )
    return settings


class _NoDetours(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the world answers itself, or not at all."""

    def redirect_request(self, *_: object) -> None:
        """Refuse it, which is an error where it was asked."""


def _leads_away(value: str) -> bool:
    return "://" in value and urlsplit(value).hostname not in _OURS


def keep_apart(state: Path, *, simulated: bool) -> None:
    """Mark the state folder of a simulated world, which no real bot may take up, nor the reverse.

    What was approved in a rehearsal would else be done for real. Raises ConfigurationInvalid.
    """
    mark, marked = state / _MARK, is_marked(state)
    if marked if not simulated else (_is_used(state) and not marked):
        whose, now = ("the real", "simulated") if simulated else ("a simulated", "real")
        raise ConfigurationInvalid(
            "Real and simulated changes do not go together.",
            [f"TGK_STATE is {state}: it belongs to {whose} world, and this one is {now}"],
            remedy="Set TGK_STATE to another folder.",
        )
    if simulated:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.touch(mode=0o600)


def is_marked(state: Path) -> bool:
    """Say whether a state folder is of a simulated world."""
    return (state / _MARK).exists()


def _is_used(state: Path) -> bool:
    return any((state / name).exists() for name in (STORE, NAME))


def _whereabouts(settings: Settings) -> tuple[str, ...]:
    """Tell the world where this bot takes webhooks and writes its audit log."""
    log = str((settings.state / AUDIT_LOG).resolve())
    return "--bot", f"http://{settings.http}", "--audit-log", log


@contextmanager
def _own_world(root: Path, more: tuple[str, ...]) -> Iterator[str]:
    """Start a world that ends when this process does, even when it is killed."""
    read, write = os.pipe()
    world = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [*_COMMAND, "--config", str(root / "discovery.yml"), "--ends-with-stdin", *more],
        stdin=read,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the bot; the world ends when its input does
    )
    os.close(read)
    try:
        line = world.stdout.readline() if world.stdout else ""
        if not line.startswith("http"):
            raise Unavailable("The simulated world", "it did not start")
        yield line.strip()
    finally:
        os.close(write)
        try:
            world.wait(timeout=3)
        except subprocess.TimeoutExpired:
            world.kill()
