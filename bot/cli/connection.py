"""Finds the way to a dispatcher: the running bot's socket, else a core in this process."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.session import SocketSession
from bot.runtime.discovery import load_discovery
from bot.runtime.settings import SOCKET_NAME, read_settings
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cli.session import Asked, Session
    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery
    from tgk.outcome import Outcome
    from tgk.reply import Reply

CONFIG = Path("discovery.yml")
POSTING_PATIENCE = 20.0
"""Seconds that a run of our own waits for its reports to reach the chats."""


def connect() -> Session:
    """Return a session; raises ConfigurationInvalid, or Unavailable when there is no bot at all."""
    settings = read_settings()
    socket = settings.state / SOCKET_NAME
    if socket.exists() and SocketSession.reachable(socket):
        return SocketSession(socket)
    if settings.has_token:
        return OwnSession(settings)
    raise Unavailable(
        "the bot",
        f"nothing listens at {socket}, and no token is set",
        remedy="Start it with `python -m bot` (or try `make demo`), or set tokens.",
    )


class OwnSession:
    """A core that lives as long as one command, for machines without a running bot, such as CI."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self, asked: Asked, show: Callable[[Reply], None]) -> Outcome:
        """Assemble, run, wait until the reports are sent, and take everything apart."""
        discovery, root = load_discovery(CONFIG), CONFIG.resolve().parent
        return asyncio.run(self._run(asked, show, discovery, root))

    def complete(self, asked: Asked, option: str, partial: str) -> list[str]:  # noqa: ARG002 - port
        """Complete nothing: starting a core at every key press would be slower than typing."""
        return []

    async def _run(
        self, asked: Asked, show: Callable[[Reply], None], discovery: Discovery, root: Path
    ) -> Outcome:
        from bot.runtime.assemble import assembled
        from tgk.context import Invocation

        async def shown(reply: Reply) -> None:
            show(reply)

        async with assembled(self._settings, discovery, root) as core:
            await core.engine.start(core.dispatcher.perform)
            caller = core.policy.directory.resolve(
                "cli", asked.user, name=asked.user, channel="terminal"
            )
            outcome = await core.dispatcher.run(
                Invocation(
                    name=asked.name,
                    raw=asked.raw,
                    caller=caller,
                    delivery=f"cli:{uuid.uuid4()}",
                    door="cli",
                    confirmed=asked.confirmed,
                    show=shown,
                )
            )
            await _until_posted(core.board.depths)
            return outcome


async def _until_posted(depths: Callable[[], object]) -> None:
    """Wait a while for reports; what is not sent then is sent by the next process."""
    for _ in range(int(POSTING_PATIENCE / 0.1)):
        waiting = depths()
        if not isinstance(waiting, dict) or not any(waiting.values()):
            return
        await asyncio.sleep(0.1)
