"""``python -m sandbox``: run the simulated world; prints its address on the first line."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from sandbox.page.front import front
from sandbox.play import player
from sandbox.stage import build, opened


def main() -> None:
    """Serve until a signal, or until standard input ends if asked to."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("discovery.yml"))
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--bot", default="http://127.0.0.1:8080", help="where webhooks go")
    parser.add_argument("--audit-log", type=Path, help="shown beside the messages")
    parser.add_argument("--bot-pid", type=Path, help="file with its number, to let people kill it")
    parser.add_argument("--ends-with-stdin", action="store_true", help="end when the parent does")
    parser.add_argument("--pace", type=float, default=1.0, help="3: deployments in a third of it")
    given = parser.parse_args()
    asyncio.run(_serve(given))


async def _serve(given: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if given.ends_with_stdin:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    stage = build(
        given.config, bot=given.bot, audit_log=given.audit_log, bot_pid=given.bot_pid,
        pace=given.pace,
    )  # fmt: skip
    parts = {"/play": player(stage)}
    async with opened(stage, port=given.port, extra=parts, front=front()) as address:
        print(address, flush=True)  # noqa: T201 - what the parent waits for
        print(f"Open {address}/ in a browser to play everybody.", file=sys.stderr, flush=True)  # noqa: T201 - for the person
        await stop.wait()


if __name__ == "__main__":
    main()
