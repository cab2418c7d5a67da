"""The process: core, doors and gateway, started together and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loguru import logger

from bot.gateway.app import gateway
from bot.gateway.metrics import Metrics
from bot.gateway.operator import OperatorSocket
from bot.gateway.server import listener, local_listener, serving
from bot.gateway.starts import Starts
from bot.gateway.triggers import Triggers
from bot.gateway.webhooks import Webhooks
from bot.runtime import collector
from bot.runtime.assemble import assembled
from bot.runtime.greeting import greet
from bot.runtime.lost import settle
from bot.runtime.settings import AUDIT_LOG, SOCKET_NAME
from bot.runtime.supervise import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from socket import socket

    from bot.runtime.core import Core
    from bot.runtime.settings import Settings
    from bot.runtime.supervise import Surface
    from tgk.discovery import Discovery

STOP_SURFACES_WITHIN = 3.0


@dataclass(slots=True)
class Process:
    """What runs, for probes and metrics."""

    core: Core
    supervisor: Supervisor
    surfaces: dict[str, Surface]
    metrics: Metrics
    stopping: bool = False

    def alive(self) -> tuple[bool, Mapping[str, object]]:
        """Say whether the process can still do its work; a platform that is down is not death."""
        damages = list(self.core.journal.damages)
        details = {
            "alive": not self.stopping,
            "simulated": self.core.settings.simulated,
            "platforms": self._platforms(),
            "off": self.core.off,
            "engine": self.core.engine.ready.is_set(),
            "store": self._store(),
            "audit": {
                "damages": damages,
                "records_since_start": self.core.journal.stats.records,
            },
        }
        return not self.stopping, details

    def ready(self) -> tuple[bool, Mapping[str, object]]:
        """Say whether commands are taken on every configured platform."""
        states = [each.state for each in self.supervisor.health.values()]
        store = self.core.memory.store
        well = all(state in ("up", "off") for state in states) and not self.stopping
        well = well and not (store.shared and store.away)  # of a file only a write tells
        details = {"platforms": self._platforms(), "store": self._store()}
        return well and self.core.engine.ready.is_set(), details

    def _store(self) -> dict[str, object]:
        why = self.core.memory.store.away
        return {"state": "away" if why else "up", "why": why}

    def _platforms(self) -> dict[str, dict[str, object]]:
        return {
            name: {"state": health.state, "why": health.why, "restarts": health.restarts}
            for name, health in self.supervisor.health.items()
        }

    def export(self) -> None:
        """Let the metrics read what the rooms know of themselves."""
        health, core = self.supervisor.health, self.core
        self.metrics.export(
            "tgk_platform_up", "Whether commands are taken there.", "platform",
            lambda: {name: float(each.state == "up") for name, each in health.items()},
        )  # fmt: skip
        self.metrics.export(
            "tgk_queue_depth", "Messages that wait to be sent or edited.", "place",
            lambda: {place: float(depth) for place, depth in core.board.depths().items()},
        )  # fmt: skip
        self.metrics.export(
            "tgk_given_up_total", "What was not brought to the chats in the end.", "what",
            lambda: {"messages": float(core.board.given_up)},
        )  # fmt: skip
        self.metrics.export(
            "tgk_operations_running", "Changes that run now.", "engine",
            lambda: {"operations": float(core.engine.running)},
        )  # fmt: skip
        self.metrics.export(
            "tgk_audit_total", "The audit log's own counters.", "what",
            lambda: {
                "records": float(core.journal.stats.records),
                "blocked": float(core.journal.stats.blocked),
            },
        )  # fmt: skip
        self.metrics.export(
            "tgk_audit_damages", "Places where the audit log was found damaged.", "log",
            lambda: {AUDIT_LOG: float(len(core.journal.damages))},
        )  # fmt: skip


def surfaces_of(core: Core, supervisor: Supervisor) -> dict[str, Surface]:
    """Return the doors that are configured; the others are noted as off."""
    found: dict[str, Surface] = {}
    settings, discovery = core.settings, core.discovery
    if settings.discord_token and discovery.discord and core.couriers.presenter:
        found["discord"] = _discord(core)
    else:
        supervisor.off("discord", _why_off("DISCORD_TOKEN", settings.discord_token, "discord"))
    if settings.telegram_token and discovery.telegram and core.couriers.telegram:
        found["telegram"] = _telegram(core)
    else:
        supervisor.off(
            "telegram", _why_off("TELEGRAM_BOT_TOKEN", settings.telegram_token, "telegram")
        )
    return found


def _why_off(variable: str, token: object, section: str) -> str:
    return f"{variable} is not set" if token is None else f"discovery.yml has no {section} section"


def _discord(core: Core) -> Surface:
    from bot.discord.surface import DiscordSurface

    assert core.settings.discord_token is not None  # noqa: S101 - surfaces_of looked
    assert core.couriers.presenter is not None  # noqa: S101 - as above
    return DiscordSurface(
        token=core.settings.discord_token,
        discovery=core.discovery,
        dispatcher=core.dispatcher,
        directory=core.policy.directory,
        buttons=core.memory.buttons,
        board=core.board,
        presenter=core.couriers.presenter,
        notes=core.memory.notes,
        clock=core.clock,
        api_url=core.settings.discord_api_url or "",
        gateway_url=core.settings.discord_gateway_url or "",
    )


def _telegram(core: Core) -> Surface:
    from bot.telegram.surface import TelegramSurface

    assert core.settings.telegram_token is not None  # noqa: S101 - surfaces_of looked
    return TelegramSurface(
        token=core.settings.telegram_token,
        discovery=core.discovery,
        dispatcher=core.dispatcher,
        directory=core.policy.directory,
        buttons=core.memory.buttons,
        board=core.board,
        deliveries=core.memory.deliveries,
        clock=core.clock,
        council_chat=core.settings.telegram_council,
        api_url=core.settings.telegram_api_url or "",
    )


@asynccontextmanager
async def running(settings: Settings, discovery: Discovery, root: Path) -> AsyncIterator[Process]:
    """Start everything and yield once the doors are opening; stop within ten seconds after.

    The address is taken before anything else is touched. Raises like ``listener``,
    ``local_listener`` and ``assembled``.
    """
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        public = stack.enter_context(listener(settings.http))
        core = await stack.enter_async_context(
            assembled(settings, discovery, root, observer=metrics)
        )
        local = stack.enter_context(local_listener(settings.state / SOCKET_NAME))
        supervisor = Supervisor(core.clock)
        process = Process(core, supervisor, surfaces_of(core, supervisor), metrics)
        process.export()
        await greet(core)
        async with asyncio.TaskGroup() as tasks:
            kept = [
                tasks.create_task(task)
                for name, surface in process.surfaces.items()
                for task in (supervisor.keep(name, surface), supervisor.watch(name, surface))
            ]
            async with _doors(process, public, local) as webhooks:
                await core.engine.start(core.dispatcher.perform)
                await settle(core)
                await webhooks.resume()
                yield process
                process.stopping = supervisor.stopping = True
            await _close(process.surfaces)
            for task in kept:
                task.cancel()


@asynccontextmanager
async def _doors(process: Process, public: socket, local: socket) -> AsyncIterator[Webhooks]:
    """Serve HTTP and the operator's socket."""
    core = process.core
    operator = OperatorSocket(core.dispatcher, core.policy.directory, core.settings.simulated)
    async with AsyncExitStack() as stack:
        starts = await stack.enter_async_context(_starts(core, process.metrics))
        webhooks = _webhooks(core, starts, process.metrics)
        app = gateway(
            webhooks=webhooks,
            triggers=_triggers(core, starts, process.metrics),
            metrics=process.metrics,
            alive=process.alive,
            ready=process.ready,
        )
        await stack.enter_async_context(serving(app, public))
        await stack.enter_async_context(serving(operator.app(), local))
        host, port = public.getsockname()[:2]
        logger.bind(address=f"http://{host}:{port}").info("gateway listens")
        yield webhooks


