"""``python -m bot.worker``, by ``tgk worker``: plays runs that others start, and has no doors."""

from __future__ import annotations

import argparse
import sys
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from bot.gateway.app import probes
from bot.gateway.metrics import Metrics
from bot.gateway.server import listener, serving
from bot.process import Process, until_stopped
from bot.runtime.assemble import assembled
from bot.runtime.company import require_shared
from bot.runtime.lost import settle
from bot.runtime.simulation import simulated
from bot.runtime.supervise import Supervisor
from bot.start import run, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until told to stop; exit codes are those of the bot."""
    parser = argparse.ArgumentParser(prog="python -m bot.worker", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("discovery.yml"))
    return started(parser.parse_args(arguments).config, _serve)


def _serve(settings: Settings, discovery: Discovery, root: Path) -> None:
    require_shared(settings)
    world = simulated(settings, root) if settings.sandbox_url else nullcontext(settings)
    with world as actual:
        run(work_until_stopped, actual, discovery, root)


async def work_until_stopped(settings: Settings, discovery: Discovery, root: Path) -> None:
    """Play runs until SIGTERM or SIGINT."""
    await until_stopped(working(settings, discovery, root))


@asynccontextmanager
async def working(settings: Settings, discovery: Discovery, root: Path) -> AsyncIterator[Process]:
    """Take up runs and yield once that has begun; stop within ten seconds after.

    What is under way then is left as it is remembered, and others go on with it at once. Raises
    like ``listener`` and ``assembled``.
    """
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        bound = stack.enter_context(listener(settings.http))
        core = await stack.enter_async_context(
            assembled(settings, discovery, root, observer=metrics, kind="worker")
        )
        process = Process(core, Supervisor(core.clock), {}, metrics)
        process.export()
        app = probes(metrics=metrics, alive=process.alive, ready=process.ready)
        await stack.enter_async_context(serving(app, bound))
        await core.engine.start(core.dispatcher.perform)
        await settle(core)
        host, port = bound.getsockname()[:2]
        address = f"http://{host}:{port}"
        logger.bind(name=core.memory.name, address=address).info("worker takes up runs")
        yield process
        process.stopping = True


if __name__ == "__main__":
    sys.exit(main())
