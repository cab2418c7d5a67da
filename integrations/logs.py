"""Log lines from wherever a service keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tgk.discovery import Service
    from tgk.ports.logs import LogPage, LogQuery, Logs


class RoutedLogs:
    """Implements Logs by asking the source that discovery.yml names for the service."""

    def __init__(self, *, loki: Logs, cloudwatch: Logs) -> None:
        self._sources = {"loki": loki, "cloudwatch": cloudwatch}

    async def tail(self, name: str, service: Service, environment: str, query: LogQuery) -> LogPage:
        """Return the newest lines that fit the query."""
        return await self._sources[service.logs.source].tail(name, service, environment, query)