def _starts(core: Core, metrics: Metrics) -> Starts:
    return Starts(
        core.dispatcher,
        core.policy.directory,
        core.playbooks,
        core.engine,
        bounds=core.discovery.event_gateway.triggers,
        clock=core.clock,
        metrics=metrics,
    )


def _webhooks(core: Core, starts: Starts, metrics: Metrics) -> Webhooks:
    return Webhooks(
        dispatcher=core.dispatcher,
        directory=core.policy.directory,
        deliveries=core.memory.deliveries,
        starts=starts,
        metrics=metrics,
        git_secret=core.settings.github_webhook_secret,
        alert_token=core.settings.alert_token,
    )


def _triggers(core: Core, starts: Starts, metrics: Metrics) -> Triggers:
    return Triggers(
        starts=starts,
        metrics=metrics,
        event_secret=core.settings.event_secret,
        hook_secret=core.settings.hook_secret,
    )


async def _close(surfaces: Mapping[str, Surface]) -> None:
    """Let the doors close side by side, none of them holding up the others."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_SURFACES_WITHIN):
            await asyncio.gather(*(each.close() for each in surfaces.values()))


def _stopped_by(name: signal.Signals, stop: asyncio.Event) -> None:
    logger.bind(signal=name.name).info("told to stop")
    stop.set()


async def serve_until_stopped(settings: Settings, discovery: Discovery, root: Path) -> None:
    """Run the bot until SIGTERM or SIGINT."""
    await until_stopped(running(settings, discovery, root), simulated=settings.simulated)


async def until_stopped(
    opened: AbstractAsyncContextManager[Process], *, simulated: bool = False
) -> None:
    """Keep a process open until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _stopped_by, name, stop)
    async with opened:
        collector.started()
        logger.bind(simulated=simulated).info("started")
        await stop.wait()
        logger.info("stopping")
    logger.info("stopped")
