"""Runs as live traces: each step is told once it has ended, the run at its end."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Never, get_args

from loguru import logger

from orchestration.runs.tracing import settled, span_id
from tgk.errors import Missing, TgkError
from tgk.ports.runs import ENDED, RunFilter, RunState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.runs.ports import Spans
    from orchestration.runs.tracing import Span
    from tgk.ports.runs import Runs, RunView
    from tgk.ports.time import Clock

LOOK_SECONDS: Final = 1.0
_YOUNG: Final = timedelta(minutes=10)
"""Runs asked for so lately are looked at although they have ended."""
_MOST_AT_ONCE: Final = 500
_MOST_REMEMBERED: Final = 5000
_GOING: Final = frozenset(get_args(RunState)) - ENDED


@dataclass(slots=True)
class _Told:
    """What was told of a run: the starts of its spans, by their ids."""

    revision: int = -1
    over: bool = False
    starts: dict[str, list[str]] = field(default_factory=dict)


class LiveTraces:
    """Looks at the runs beside them, so that no run ever waits; ``run`` must be owned.

    Spans have the ids of an exported trace. After a restart what goes on is told again under the
    same ids; of a run that ended just before a kill the last spans may be missing.
    """

    def __init__(self, runs: Runs, spans: Spans, clock: Clock) -> None:
        self._runs = runs
        self._spans = spans
        self._clock = clock
        self._since = clock.now()
        self._told: OrderedDict[str, _Told] = OrderedDict()

    async def run(self) -> Never:
        """Tell what is new, until cancelled."""
        while True:
            try:
                await self.look()
            except TgkError as error:
                logger.debug("runs not traced: {}", error)
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Tell what has ended since the last look."""
        for name, revision in (await self._moving()).items():
            told = self._told.setdefault(name, _Told())
            if told.over or told.revision == revision:
                continue
            try:
                view = await self._view(name)
            except Missing:  # forgotten meanwhile, and nothing more will be known of it
                told.over = True
                continue
            self._spans.offer(list(_fresh(view, told)))
            told.revision, told.over = view.revision, view.state in ENDED
            if told.over:
                told.starts.clear()
        while len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)

    async def _moving(self) -> dict[str, int]:
        """Return the revisions of runs that go on, went on at the last look, or are young."""
        young = max(self._since, self._clock.now() - _YOUNG)
        recent = await self._runs.find(RunFilter(since=young, limit=_MOST_AT_ONCE))
        going = await self._runs.find(RunFilter(states=_GOING, limit=_MOST_AT_ONCE))
        found = {view.id: view.revision for view in (*recent, *going)}
        left = (name for name, told in self._told.items() if not told.over)
        return {**dict.fromkeys(left, -2), **found}

    async def _view(self, name: str) -> RunView:
        """Return this very generation."""
        view = await self._runs.view(name)
        if view.id == name:
            return view
        return await self._runs.ended(name, _unwatched)  # a later one took its place: it has ended


async def _unwatched(view: RunView) -> None:
    """Look away."""


def _fresh(view: RunView, told: _Told) -> Iterator[Span]:
    """Yield spans that were not told yet; another attempt of one that was gets an id of its own."""
    for span in settled(view):
        name, start = str(span["spanId"]), str(span["startTimeUnixNano"])
        known = told.starts.setdefault(name, [])
        if start in known:
            continue
        yield {**span, "spanId": span_id(view.id, f"{name}@{start}")} if known else span
        known.append(start)
