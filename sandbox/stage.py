"""Everything of the simulated world in one place: both platforms, the systems, and one server."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import web

from sandbox import github, kubernetes, model, operations
from sandbox.cast import load_cast
from sandbox.clock import WallClock
from sandbox.discord.emulator import DiscordEmulator
from sandbox.serving import served
from sandbox.telegram.emulator import TelegramEmulator
from sandbox.telemetry import LokiEmulator, PrometheusEmulator
from sandbox.visitors import only_ours
from sandbox.world import World
from tgk.discovery import Discovery

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sandbox.cast import Cast

TICK_SECONDS = 0.25
_UNWRITABLE = (asyncio.Future, asyncio.Event, bytes)


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts that the page, the stories and the tests act on."""

    cast: Cast
    world: World
    discord: DiscordEmulator
    telegram: TelegramEmulator
    bot: str
    """Where the bot takes webhooks."""
    operations: operations.OperationsEmulator
    audit_log: Path | None
    """The bot's audit log, to show records beside messages."""
    bot_pid: Path | None = None
    """A file with the number of the bot's process, for killing it."""


def build(
    config: Path,
    *,
    bot: str = "http://127.0.0.1:8080",
    audit_log: Path | None = None,
    bot_pid: Path | None = None,
    pace: float = 1.0,
) -> Stage:
    """Return a stage for an operator's own files; its world works at the ``pace`` given."""
    clock = WallClock()
    discovery = Discovery.model_validate(yaml.safe_load(config.read_text(encoding="utf-8")))
    cast = load_cast(config, config.parent / "rbac" / "policy.yml")
    world = World(discovery, clock, pace=pace)
    return Stage(
        cast=cast,
        world=world,
        operations=operations.OperationsEmulator(world),
        discord=DiscordEmulator(cast, clock),
        telegram=TelegramEmulator(cast, clock),
        bot=bot,
        audit_log=audit_log,
        bot_pid=bot_pid,
    )


@asynccontextmanager
async def opened(
    stage: Stage,
    *,
    port: int = 0,
    extra: dict[str, web.Application] | None = None,
    front: Sequence[web.RouteDef] = (),
) -> AsyncIterator[str]:
    """Serve the whole stage and keep its time; yields the address.

    ``extra`` are applications by prefix, ``front`` routes at the root.
    """
    announced: dict[str, str] = {}
    parts = {
        "/discord": stage.discord.app(),
        "/telegram": stage.telegram.app(),
        "/github": github.GitHubEmulator(stage.world).app(),
        "/kubernetes": kubernetes.KubernetesEmulator(stage.world).app(),
        "/loki": LokiEmulator(stage.world).app(),
        "/prometheus": PrometheusEmulator(stage.world).app(),
        "/operations": stage.operations.app(),
        "/openai/v1": model.ModelEmulator(stage.world).app(),
        "/environment": _announcer(announced),
        **(extra or {}),
    }
    with tempfile.TemporaryDirectory(prefix="tgk-sandbox-") as folder:
        async with served(parts, front=front, port=port) as address, asyncio.TaskGroup() as tasks:
            announced.update(environment(stage, address, Path(folder)))
            ticking = tasks.create_task(_tick(stage.world))
            try:
                yield address
            finally:
                ticking.cancel()


def environment(stage: Stage, address: str, folder: Path) -> dict[str, str]:
    """Return the variables that lead a bot here, and write the kubeconfig they name."""
    kubeconfig = folder / "kubeconfig"
    kubernetes.write_kubeconfig(kubeconfig, f"{address}/kubernetes")
    return {
        "DISCORD_TOKEN": stage.cast.discord_token,
        "DISCORD_API_URL": f"{address}/discord/api/v10",
        "DISCORD_GATEWAY_URL": f"{address.replace('http', 'ws', 1)}/discord/gateway",
        "TELEGRAM_BOT_TOKEN": stage.cast.telegram_token,
        "TELEGRAM_API_URL": f"{address}/telegram",
        "TELEGRAM_COUNCIL_ID": str(stage.cast.council_chat),
        "GITHUB_TOKEN": github.TOKEN,
        "GITHUB_API_URL": f"{address}/github",
        "GITHUB_WEBHOOK_SECRET": github.WEBHOOK_SECRET,
        "KUBECONFIG": str(kubeconfig),
        "LOKI_URL": f"{address}/loki",
        "PROMETHEUS_URL": f"{address}/prometheus",
        "OPENAI_BASE_URL": f"{address}/openai/v1",
        "OPENAI_API_KEY": model.KEY,
        "OPERATIONS_URL": f"{address}/operations",
        "OPERATIONS_TOKEN": operations.TOKEN,
        "SLACK_WEBHOOK": f"{address}/operations/hooks/sandbox-slack-webhook",
    }


def _announcer(announced: dict[str, str]) -> web.Application:
    async def announce(request: web.Request) -> web.Response:  # noqa: ARG001 - a route
        return web.json_response(announced)

    app = web.Application(middlewares=[only_ours])
    app.router.add_get("", announce)
    return app


async def _tick(world: World) -> None:
    """Move the world on while nobody asks."""
    while True:
        world.tick()
        await asyncio.sleep(TICK_SECONDS)


def as_json(value: Any) -> Any:
    """Return plain JSON of records; what cannot be written, such as a waiting task, is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: as_json(each) for name, each in pairs if not isinstance(each, _UNWRITABLE)}
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
