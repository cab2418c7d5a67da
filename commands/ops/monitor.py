"""``/monitor``: is it well, now or for as long as asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from commands.ops.arguments import told_by
from commands.ops.trade import R, Trade
from tgk.command import command
from tgk.context import Context
from tgk.errors import Unavailable
from tgk.options import ComponentName, PlaceName, Request, Token
from tgk.ports.providers import ProviderResult, watch_nothing
from tgk.reply import Plain, Progress, Reply

if TYPE_CHECKING:
    from tgk.ports.providers import Argument

LONGEST_WATCH = 840
"""Seconds; platforms keep the answer to a question open for a quarter of an hour."""
BAD_IN_A_ROW = 2
"""So many looks that are not well, one after the other, end a watch."""
_SHORTEST_PAUSE, _LONGEST_PAUSE, _LOOKS = 2.0, 15.0, 40

Threshold = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?%?$", max_length=20)
]


class MonitorHealth(Request):
    """Look whether it is well, once or over a time."""

    duration: int | None = Field(
        default=None, ge=1, le=LONGEST_WATCH, description="seconds to watch; one look if not given"
    )
    comprehensive: bool = Field(default=False, description="look at everything around it as well")
    component: ComponentName | None = Field(default=None, description="which; all when left out")
    environment: PlaceName | None = Field(default=None, description="where; the default if not")


class MonitorMetrics(Request):
    """Look whether the figures are good enough, by themselves or beside earlier ones."""

    baseline: Token | None = Field(
        default=None, description="compared with: previous, or so long ago, such as 1h"
    )
    threshold: Threshold | None = Field(
        default=None, description="bound, such as 95%; beside a baseline, per cent of it"
    )
    duration: int | None = Field(
        default=None, ge=1, le=LONGEST_WATCH, description="seconds to watch; one look if not given"
    )
    component: ComponentName | None = Field(default=None, description="which; all when left out")
    environment: PlaceName | None = Field(default=None, description="where; the default if not")


HEALTH: Trade[MonitorHealth] = Trade(
    command="monitor health",
    topic="status",
    title=lambda r: _titled("Health", r.component, r.environment),
    yields=("status", "checks", "looks", "failures", "component", "environment"),
)
METRICS: Trade[MonitorMetrics] = Trade(
    command="monitor metrics",
    topic="status",
    title=lambda r: _titled("Metrics", r.component, r.environment),
    yields=(
        "value", "baseline", "ratio", "threshold", "looks", "failures", "component", "environment",
    ),
)  # fmt: skip


def _titled(what: str, component: str | None, place: str | None) -> str:
    return " ".join(
        [what, *(["of", component] if component else []), *(["·", place] if place else [])]
    )


@command("monitor health", permission="monitor", **HEALTH.declared)
async def health(request: MonitorHealth, context: Context) -> Reply:
    """Look as long as asked; two bad looks in a row end it."""
    return await _watched(HEALTH, request, float(request.duration or 0), context)


@command("monitor metrics", permission="monitor", **METRICS.declared)
async def metrics(request: MonitorMetrics, context: Context) -> Reply:
    """Measure as long as asked; two bad looks in a row end it."""
    return await _watched(METRICS, request, float(request.duration or 0), context)


@dataclass(slots=True)
class _Watch:
    """What was seen so far."""

    looks: int = 0
    failures: int = 0
    bad_in_a_row: int = 0
    last: ProviderResult = field(default_factory=lambda: ProviderResult(success=False))

    def note(self, seen: ProviderResult) -> None:
        self.last = seen
        self.looks += 1
        self.failures += not seen.success
        self.bad_in_a_row = 0 if seen.success else self.bad_in_a_row + 1

    def end(self, seconds: float) -> ProviderResult:
        """Return the verdict: the last look, and how many there were."""
        told = self.last.summary
        if self.looks > 1:
            told = (
                f"{told} {self.looks} looks in {seconds:.0f} s, {self.failures} of them not well."
            )
        output = {**self.last.output, "looks": self.looks, "failures": self.failures}
        return self.last.model_copy(update={"output": output, "summary": told.strip()})


async def _watched(trade: Trade[R], request: R, seconds: float, context: Context) -> Reply:
    """Look until the time is over, or it is clear that it is not well."""
    told = told_by(trade.command, request, context)
    clock, watch = context.clock, _Watch()
    began = clock.monotonic()
    pause = min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, seconds / _LOOKS))
    while True:
        watch.note(await _look(trade.command, told, f"{context.corr}:{watch.looks}", context))
        spent = clock.monotonic() - began
        if spent >= seconds or watch.bad_in_a_row >= BAD_IN_A_ROW:
            return trade.end(request, told, watch.end(spent), spent)
        await context.show(_progress(trade.title(request), watch, spent, seconds))
        await clock.sleep(min(pause, seconds - spent))


async def _look(name: str, told: dict[str, Argument], key: str, context: Context) -> ProviderResult:
    """Look once; who cannot be asked is not well, unless there was to be only one look."""
    try:
        return await context.backends.providers.invoke(name, told, key=key, watch=watch_nothing)
    except Unavailable as error:
        if "duration" not in told:
            raise
        return ProviderResult(success=False, summary=f"{error.system}: {error.why}")


def _progress(title: str, watch: _Watch, spent: float, seconds: float) -> Reply:
    note = f"{spent:.0f} of {seconds:.0f} s, {watch.failures} of {watch.looks} looks not well"
    return Reply(
        topic="status",
        title=title,
        tone="running" if watch.last.success else "warning",
        blocks=(Progress(done=int(spent), total=int(seconds), note=note),),
        plain=Plain(headline=title, lines=(note, watch.last.summary)),
        data={"looks": watch.looks, "failures": watch.failures},
    )
