"""Whether those who do commands answer; nothing is done, and nobody is told anything."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from integrations.knock import knocked
from integrations.providers.filling import with_variables
from tgk.errors import Missing, Rejected, Unavailable

if TYPE_CHECKING:
    from integrations.providers.filling import Variable
    from tgk.bindings import NotificationBinding, Provider
    from tgk.discovery import Discovery
    from tgk.ports.cluster import Cluster
    from tgk.ports.metrics import Metrics
    from tgk.ports.pipelines import Pipelines

_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Looks at the systems behind providers."""

    discovery: Discovery
    pipelines: Pipelines
    cluster: Cluster
    metrics: Metrics
    variable: Variable

    async def look(self, name: str, provider: Provider) -> str:
        """Return who answered; raises Unavailable or Rejected, in time."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._look(name, provider)
        except TimeoutError as error:
            raise Unavailable(name, "It does not answer.") from error

    async def _look(self, name: str, provider: Provider) -> str:
        if provider.github is not None:
            await self.pipelines.tags(provider.github.repository)
            return "GitHub"
        if provider.http is not None:
            return await self._host(name, provider.http.url)
        if provider.process is not None:
            return _program(name, provider.process.argv[0])
        if provider.notification is not None:
            return await self._told(name, provider.notification)
        with suppress(Missing):  # whether there is such a service is no matter
            await self._ask_platform(provider)
        return "Kubernetes" if provider.kubernetes else "Prometheus"

    async def _ask_platform(self, provider: Provider) -> None:
        """Ask the cluster, or the metrics, about some service."""
        name, service = next(iter(self.discovery.services.items()))
        environment = self.discovery.default_environment
        if provider.kubernetes:
            await self.cluster.workload(service, self.discovery.environments[environment])
        else:
            await self.metrics.vitals(name, service, environment)

    async def _host(self, name: str, address: str) -> str:
        """Knock, and return the host as discovery.yml writes it: never what a variable holds."""
        where = with_variables(address, self.variable, system=name).get_secret_value()
        await knocked(name, urlsplit(where))
        return urlsplit(address).netloc or address.partition("/")[0]

    async def _told(self, name: str, binding: NotificationBinding) -> str:
        """Knock at those that are outside; what is shown in chats waits for them by itself."""
        outside = [each.slack or each.url for each in binding.targets]
        found = [await self._host(name, address) for address in outside if address]
        return ", ".join(["the chats", *dict.fromkeys(found)])


def _program(name: str, path: str) -> str:
    if not os.access(path, os.X_OK):
        raise Rejected(name, f"There is no program {path} that may be run.")
    return path
