"""Providers as discovery.yml names them, each made when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from integrations.providers.call import Body, Call
from integrations.providers.filling import missing_variable, variables_in
from integrations.providers.reach import Reach
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.providers.filling import Variable
    from tgk.bindings import NotificationBinding, Provider
    from tgk.discovery import Discovery
    from tgk.ports.board import Board
    from tgk.ports.cluster import Cluster
    from tgk.ports.metrics import Metrics
    from tgk.ports.pipelines import Pipelines
    from tgk.ports.providers import Arguments, ProviderResult, Watch
    from tgk.ports.time import Clock


class BoundProviders:
    """Implements Providers over the bindings of discovery.yml and the ports of other systems.

    ``variable`` reads the environment where a binding names it. A binding whose variable is not
    set is off and says so at its first use; ``off`` names them all.
    """

    def __init__(
        self,
        discovery: Discovery,
        *,
        pipelines: Pipelines,
        cluster: Cluster,
        metrics: Metrics,
        board: Board,
        clock: Clock,
        variable: Variable,
    ) -> None:
        self._discovery = discovery
        self._pipelines = pipelines
        self._cluster = cluster
        self._metrics = metrics
        self._board = board
        self._clock = clock
        self._variable = variable
        self._bodies: dict[str, Body] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *ended: object) -> None:
        for body in self._bodies.values():
            await body.aclose()

    def plan(self, command: str, arguments: Arguments) -> str:
        """Say in one line what would be done, whatever the arguments hold."""
        return " ".join(self._body(command).plan(arguments).split())

    async def invoke(
        self, command: str, arguments: Arguments, *, key: str, watch: Watch
    ) -> ProviderResult:
        """Do it and stay with it to its end."""
        call = Call(command=command, arguments=arguments, key=key, watch=watch)
        return await self._body(command).invoke(call)

    async def reach(self, command: str) -> str:
        """Return who does a command, having seen that they answer; nothing is done."""
        provider = self._provider(command)
        self._require_variables(f"/{command}", provider)
        look = Reach(
            discovery=self._discovery,
            pipelines=self._pipelines,
            cluster=self._cluster,
            metrics=self._metrics,
            variable=self._variable,
        )
        return await look.look(f"/{command}", provider)

    def _provider(self, command: str) -> Provider:
        provider = self._discovery.provider_of(command)
        if provider is None or not provider.kinds:
            raise ConfigurationInvalid(
                f"Nobody does /{command} here.",
                [f"providers.{command} is missing in discovery.yml"],
                remedy=f"Name who does it there, such as `{command}: {{http: {{url: …}}}}`.",
            )
        return provider

    def _body(self, command: str) -> Body:
        provider = self._provider(command)
        if command not in self._bodies:
            self._bodies[command] = self._made(f"/{command}", provider)
        return self._bodies[command]

    def _made(self, name: str, provider: Provider) -> Body:
        if provider.notification is not None:
            return self._notification(name, provider.notification)
        self._require_variables(name, provider)
        if provider.http is not None:
            from integrations.providers.http import HttpProvider

            return HttpProvider(name, provider.http, clock=self._clock, variable=self._variable)
        if provider.process is not None:
            from integrations.providers.process import ProcessProvider

            return ProcessProvider(name, provider.process, variable=self._variable)
        return self._port(name, provider)

    def _port(self, name: str, provider: Provider) -> Body:
        """Make what works through a port of the bot."""
        if provider.github is not None:
            from integrations.providers.github import WorkflowProvider

            return WorkflowProvider(provider.github, self._pipelines, self._clock)
        if provider.kubernetes is not None:
            from integrations.providers.kubernetes import ClusterProvider

            return ClusterProvider(name, provider.kubernetes, self._cluster, self._discovery)
        assert provider.prometheus is not None  # noqa: S101 - the last of the kinds
        from integrations.providers.prometheus import FigureProvider

        return FigureProvider(provider.prometheus, self._metrics, self._clock)

    def _notification(self, name: str, binding: NotificationBinding) -> Body:
        from integrations.providers.notification import NotificationProvider

        return NotificationProvider(
            name, binding, board=self._board, clock=self._clock, variable=self._variable
        )

    def _require_variables(self, name: str, provider: Provider) -> None:
        for variable in variables_in(provider.model_dump()):
            if self._variable(variable) is None:
                raise missing_variable(name, variable)


def named_variables(providers: Mapping[str, Provider]) -> dict[str, tuple[str, ...]]:
    """Return the variables that each provider needs, by the command it is named for."""
    return {
        name: tuple(dict.fromkeys(variables_in(provider.model_dump())))
        for name, provider in providers.items()
    }
