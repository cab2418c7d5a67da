"""Log lines in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from tgk.ports.logs import Level, LogLine, LogPage, LogQuery
from tgk.testing.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tgk.discovery import Service
    from tgk.ports.time import Clock

_LEVELS: tuple[Level, ...] = get_args(Level)


class FakeLogs:
    """Implements Logs; lines are put in by hand, failures come from ``faults``."""

    def __init__(self, clock: Clock) -> None:
        self.faults = Faults()
        self.asked: list[tuple[str, str, LogQuery]] = []
        self._clock = clock
        self._lines: dict[tuple[str, str], list[LogLine]] = {}

    def put(self, name: str, environment: str, lines: Iterable[LogLine]) -> None:
        """Add lines of a service."""
        kept = self._lines.setdefault((name, environment), [])
        kept.extend(lines)
        kept.sort(key=lambda line: line.at)

    async def tail(self, name: str, service: Service, environment: str, query: LogQuery) -> LogPage:
        """Return the newest lines that fit the query."""
        self.faults.check()
        self.asked.append((name, environment, query))
        kept = self._lines.get((name, environment), [])
        fitting = [line for line in kept if self._fits(line, query)]
        return LogPage(
            lines=tuple(fitting[-query.limit :]),
            source=service.logs.source,
            more=len(fitting) > query.limit,
        )

    def _fits(self, line: LogLine, query: LogQuery) -> bool:
        if query.before is not None and line.at > query.before:
            return False
        if query.since is not None and line.at < self._clock.now() - query.since:
            return False
        if query.level is not None and line.level is not None:
            wanted = _LEVELS.index(query.level)
            if _LEVELS.index(line.level) < wanted:
                return False
        return query.contains in line.text
