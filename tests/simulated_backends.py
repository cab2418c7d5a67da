"""The simulated world behind real clients: what providers reach, on a clock that runs faster."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from integrations.github.pipelines import GitHubPipelines
from integrations.kubernetes import KubernetesCluster
from integrations.prometheus import PrometheusMetrics
from integrations.providers.bound import BoundProviders
from sandbox import github, kubernetes, operations
from sandbox.serving import served
from sandbox.telemetry import PrometheusEmulator
from sandbox.world import World as SimulatedWorld

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import World


class QuickClock:
    """Implements Clock: real time, so many times as fast, from noon."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began = time.monotonic()

    def now(self) -> datetime:
        """Return a time that runs on."""
        return datetime(2026, 1, 15, 12, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return seconds since the beginning."""
        return (time.monotonic() - self._began) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait a part of it."""
        await asyncio.sleep(seconds / self._speed)


@dataclass
class Outside:
    """The world, its operations service, and the clients that lead there by their port."""

    simulated: SimulatedWorld
    service: operations.OperationsEmulator
    backends: dict[str, Any]


@asynccontextmanager
async def outside(world: World, clock: QuickClock, folder: Path) -> AsyncIterator[Outside]:
    """Serve every emulator that providers reach, and open what reaches them."""
    simulated = SimulatedWorld(world.discovery, clock)
    service = operations.OperationsEmulator(simulated)
    parts = {
        "/github": github.GitHubEmulator(simulated).app(),
        "/kubernetes": kubernetes.KubernetesEmulator(simulated).app(),
        "/prometheus": PrometheusEmulator(simulated).app(),
        "/operations": service.app(),
    }
    async with served(parts) as address:
        kubernetes.write_kubeconfig(folder / "kubeconfig", f"{address}/kubernetes")
        variables = {
            "OPERATIONS_URL": SecretStr(f"{address}/operations"),
            "OPERATIONS_TOKEN": SecretStr(operations.TOKEN),
            "SLACK_WEBHOOK": SecretStr(f"{address}/operations/hooks/sandbox-slack-webhook"),
        }
        token = SecretStr(github.TOKEN)
        async with (
            GitHubPipelines(token=token, clock=clock, base_url=f"{address}/github") as pipelines,
            KubernetesCluster(clock=clock, kubeconfig=folder / "kubeconfig") as cluster,
            PrometheusMetrics(f"{address}/prometheus", clock=clock) as metrics,
            BoundProviders(
                world.discovery, pipelines=pipelines, cluster=cluster, metrics=metrics,
                board=world.board, clock=clock, variable=variables.get,
            ) as providers,
        ):  # fmt: skip
            reached = {
                "pipelines": pipelines, "cluster": cluster, "metrics": metrics,
                "providers": providers,
            }  # fmt: skip
            yield Outside(simulated, service, reached)
