"""The page's way to kill the bot: the process that it was told of, and no other."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from sandbox.play import player
from sandbox.serving import served
from sandbox.stage import build

if TYPE_CHECKING:
    from typing import Any

CONFIG = Path(__file__).parents[3] / "discovery.yml"


async def asked(pid_file: Path | None) -> tuple[int, dict[str, Any]]:
    """Ask a world to kill its bot; return status and answer."""
    stage = build(CONFIG, bot_pid=pid_file)
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        served({"/play": player(stage)}) as address,
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(f"{address}/play/kill", json={}) as answer,
    ):
        return answer.status, await answer.json()


async def test_the_bot_that_the_world_was_told_of_is_killed(tmp_path: Path) -> None:
    """At once and without a chance to tidy up; a second time there is nobody left, and no error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(60)"
    )
    file = tmp_path / "bot.pid"
    file.write_text(f"{process.pid}\n", encoding="ascii")

    status, told = await asked(file)
    ended = await asyncio.wait_for(process.wait(), 10)
    again, _ = await asked(file)

    assert (200, {"killed": process.pid}, -signal.SIGKILL, 200) == (status, told, ended, again)


async def test_a_world_that_was_told_of_no_bot_kills_nothing() -> None:
    """It says so."""
    status, told = await asked(None)

    assert 404 == status
    assert "bot that this world may kill" in told["error"]
