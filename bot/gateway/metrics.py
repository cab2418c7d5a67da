"""Figures about the process itself, in Prometheus' text format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prometheus_client import Metric


class Figures(Protocol):
    """Values read at scrape time: gauges by name and label."""

    def __call__(self) -> Mapping[str, float]:
        """Return the present values."""


class Metrics:
    """Counts invocations and exports what the rooms know of themselves; implements Observer."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._commands = Counter(
            "tgk_commands",
            "Invocations by command, door and result.",
            ("command", "door", "result"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tgk_command_seconds",
            "Time from a surface's call to the outcome.",
            ("command",),
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600),
            registry=self._registry,
        )
        self._denials = Counter(
            "tgk_denials", "Refused invocations by command.", ("command",), registry=self._registry
        )
        self._events = Counter(
            "tgk_webhooks", "Webhooks by source and result.", ("source", "result"),
            registry=self._registry,
        )  # fmt: skip

    def observed(self, command: str, door: str, result: str, seconds: float) -> None:
        """Count one invocation."""
        self._commands.labels(command, door, result).inc()
        self._seconds.labels(command).observe(seconds)
        if result == "denied":
            self._denials.labels(command).inc()

    def webhook(self, source: str, result: str) -> None:
        """Count one webhook."""
        self._events.labels(source, result).inc()

    def export(
        self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Add a gauge family whose values are read at every scrape, one per value of ``label``."""
        self._registry.register(_Read(name, text, label, read))

    def render(self) -> bytes:
        """Return the exposition."""
        return generate_latest(self._registry)


class _Read(Collector):
    def __init__(
        self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        self._name, self._text, self._label, self._values = name, text, label, read

    def collect(self) -> Iterable[Metric]:
        """Read the values now; a ``_total`` name makes it a counter."""
        family = CounterMetricFamily if self._name.endswith("_total") else GaugeMetricFamily
        metric = family(self._name, self._text, labels=(self._label,))
        for label, value in self._values().items():
            metric.add_metric((label,), value)
        yield metric
