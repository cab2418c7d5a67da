"""Finds the way to a dispatcher: the running bot's socket, else a core in this process."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from bot.cli.session import Answer, SocketSession, overdue
from bot.runtime.discovery import load_discovery
from bot.runtime.settings import DEMO_PID, SOCKET_NAME, read_settings
from bot.runtime.socket_file import answers
from tgk.errors import TgkError, Unavailable
from tgk.suggest import completions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bot.cli.session import Asked, Session
    from bot.runtime.core import Core
    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery
    from tgk.outcome import Outcome
    from tgk.reply import Reply

POSTING_PATIENCE = 20.0
"""Seconds that a run of our own waits for its reports to reach the chats."""
STARTING_PATIENCE = 10.0
"""Seconds that a run of our own waits for whoever writes the audit log: often a bot that starts."""
_LOOK_AGAIN = 0.2
_KNOWN_KINDS = {"service": "services", "environment": "environments"}


def connect(config: Path) -> Session:
    """Return a session; raises ConfigurationInvalid, or Unavailable when there is no bot at all."""
    settings = read_settings()
    socket = settings.state / SOCKET_NAME
    if socket.exists() and answers(socket):
        return SocketSession(socket)
    if settings.has_token or settings.sandbox_url:
        from bot.runtime.simulation import announced

        simulated = settings.sandbox_url and not settings.has_token
        return OwnSession(announced(settings.sandbox_url or "") if simulated else settings, config)
    if socket.exists():
        raise _silent(socket)
    raise Unavailable(
        "The bot",
        f"Nothing listens at {socket}, and no token is set.",
        remedy="Start it with `python -m bot` (or try `make demo`), or set TGK_STATE or tokens.",
    )


def _silent(socket: Path) -> Unavailable:
    """Return what to say of a bot that ended without a word, as when it was killed."""
    state = socket.parent
    start = f"Start it again: TGK_STATE={state} python -m bot"
    if (state / DEMO_PID).exists():
        start = "The demo starts it again within seconds: try once more. If the demo was ended, too"
        start = f"{start}, start it anew: make demo"
    return Unavailable(
        "The bot",
        f"Nobody answers at {socket}: it was killed, or is just starting. What was under way is "
        "kept, and goes on when it is back.",
        remedy=f"{start}.",
    )


def listed_in(config: Path, kind: str, partial: str) -> list[str]:
    """Complete from discovery.yml alone, for shells on machines without a bot."""
    try:
        discovery = load_discovery(config)
    except TgkError:
        return []
    return list(completions(partial, getattr(discovery, _KNOWN_KINDS.get(kind, ""), ())))


class OwnSession:
    """A core that lives as long as one command, for machines without a running bot, such as CI."""

    goes_on = "It goes on when the next `tgk` or bot starts with this TGK_STATE"

    def __init__(self, settings: Settings, config: Path) -> None:
        self._settings = settings
        self._config = config

    def run(self, asked: Asked, show: Callable[[Reply], None]) -> Answer:
        """Assemble, run, wait until the reports are sent, and take everything apart.

        A bot that has started meanwhile is asked instead.
        """
        from audit.log import LogInUse

        discovery, ends = load_discovery(self._config), time.monotonic() + STARTING_PATIENCE
        while True:
            try:
                return asyncio.run(self._run(asked, show, discovery))
            except TimeoutError as error:
                raise overdue(asked, self.goes_on) from error
            except LogInUse:  # nothing has begun yet
                if time.monotonic() >= ends:
                    raise
            time.sleep(_LOOK_AGAIN)
            if answers(socket := self._settings.state / SOCKET_NAME):
                bot = SocketSession(socket)
                self.goes_on = bot.goes_on
                return bot.run(asked, show)

    def complete(self, asked: Asked, option: str, partial: str) -> list[str]:
        """Complete from discovery.yml: a core at every key press would be slower than typing."""
        import commands
        from tgk.registry import Registry, collect

        entry = Registry(collect(commands))[asked.name]
        kind = next((each.known for each in entry.options if each.name == option), None)
        return listed_in(self._config, kind or "", partial)

    async def _run(
        self, asked: Asked, show: Callable[[Reply], None], discovery: Discovery
    ) -> Answer:
        from bot.runtime.assemble import assembled, redactor_of
        from bot.runtime.notebook import open_notebook

        redactor = redactor_of(self._settings, discovery)
        open_notebook("ERROR", redactor.text, json=False)
        root = self._config.resolve().parent
        async with assembled(self._settings, discovery, root, kind="terminal") as core:
            await core.engine.start(core.dispatcher.perform)
            try:
                async with asyncio.timeout(asked.timeout):
                    outcome, known = await _ask(core, asked, show)
            except (TgkError, TimeoutError) as error:
                refusal = error  # raised outside, where no group of tasks wraps it
            else:
                await _until_posted(core.board.depths)
                return Answer(outcome=outcome, known=known, simulated=self._settings.simulated)
        raise refusal


async def _ask(core: Core, asked: Asked, show: Callable[[Reply], None]) -> tuple[Outcome, bool]:
    from bot.cli.unheard import require_voters
    from tgk.context import Invocation

    async def shown(reply: Reply) -> None:
        show(reply)

    directory = core.policy.directory
    caller = directory.resolve("cli", asked.user, name=asked.user, channel="terminal")
    invocation = Invocation(
        name=asked.name,
        raw=asked.raw,
        caller=caller,
        delivery=asked.delivery,
        door="cli",
        confirmed=asked.confirmed,
        show=shown,
    )
    await require_voters(core, invocation)
    return await core.dispatcher.run(invocation), caller.known


async def _until_posted(depths: Callable[[], Mapping[str, int]]) -> None:
    """Wait a while for reports; what is not sent then is sent by the next process."""
    for _ in range(int(POSTING_PATIENCE / 0.1)):
        if not any(depths().values()):
            return
        await asyncio.sleep(0.1)
