"""What every source of figures promises: the fake, and the real client against a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import pytest
from werkzeug import Request, Response

from integrations.off import OffMetrics
from integrations.prometheus import PrometheusMetrics
from tgk.discovery import Service
from tgk.errors import Unavailable
from tgk.ports.metrics import Vitals
from tgk.testing.clock import FakeClock
from tgk.testing.metrics import FakeMetrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_httpserver import HTTPServer

    from tgk.ports.metrics import Metrics

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SERVICE = Service.model_validate(
    {
        "kubernetes": {"deployment": "api"},
        "metrics": {"cpu": "cpu", "error_rate": "errors", "latency_p95": "latency"},
    }
)


class World(Protocol):
    """A source of figures, and the hand that sets them."""

    metrics: Metrics

    def measure(self, vitals: Vitals) -> None:
        """Set the figures of the service ``api`` in production."""

    def break_down(self) -> None:
        """Let every call fail from now on."""


class FakeWorld:
    """The fake."""

    def __init__(self) -> None:
        self.metrics = FakeMetrics()

    def measure(self, vitals: Vitals) -> None:
        """Put them."""
        self.metrics.put("api", "production", vitals)

    def break_down(self) -> None:
        """Order failures."""
        self.metrics.faults.order(Unavailable("Prometheus", "It is down."), times=None)


class PrometheusWorld:
    """The real client against a server that answers in Prometheus' shapes."""

    def __init__(self, metrics: PrometheusMetrics, server: HTTPServer) -> None:
        self.metrics = metrics
        self.server = server
        self.vitals = Vitals()
        server.expect_request("/api/v1/query").respond_with_handler(self._now)
        server.expect_request("/api/v1/query_range").respond_with_handler(self._history)

    def measure(self, vitals: Vitals) -> None:
        """Keep them for the answers."""
        self.vitals = vitals

    def break_down(self) -> None:
        """Answer everything with an error."""
        self.server.clear()
        for path in ("/api/v1/query", "/api/v1/query_range"):
            self.server.expect_request(path).respond_with_data(status=500)

    def _now(self, request: Request) -> Response:
        figures = {
            "cpu": self.vitals.cpu,
            "errors": self.vitals.error_rate,
            "latency": self.vitals.latency_p95,
        }
        figure = figures[request.args["query"]]
        point = [float(request.args["time"]), str(figure)]
        return _answer("vector", [] if figure is None else [{"metric": {}, "value": point}])

    def _history(self, _request: Request) -> Response:
        values = [[at.timestamp(), str(value)] for at, value in self.vitals.cpu_history]
        return _answer("matrix", [{"metric": {}, "values": values}] if values else [])


def _answer(kind: str, result: list[dict[str, object]]) -> Response:
    body = {"status": "success", "data": {"resultType": kind, "result": result}}
    return Response(json.dumps(body), content_type="application/json")


@pytest.fixture(params=["fake", "prometheus"])
async def world(request: pytest.FixtureRequest, httpserver: HTTPServer) -> AsyncIterator[World]:
    """Each implementation in turn."""
    if request.param == "fake":
        yield FakeWorld()
        return
    clock = FakeClock(NOW, flows=True)
    async with PrometheusMetrics(httpserver.url_for(""), clock=clock) as metrics:
        yield PrometheusWorld(metrics, httpserver)


@pytest.mark.parametrize(
    "vitals",
    [
        Vitals(),
        Vitals(cpu=0.0, error_rate=0.5, latency_p95=120.0),
        Vitals(cpu=12.5, cpu_history=((NOW.replace(hour=11), 10.0), (NOW, 12.5))),
    ],
)
async def test_figures_are_told_as_measured(world: World, vitals: Vitals) -> None:
    """Nothing measured is None, which is not zero; the history is oldest first."""
    world.measure(vitals)

    assert await world.metrics.vitals("api", SERVICE, "production") == vitals


async def test_a_query_has_a_figure_or_none(httpserver: HTTPServer) -> None:
    """The fake and the real client give the number at a time; nothing measured is None."""
    fake = FakeMetrics()
    fake.measure("ratio", 99.5)
    point = {"metric": {}, "value": [NOW.timestamp(), "99.5"]}
    asked = {"query": "ratio", "time": str(NOW.timestamp())}
    for query, found in ((asked, [point]), (None, [])):
        server = httpserver.expect_request("/api/v1/query", query_string=query)
        server.respond_with_data(_answer("vector", found).data, content_type="application/json")
    async with PrometheusMetrics(httpserver.url_for(""), clock=FakeClock(NOW)) as real:
        for metrics in (fake, real):
            assert 99.5 == await metrics.figure("ratio", NOW)
            assert await metrics.figure("nothing", NOW) is None


async def test_a_broken_source_is_not_an_idle_service(world: World) -> None:
    """A failure is told, not shown as missing figures."""
    world.break_down()

    with pytest.raises(Unavailable):
        await world.metrics.vitals("api", SERVICE, "production")


async def test_a_source_that_is_off_says_what_to_set() -> None:
    """The reason and the remedy are the operator's."""
    off = OffMetrics("Prometheus", "PROMETHEUS_URL is not set.", "Set PROMETHEUS_URL.")

    with pytest.raises(Unavailable, match=r"PROMETHEUS_URL is not set\."):
        await off.vitals("api", SERVICE, "production")
