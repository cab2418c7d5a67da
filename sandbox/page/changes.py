"""What a page that watches is told, as it happens: both platforms and the audit log, in one row."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from sandbox.feed import Change
from sandbox.stage import as_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sandbox.stage import Stage

BOUND: Final = 1000
BEAT_SECONDS: Final = 10.0
"""A quiet stream says so this often, so that a watcher who left is noticed."""
LOOK_SECONDS: Final = 0.4


async def tell(stage: Stage, write: Callable[[bytes], Awaitable[None]]) -> None:
    """Write server-sent events from now on, the first at once, until the watcher is gone."""
    merged: asyncio.Queue[tuple[str, Change]] = asyncio.Queue(BOUND)
    with (
        contextlib.suppress(ConnectionResetError),  # the watcher left, which ends the matter
        stage.discord.subscribe() as discord,
        stage.telegram.subscribe() as telegram,
    ):
        await write(b": watching\n\n")
        async with asyncio.TaskGroup() as tasks:
            sources = (
                tasks.create_task(_pass_on("discord", discord, merged)),
                tasks.create_task(_pass_on("telegram", telegram, merged)),
                tasks.create_task(_watch_log(stage.audit_log, merged)),
            )
            try:
                await _write_all(merged, write)
            finally:
                for source in sources:
                    source.cancel()


async def _write_all(
    merged: asyncio.Queue[tuple[str, Change]], write: Callable[[bytes], Awaitable[None]]
) -> None:
    with contextlib.suppress(ConnectionResetError):  # the same, once there are tasks to end
        while True:
            await write(await _next_event(merged))


async def _next_event(merged: asyncio.Queue[tuple[str, Change]]) -> bytes:
    try:
        async with asyncio.timeout(BEAT_SECONDS):
            platform, change = await merged.get()
    except TimeoutError:
        return b": still here\n\n"
    line = json.dumps({"platform": platform, **as_json(change)})
    return f"data: {line}\n\n".encode()


async def _pass_on(
    platform: str, queue: asyncio.Queue[Change], merged: asyncio.Queue[tuple[str, Change]]
) -> None:
    while True:
        await merged.put((platform, await queue.get()))


async def _watch_log(path: Path | None, merged: asyncio.Queue[tuple[str, Change]]) -> None:
    """Tell whenever the audit log grew."""
    known = -1
    while path is not None:
        size = await asyncio.to_thread(_size, path)
        if size != known:
            body: dict[str, Any] = {"size": size}
            await merged.put(("audit", Change("records", body=body)))
        known = size
        await asyncio.sleep(LOOK_SECONDS)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
