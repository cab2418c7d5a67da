"""A bot between two simulated platforms in one loop, where everybody may send anything."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import logging
import socket
import tempfile
import time
from collections import Counter, deque
from contextlib import asynccontextmanager, contextmanager, redirect_stderr
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from loguru import logger

from bot.process import running
from bot.runtime.assemble import redactor_of
from bot.runtime.notebook import open_notebook
from bot.runtime.settings import read_settings
from sandbox import github
from sandbox.cast import Person
from sandbox.discord.interaction import COMMAND
from sandbox.discord.options import FILE, attached, find_command, leaf_options
from sandbox.stage import build, environment, opened
from sandbox.telegram.emulator import TelegramEmulator
from tests.conftest import ROOT, load_shipped_discovery
from tests.contract.limits import discord_faults, strings, telegram_faults
from tgk.discovery import CommandEntry, Limits
from tgk.recording import correlation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from bot.process import Process
    from sandbox.discord.interaction import Interaction
    from sandbox.stage import Stage
    from sandbox.wire import Exchange
    from tgk.discovery import Discovery

STRANGER = "@everyone <@&200000000000000001> <script>\u202e`"
"""An outsider who named the account so."""
WITHIN = 20.0
_CRASH = '"level":"ERROR"'


@dataclass
class Hostile:
    """Everything that a hostile journey acts on and looks at."""

    stage: Stage
    process: Process
    gateway: str
    state: Path
    said: io.StringIO
    session: aiohttp.ClientSession
    attempts: list[str] = field(default_factory=list)
    """Deliveries of which the audit log must tell exactly one end each."""
    secrets: set[str] = field(default_factory=set)
    """What the state folder may not hold once the bot has stopped."""

    async def slash(
        self, user: str, name: str, options: dict[str, Any], *, channel: str = "#agents"
    ) -> Interaction:
        """Send a slash command as a client would that checks nothing before it sends."""
        discord = self.stage.discord
        who = self.stage.cast.person(user).discord
        command, path = find_command(discord.state, who, name)
        kinds = {each["name"]: each["type"] for each in leaf_options(command, path)}
        resolved: dict[str, Any] = {}
        given = [
            {
                "name": key,
                "type": kinds.get(key, 3),
                "value": attached(discord.state, key, str(value), resolved)
                if kinds.get(key) == FILE
                else value,
            }
            for key, value in options.items()
        ]
        for verb in reversed(path):
            given = [{"name": verb["name"], "type": verb["type"], "options": given}]
        data = {"id": command["id"], "name": command["name"], "type": 1, "options": given,
                "guild_id": self.stage.cast.guild, "resolved": resolved}  # fmt: skip
        place = self.stage.cast.channel(channel).id
        found = await discord._interact(COMMAND, who, place, data)
        assert found.answer, f"/{name} {options!r}: {found.refused}"
        self.attempts.append(f"discord:{found.id}")
        async with asyncio.timeout(WITHIN):
            await found.finished.wait()
        return found

    async def mention(self, user: str, line: str, *, channel: str = "#agents") -> None:
        """Type a command in Discord after a mention of the bot."""
        said = await self.stage.discord.say(user, channel, f"@tgk {line}")
        self.attempts.append(f"discord:{said.id}")

    async def type(self, user: str, line: str) -> None:
        """Type a command to the bot in a private Telegram chat."""
        telegram = self.stage.telegram
        known = telegram.state.updates
        before = {update["update_id"] for update in known.pending}
        await telegram.say(user, None, line)
        fresh = [u["update_id"] for u in known.pending if u["update_id"] not in before]
        self.attempts += [f"telegram:{number}" for number in fresh]
        assert fresh, f"{line!r} never reached the bot"

    async def alert(self, payload: Any) -> int:
        """Notify the bot as Alertmanager would; returns the status."""
        async with self.session.post(f"{self.gateway}/alert", json=payload) as answer:
            return answer.status

    async def git(self, event: str, payload: Any, delivery: str) -> int:
        """Send a signed event as GitHub would; returns the status."""
        body = json.dumps(payload).encode()
        digest = hmac.new(github.WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "X-GitHub-Event": event, "X-GitHub-Delivery": delivery,
            "X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json",
        }  # fmt: skip
        url = f"{self.gateway}/git"
        async with self.session.post(url, data=body, headers=headers) as answer:
            self.attempts.append(f"git:{delivery}")
            return answer.status

    async def settled(self) -> None:
        """Wait until every attempt has ended and everything to be shown was sent."""
        wanted = {correlation(delivery) for delivery in self.attempts}
        await until("the end of every attempt", lambda: wanted <= {r["corr"] for r in self.ends()})
        await until("an empty board", lambda: not self.process.core.board.depths())

    def records(self) -> list[dict[str, Any]]:
        """Return the audit log."""
        lines = (self.state / "audit.jsonl").read_bytes().split(b"\n")
        return [json.loads(line) for line in lines if line.endswith(b"}")]

    def ends(self) -> list[dict[str, Any]]:
        """Return the records that tell how an attempt ended."""
        return [record for record in self.records() if record["phase"] == "outcome"]

    def sent(self) -> list[Exchange]:
        """Return every request that the bot sent to either platform."""
        return [*self.stage.discord.requests.all(), *self.stage.telegram.requests.all()]

    def texts(self) -> str:
        """Return all words that the bot sent to either platform, files included."""
        words = [text for exchange in self.sent() for text in strings(exchange.body)]
        files = [u.content.decode("utf-8", "replace") for e in self.sent() for u in e.files]
        return "\n".join([*words, *files])

    def assert_sound(self, *, secrets: Iterable[str] = ()) -> None:
        """Hold everything sent and written against what may never be."""
        self._assert_bodies()
        self._assert_nobody_pinged()
        self._assert_audited()
        crashed = [line for line in self.said.getvalue().splitlines() if _CRASH in line]
        assert not crashed, crashed[:2]
        settings = self.process.core.settings
        own = (settings.telegram_token, settings.discord_token, settings.github_webhook_secret)
        everything = [*secrets, *(token.get_secret_value() for token in own if token)]
        leaks = self.leaks(everything)
        assert not leaks, leaks[:20]
        self.secrets.update(everything)

    def _assert_bodies(self) -> None:
        faults = [
            f"{e.method} {e.path}: {fault}"
            for e in self.stage.discord.requests.all()
            for fault in discord_faults(e)
        ]
        faults += [
            f"{e.path}: {fault}"
            for e in self.stage.telegram.requests.all()
            for fault in telegram_faults(e)
        ]
        assert not faults, faults[:10]
        refused = [(e.path, e.status, e.answer) for e in self.sent() if e.status == 400]
        assert not refused, refused[:5]

    def _assert_nobody_pinged(self) -> None:
        for exchange in self.stage.discord.requests.all():
            for body in (exchange.body, exchange.body.get("data") or {}):
                allowed = body.get("allowed_mentions") or {}
                assert not allowed.get("users"), exchange
        for exchange in self.stage.telegram.requests.all():
            assert '<a href="tg://user' not in str(exchange.body), exchange

    def _assert_audited(self) -> None:
        told = Counter(record["corr"] for record in self.ends())
        wrong = {d: told[correlation(d)] for d in self.attempts if told[correlation(d)] != 1}
        assert not wrong, f"ends by attempt that are not one: {wrong}"

    def leaks(self, secrets: Iterable[str]) -> list[str]:
        """Return where any of the secrets stands: sent, logged or audited."""
        places = {str(p): p.read_bytes() for p in self.state.glob("audit*")}
        places["process log"] = self.said.getvalue().encode()
        for number, exchange in enumerate(self.sent()):
            words = "\n".join(strings(exchange.body)).encode()
            places[f"{number} {exchange.path}"] = words + b"".join(
                upload.content for upload in exchange.files
            )
        return [
            f"{secret[:40]} in {place}"
            for secret in secrets
            for place, content in places.items()
            if secret.encode() in content
        ]

    def left_behind(self) -> list[str]:
        """Return which secrets the stores keep after the bot has let go of them."""
        return [
            f"{secret[:40]} in {path.name}"
            for path in self.state.rglob("*")
            if path.is_file()
            for content in (path.read_bytes(),)
            for secret in self.secrets
            if secret.encode() in content
        ]


async def until(what: str, holds: Callable[[], bool], within: float = WITHIN) -> None:
    """Wait for something in this process; fails with its name."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not happen within {within:.0f} s"
        await asyncio.sleep(0.02)


