"""Debian's own Alertmanager in front of the gateway: grouping, repeats and ends are its own."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.gateway.server import listener, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.gateway.conftest import Gate

PROGRAM = shutil.which("prometheus-alertmanager")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(PROGRAM is None, reason="prometheus-alertmanager is not installed"),
]

CONFIG = """
route:
  receiver: tgk
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: tgk
    webhook_configs:
      - url: http://127.0.0.1:{port}/alert
        send_resolved: true
        http_config:
          authorization: {{credentials: alert-token}}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _alertmanager(folder: Path, gateway: int) -> AsyncIterator[httpx.AsyncClient]:
    """Run it with temporary data and no cluster; yields a client of its API."""
    config = folder / "alertmanager.yml"
    config.write_text(CONFIG.format(port=gateway))
    address = f"127.0.0.1:{_free_port()}"
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            [
                str(PROGRAM), f"--config.file={config}", f"--storage.path={folder / 'data'}",
                f"--web.listen-address={address}", "--cluster.listen-address=",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=5) as client:
            await _until(lambda: _answers(client))
            yield client
    finally:
        process.terminate()
        process.wait(10)


async def _answers(client: httpx.AsyncClient) -> bool:
    with suppress(httpx.TransportError):
        return (await client.get("/-/ready")).status_code == 200
    return False


async def _until(holds: Callable[[], Any], within: float = 15.0) -> None:
    async with asyncio.timeout(within):
        while not await holds():
            await asyncio.sleep(0.05)


def _alerts(name: str, count: int, *, ends: bool = False) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [
        {
            "labels": {
                "alertname": name, "service": "event-gateway", "severity": "critical",
                "instance": f"i{number}",
            },
            "annotations": {"summary": f"{name} is bad"},
            "startsAt": (now - timedelta(minutes=1)).isoformat(),
            "endsAt": (now + timedelta(minutes=0 if ends else 10)).isoformat(),
            "generatorURL": "http://prometheus.example/graph",
        }
        for number in range(count)
    ]  # fmt: skip


async def test_groups_fire_and_resolve_on_one_card_each(gate: Gate, tmp_path: Path) -> None:
    """Three groups of many alerts: three cards, firing with all of them, then resolved."""
    board = gate.world.board
    names = ("HighCPUUsage", "DiskFull", "PodCrashLooping")

    async def cards(word: str) -> bool:
        shown = [board.last(key) for key in board.keys]
        return len(shown) == 3 and all(card.tone == word for card in shown)

    async def all_firing(count: int) -> bool:
        return all(board.last(key).data["firing"] == count for key in board.keys)

    with listener("127.0.0.1:0") as bound:
        port = bound.getsockname()[1]
        async with (
            serving(gate.app(token="alert-token"), bound),
            _alertmanager(tmp_path, port) as alertmanager,
        ):
            for name in names:
                posted = await alertmanager.post("/api/v2/alerts", json=_alerts(name, 40))
                assert posted.status_code == 200
            await _until(lambda: cards("bad"))
            await _until(lambda: all_firing(40))  # a slow start tells of a group in two parts
            for name in names:
                await alertmanager.post("/api/v2/alerts", json=_alerts(name, 40, ends=True))
            await _until(lambda: cards("ok"))

    assert len(board.keys) == 3
    assert {board.last(key).title.split()[0] for key in board.keys} == set(names)
    assert all("resolved" in board.last(key).title for key in board.keys)
    assert gate.count('tgk_webhooks_total{result="refused",source="alert"}') == 0
