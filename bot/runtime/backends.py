"""Opens the ports that commands use: real where an address or token is given, off where not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrations.library import MarkdownLibrary
from integrations.logs import RoutedLogs
from integrations.off import OffCluster, OffLogs, OffMetrics, OffModel, OffPipelines
from integrations.providers.bound import BoundProviders, named_variables
from tgk.backends import Backends

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack
    from pathlib import Path

    from bot.runtime.memory import Memory
    from bot.runtime.settings import Settings
    from tgk.discovery import Agent, Discovery
    from tgk.ports.board import Board
    from tgk.ports.cluster import Cluster
    from tgk.ports.council import Approvals
    from tgk.ports.library import Library
    from tgk.ports.logs import Logs
    from tgk.ports.metrics import Metrics
    from tgk.ports.model import Model
    from tgk.ports.pipelines import Pipelines
    from tgk.ports.playbooks import Playbooks
    from tgk.ports.providers import Providers
    from tgk.ports.runs import Runs
    from tgk.ports.time import Clock


@dataclass(slots=True)
class Outside:
    """The systems outside, and which of them are off and why."""

    cluster: Cluster
    logs: Logs
    metrics: Metrics
    pipelines: Pipelines
    model: Model
    library: Library
    providers: Callable[[Board], Providers]
    """Who does what operations commands ask for, once there is a board to tell people by."""
    off: dict[str, str] = field(default_factory=dict)

    def backends(
        self, board: Board, approvals: Approvals, memory: Memory, runs: Runs, playbooks: Playbooks
    ) -> Backends:
        """Return everything that commands may use."""
        return Backends(
            cluster=self.cluster,
            logs=self.logs,
            metrics=self.metrics,
            pipelines=self.pipelines,
            model=self.model,
            library=self.library,
            providers=self.providers(board),
            board=board,
            approvals=approvals,
            locks=memory.locks,
            notes=memory.notes,
            runs=runs,
            playbooks=playbooks,
            schedules=memory.schedules,
        )


class Opener:
    """Opens each system once and lets the stack close it."""

    def __init__(self, settings: Settings, clock: Clock, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._clock = clock
        self._stack = stack
        self.off: dict[str, str] = {}

    async def open(self, discovery: Discovery, root: Path) -> Outside:
        """Return everything, with a reason for what is off."""
        library = MarkdownLibrary(root=root, folders=discovery.documents, clock=self._clock)
        cluster, metrics = await self._cluster(), await self._metrics()
        pipelines = await self._pipelines()
        self._note_providers(discovery)

        def providers(board: Board) -> Providers:
            made = BoundProviders(
                discovery,
                pipelines=pipelines,
                cluster=cluster,
                metrics=metrics,
                board=board,
                clock=self._clock,
                variable=self._settings.variable,
            )
            self._stack.push_async_exit(made)
            return made

        return Outside(
            cluster=cluster,
            logs=RoutedLogs(loki=await self._loki(), cloudwatch=await self._cloudwatch()),
            metrics=metrics,
            pipelines=pipelines,
            model=await self._model(tuple(discovery.agents.values())),
            library=self._stack.enter_context(library),
            providers=providers,
            off=self.off,
        )

    def _note_providers(self, discovery: Discovery) -> None:
        """Note which commands cannot be done for want of a variable."""
        for command, names in named_variables(discovery.providers).items():
            unset = [name for name in names if self._settings.variable(name) is None]
            if unset:
                self.off[f"/{command}"] = f"{', '.join(unset)} not set"

    def _note(self, system: str, variable: str) -> tuple[str, str, str]:
        why = f"{variable} is not set"
        self.off[system] = why
        return system, f"{why}.", f"Set {variable} and start again."

    async def _cluster(self) -> Cluster:
        if self._settings.kubeconfig is None:
            return OffCluster(*self._note("Kubernetes", "KUBECONFIG"))
        from integrations.kubernetes import KubernetesCluster

        return await self._stack.enter_async_context(
            KubernetesCluster(clock=self._clock, kubeconfig=self._settings.kubeconfig)
        )

    async def _loki(self) -> Logs:
        if not self._settings.loki_url:
            return OffLogs(*self._note("Loki", "LOKI_URL"))
        from integrations.loki import LokiLogs

        return await self._stack.enter_async_context(
            LokiLogs(self._settings.loki_url, clock=self._clock)
        )

    async def _cloudwatch(self) -> Logs:
        if not self._settings.aws_region:
            return OffLogs(*self._note("CloudWatch", "AWS_REGION"))
        from integrations.cloudwatch import CloudWatchLogs

        return await self._stack.enter_async_context(
            CloudWatchLogs(
                clock=self._clock,
                region=self._settings.aws_region,
                endpoint_url=self._settings.aws_endpoint_url or "",
            )
        )

    async def _metrics(self) -> Metrics:
        if not self._settings.prometheus_url:
            return OffMetrics(*self._note("Prometheus", "PROMETHEUS_URL"))
        from integrations.prometheus import PrometheusMetrics

        return await self._stack.enter_async_context(
            PrometheusMetrics(self._settings.prometheus_url, clock=self._clock)
        )

    async def _pipelines(self) -> Pipelines:
        if self._settings.github_token is None:
            return OffPipelines(*self._note("GitHub", "GITHUB_TOKEN"))
        from integrations.github.pipelines import GitHubPipelines

        return await self._stack.enter_async_context(
            GitHubPipelines(
                token=self._settings.github_token,
                clock=self._clock,
                base_url=self._settings.github_api_url,
            )
        )

    async def _model(self, agents: tuple[Agent, ...]) -> Model:
        addressed = self._settings.openai_base_url or any(agent.base_url for agent in agents)
        if self._settings.openai_api_key is None and not addressed:
            return OffModel(*self._note("The model", "OPENAI_API_KEY"))
        from integrations.model import ChatModel

        return await self._stack.enter_async_context(
            ChatModel(
                key=self._settings.openai_api_key,
                base_url=self._settings.openai_base_url or "",
                agents=agents,
                clock=self._clock,
            )
        )