def relaxed(discovery: Discovery) -> Discovery:
    """Return the shipped estate with limits that do not stand in the way of a flood."""
    entries = {name: CommandEntry() for name in discovery.commands}
    most = Limits(per_minute=100_000)
    return discovery.model_copy(update={"limits": most, "commands": entries})


@contextmanager
def _notebook() -> Iterator[io.StringIO]:
    """Keep what the process logs, and give the test's own log back after."""
    root, said = logging.getLogger(), io.StringIO()
    before = (list(root.handlers), root.level)
    with redirect_stderr(said):
        yield said
    logger.remove()
    root.handlers[:], _ = before
    root.setLevel(before[1])


def _stage() -> Stage:
    stage = build(ROOT / "discovery.yml")
    people = (*stage.cast.people, Person(STRANGER, "300000000000000099", 7000099))
    cast = replace(stage.cast, people=people)
    discord = type(stage.discord)(cast, stage.world.clock)
    telegram = TelegramEmulator(cast, stage.world.clock, flood_limits=False)
    for each in (discord, telegram):
        each.requests._kept = deque(maxlen=100_000)
    return replace(stage, cast=cast, discord=discord, telegram=telegram)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def hostile_world(
    *, root: Path = ROOT, level: str = "INFO", **more: str
) -> AsyncIterator[Hostile]:
    """Start world and bot; ``more`` overrides what the world announces."""
    stage, port = _stage(), _free_port()
    discovery = relaxed(load_shipped_discovery())
    with tempfile.TemporaryDirectory(prefix="tgk-hostile-") as folder, _notebook() as said:
        state = Path(folder) / "state"
        async with opened(stage) as address, aiohttp.ClientSession() as session:
            announced = environment(stage, address, Path(folder))
            own = {"TGK_STATE": str(state), "TGK_HTTP": f"127.0.0.1:{port}",
                   "TGK_SIMULATED": "true", "LOG_LEVEL": level}  # fmt: skip
            settings = read_settings({}, {**announced, **own, **more})
            state.mkdir()
            open_notebook(level, redactor_of(settings, discovery).text, json=True)
            async with running(settings, discovery, root) as process:
                gateway = f"http://127.0.0.1:{port}"
                world = Hostile(stage, process, gateway, state, said, session)
                await until("readiness", lambda: process.ready()[0])
                await until("registration", lambda: bool(stage.discord.commands()))
                yield world
            kept = world.left_behind()
            assert not kept, kept[:20]
