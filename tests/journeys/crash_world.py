"""A world inside the test and the bot as a process of its own, to be killed at any moment."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import urllib.error
import urllib.request
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from audit.chain import Keyring
from audit.record import Record
from audit.verify import verify
from bot.runtime.settings import AUDIT_LOG, without_tokens
from sandbox.stage import Stage, build, opened
from sandbox.telegram.emulator import TelegramEmulator

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable

    from sandbox.telegram.state import Message

ROOT = Path(__file__).parents[2]
PLENTY = 1_000_000
PACE = 3.0
"""Deployments of the world end before the bot looks at them for the first time."""
GREETING = "Questions for the council come here"


def estate(folder: Path) -> Path:
    """Copy the shipped files, without a limit on what one person may ask in a minute."""
    shutil.copytree(ROOT / "rbac", folder / "rbac")
    (folder / "docs").symlink_to(ROOT / "docs")
    discovery = yaml.safe_load((ROOT / "discovery.yml").read_text())
    discovery["limits"]["per_minute"] = PLENTY
    config = folder / "discovery.yml"
    config.write_text(yaml.safe_dump(discovery))
    return config


def free_address() -> str:
    """Return an address of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@dataclass
class Scene:
    """The simulated world and a bot that may be killed and started again."""

    stage: Stage
    folder: Path
    config: Path
    address: str
    http: str
    bot: Process | None = None
    lives: int = 0
    typed: dict[tuple[int, int], str] = field(default_factory=dict)

    async def start(self) -> None:
        """Start the bot; it may still be opening its doors."""
        log = (self.folder / "bot.log").open("ab")
        with log:
            self.bot = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "--config", str(self.config),
                cwd=ROOT, stderr=log,
                env={
                    **without_tokens(os.environ),
                    "PYTHONPATH": str(ROOT),
                    "PYTHONDONTWRITEBYTECODE": "",  # compiled once, as where people run it
                    "TGK_SANDBOX_URL": self.address,
                    "TGK_HTTP": self.http,
                    "TGK_STATE": str(self.folder / "state"),
                },
            )  # fmt: skip
        self.lives += 1

    async def started(self) -> None:
        """Start the bot and wait until both platforms are up."""
        await self.start()
        await self.until(lambda: False, every=0.05, also=self.ready)

    async def kill(self) -> None:
        """End the bot as a power cut would."""
        assert self.bot is not None
        self.bot.kill()
        await self.bot.wait()

    async def stop(self) -> None:
        """End the bot as an operator would."""
        assert self.bot is not None
        if self.bot.returncode is None:
            self.bot.terminate()
            await self.bot.wait()

    async def say(self, who: str, text: str) -> None:
        """Write in a private chat with the bot."""
        message = await self.stage.telegram.say(who, text=text)
        self.typed[message.chat, message.id] = text

    def said(self) -> list[Message]:
        """Return everything that the bot shows on Telegram."""
        us = self.stage.cast.telegram_bot
        chats = self.stage.telegram.chats()
        return [m for chat in chats for m in chat.messages.values() if m.sender == us]

    def answers(self) -> Counter[tuple[int, int]]:
        """Return how many messages answer each message that was typed."""
        spoken = [message for message in self.said() if message.upload is None]
        found = Counter((m.chat, m.reply_to or 0) for m in spoken)
        return Counter({each: count for each, count in found.items() if each in self.typed})

    def doubled(self) -> dict[str, list[str]]:
        """Return what was answered more than once, with its answers."""
        twice = [each for each, count in self.answers().items() if count > 1]
        return {
            f"{self.typed[chat, number]} ({number})": [
                f"{m.id}: {m.text}" for m in self.said() if (m.chat, m.reply_to) == (chat, number)
            ]
            for chat, number in twice
        }

    def running(self) -> list[str]:
        """Return what the bot shows as not ended yet."""
        texts = [message.text for message in self.said()]
        going = [text for text in texts if "Previous: " in text or "Triggered workflow" in text]
        return [text for text in going if "Result: " not in text]

    def mirrored(self) -> tuple[list[str], list[str]]:
        """Return what stands in the council's chat, but for the greeting, and in #deployments."""
        discord = self.stage.discord
        council = [text for text in self._council() if GREETING not in text]
        shown = [str(discord.wire(message)) for message in discord.messages("#deployments")]
        return council, shown

    def greetings(self) -> int:
        """Return how often the council was told that its chat is connected."""
        return sum(GREETING in text for text in self._council())

    def _council(self) -> list[str]:
        return [m.text for m in self.said() if m.chat == self.stage.cast.council_chat]

    async def until(
        self,
        reached: Callable[[], bool],
        *,
        within: float = 60.0,
        every: float = 0.01,
        also: Callable[[], object] | None = None,
    ) -> None:
        """Look until it is so; raises TimeoutError with the end of the bot's log."""
        try:
            async with asyncio.timeout(within):
                while not (reached() or (also and await asyncio.to_thread(also))):
                    await asyncio.sleep(every)
        except TimeoutError:
            tail = (self.folder / "bot.log").read_text(errors="replace")[-2000:]
            raise TimeoutError(f"not within {within} s; the bot said: {tail}") from None

    async def wait(self, seconds: float) -> None:
        """Let the world go on for a moment."""
        await asyncio.sleep(seconds)

    def records(self) -> list[Record]:
        """Return the audit log."""
        path = self.folder / "state" / AUDIT_LOG
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [record for line in lines if (record := Record.read(line))]

    def phases(self, command: str) -> Counter[tuple[str, str, str]]:
        """Count the records of a command by correlation, phase and result."""
        return Counter(
            (each.corr, each.phase, each.result)
            for each in self.records()
            if each.command == command
        )

    def proved(self) -> bool:
        """Say whether the audit log is whole."""
        verdict = verify(self.folder / "state" / AUDIT_LOG, Keyring.of(None))
        return verdict.intact and not verdict.torn

    def ready(self) -> bool:
        """Say whether the bot takes commands on both platforms."""
        try:
            with urllib.request.urlopen(f"http://{self.http}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Open the world for one story; the bot is not started yet."""
    config, http = estate(folder), free_address()
    built = build(config, bot=f"http://{http}", pace=PACE)
    stage = replace(
        built, telegram=TelegramEmulator(built.cast, built.world.clock, flood_limits=False)
    )
    async with opened(stage) as address:
        played = Scene(stage, folder, config, address, http)
        try:
            yield played
        finally:
            if played.bot is not None and played.bot.returncode is None:
                await played.kill()
