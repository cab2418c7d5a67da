"""Ports that are switched off: they say why, and what to set, at the first use."""

# ruff: noqa: ARG002 - arguments are part of the ports; nothing is done with them here
from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from tgk.discovery import Agent, Environment, Pipeline, Service
    from tgk.ports.cluster import Exchange, Workload
    from tgk.ports.logs import LogPage, LogQuery
    from tgk.ports.metrics import Vitals
    from tgk.ports.model import Chunk, Message, Tool
    from tgk.ports.pipelines import PipelineRun, RunState, Tag


class _Off:
    """Knows why a system is not used; ``why`` and ``remedy`` are sentences for the operator."""

    def __init__(self, system: str, why: str, remedy: str) -> None:
        self.system = system
        self.why = why
        self.remedy = remedy

    def _refuse(self) -> NoReturn:
        raise Unavailable(self.system, f"It is off: {self.why}", remedy=self.remedy)


class OffCluster(_Off):
    """Implements Cluster by refusing."""

    async def workload(self, service: Service, environment: Environment) -> Workload:
        """Refuse."""
        self._refuse()

    async def scale(self, service: Service, environment: Environment, replicas: int) -> int:
        """Refuse."""
        self._refuse()

    async def set_version(
        self, service: Service, environment: Environment, version: str, *, key: str
    ) -> Exchange:
        """Refuse."""
        self._refuse()

    async def roll_back(self, service: Service, environment: Environment, *, key: str) -> Exchange:
        """Refuse."""
        self._refuse()

    async def watch(self, service: Service, environment: Environment) -> AsyncIterator[Workload]:
        """Refuse at the first state."""
        self._refuse()
        yield  # makes this an iterator, as the port promises


class OffLogs(_Off):
    """Implements Logs by refusing."""

    async def tail(self, name: str, service: Service, environment: str, query: LogQuery) -> LogPage:
        """Refuse."""
        self._refuse()


class OffMetrics(_Off):
    """Implements Metrics by refusing."""

    async def vitals(self, name: str, service: Service, environment: str) -> Vitals:
        """Refuse."""
        self._refuse()

    async def figure(self, query: str, at: datetime) -> float | None:
        """Refuse."""
        self._refuse()


class OffPipelines(_Off):
    """Implements Pipelines by refusing."""

    async def dispatch(
        self,
        pipeline: Pipeline,
        inputs: Mapping[str, str],
        correlation: str,
    ) -> PipelineRun:
        """Refuse."""
        self._refuse()

    async def state(self, run: PipelineRun) -> RunState:
        """Refuse."""
        self._refuse()

    async def tags(self, repository: str) -> tuple[Tag, ...]:
        """Refuse."""
        self._refuse()


class OffModel(_Off):
    """Implements Model by refusing."""

    @property
    def enabled(self) -> bool:
        """Always false."""
        return False

    async def answer(
        self,
        agent: Agent,
        messages: Sequence[Message],
        tools: Sequence[Tool] = (),
    ) -> AsyncIterator[Chunk]:
        """Refuse at the first piece."""
        self._refuse()
        yield  # makes this an iterator, as the port promises
