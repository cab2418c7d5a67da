"""A command that is a figure: good enough by itself, or beside what it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.providers.filling import filled_query
from tgk.errors import Missing, Rejected
from tgk.ports.providers import ProviderResult

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.providers.call import Call
    from tgk.bindings import PrometheusBinding
    from tgk.ports.metrics import Metrics
    from tgk.ports.providers import Arguments
    from tgk.ports.time import Clock

_SYSTEM = "Prometheus"
_AGO = re.compile(r"([1-9]\d{0,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AS_GOOD = 100.0
_BOUND = re.compile(r"(-?\d{1,12}(?:\.\d{1,6})?)\s*%?")


@dataclass(frozen=True, slots=True)
class _Measured:
    """A figure, what it is compared with, and the bound that it is held to."""

    value: float
    baseline: float | None
    bound: float | None


class FigureProvider:
    """Succeeds when the figure keeps its bound; what was not measured does not."""

    def __init__(self, binding: PrometheusBinding, metrics: Metrics, clock: Clock) -> None:
        self._binding = binding
        self._metrics = metrics
        self._clock = clock

    def plan(self, arguments: Arguments) -> str:
        """Name the query and its bound."""
        query = filled_query(_SYSTEM, self._binding.query, arguments)
        bound, baseline = self._bound(arguments), arguments.get("baseline")
        if baseline is not None:
            self._earlier(str(baseline), arguments)
        words = "" if bound is None else f", {self._side} {bound:g}"
        beside = f" % of what {baseline} gives" if baseline is not None else ""
        return f"measure {query}{words}{beside}"

    async def invoke(self, call: Call) -> ProviderResult:
        """Measure now, and what it is compared with."""
        arguments = call.arguments
        query = filled_query(_SYSTEM, self._binding.query, arguments)
        value = await self._metrics.figure(query, self._clock.now())
        if value is None:
            return ProviderResult(success=False, summary=f"{self._name}: nothing was measured.")
        baseline = None
        if (asked := arguments.get("baseline")) is not None:
            earlier, at = self._earlier(str(asked), arguments)
            baseline = await self._metrics.figure(earlier, at)
            if baseline is None:
                why = f"{self._name} is {value:g}, but {asked} was not measured."
                return ProviderResult(success=False, output={"value": value}, summary=why)
        bound = self._bound(arguments)
        if bound is None and baseline is not None:
            bound = _AS_GOOD
        return self._verdict(_Measured(value, baseline, bound))

    async def aclose(self) -> None:
        """Nothing is held open here."""

    @property
    def _name(self) -> str:
        return self._binding.figure or "The figure"

    @property
    def _side(self) -> str:
        return "at least" if self._binding.better == "higher" else "at most"

    def _bound(self, arguments: Arguments) -> float | None:
        """Return the bound asked for, with or without a per cent sign, else the usual one."""
        asked = arguments.get("threshold")
        if asked is None:
            return self._binding.threshold
        read = _BOUND.fullmatch(str(asked))
        if read is None:
            remedy = "Write a number, such as 95 or 95%."
            raise Rejected(_SYSTEM, f"{asked} is no bound.", remedy=remedy)
        return float(read[1])

    def _earlier(self, asked: str, arguments: Arguments) -> tuple[str, datetime]:
        """Return the query of a baseline and the time it is asked for; raises Missing."""
        now = self._clock.now()
        if asked in self._binding.baselines:
            return filled_query(_SYSTEM, self._binding.baselines[asked], arguments), now
        ago = _AGO.fullmatch(asked)
        if ago is None:
            known = (*self._binding.baselines, "1h", "1d")
            raise Missing("baseline", asked, known=known)
        query = filled_query(_SYSTEM, self._binding.query, arguments)
        return query, now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})

    def _verdict(self, measured: _Measured) -> ProviderResult:
        value, baseline, bound = measured.value, measured.baseline, measured.bound
        higher = self._binding.better == "higher"
        ratio = None if baseline is None else _ratio(value, baseline, higher=higher)
        if bound is None:
            good = True
        elif ratio is not None:
            good = ratio >= bound
        else:
            good = value >= bound if higher else value <= bound
        words = f"{self._name}: {value:g}"
        if ratio is not None:
            words += f", {ratio:.1f} % as good as {baseline:g}"
        if bound is not None:
            words += f" ({'at least' if ratio is not None else self._side} {bound:g} wanted)"
        output = {"value": value, "baseline": baseline, "ratio": ratio, "threshold": bound}
        return ProviderResult(success=good, output=output, summary=f"{words}.")


def _ratio(value: float, baseline: float, *, higher: bool) -> float:
    """Return how good a value is beside a baseline, in per cent; 100 is as good."""
    part, whole = (value, baseline) if higher else (baseline, value)
    if whole == 0:
        return _AS_GOOD if part == 0 else 100 * _AS_GOOD
    return round(part / whole * 100, 3)
