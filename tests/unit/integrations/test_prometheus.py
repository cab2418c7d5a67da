"""Figures from Debian's Prometheus, and its failures from a loopback server."""

from __future__ import annotations

import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from integrations.http import Patience
from integrations.prometheus import PrometheusMetrics
from tgk.discovery import Service
from tgk.errors import Rejected, Unavailable
from tgk.ports.metrics import Vitals
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytest_httpserver import HTTPServer

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def service(**queries: str) -> Service:
    """Return a service with queries."""
    return Service.model_validate({"kubernetes": {"deployment": "api"}, "metrics": queries})


def measured() -> str:
    """Return an hour and a half of samples, one a minute, as OpenMetrics."""
    start = int(NOW.timestamp()) - 90 * 60
    lines = ["# TYPE cpu gauge"]
    for pod, base in (("a", 10), ("b", 20)):
        lines += [
            f'cpu{{service="api",environment="production",pod="{pod}"}} {base + minute / 10} '
            f"{start + minute * 60}"
            for minute in range(91)
        ]
    lines += ["# TYPE errors gauge", f"errors {0.25} {int(NOW.timestamp())}"]
    lines += ["# TYPE odd gauge", f"odd NaN {int(NOW.timestamp())}", "# EOF", ""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that holds the samples."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        pytest.skip("Debian's package prometheus is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "samples").write_text(measured())
    (folder / "prometheus.yml").write_text("global: {}\n")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples", "data"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=60,
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [
            "prometheus",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = next((line for line in process.stderr if "ready to receive" in line), "")
        assert said, "prometheus ended before it was ready"
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.stderr.read()


@pytest.fixture
async def metrics(httpserver: HTTPServer) -> AsyncIterator[PrometheusMetrics]:
    """The client against the loopback server."""
    async with PrometheusMetrics(
        httpserver.url_for(""),
        clock=FakeClock(NOW, flows=True),
        token=SecretStr("t0ken"),
        patience=Patience(timeout=2),
    ) as opened:
        yield opened


@pytest.mark.real
async def test_vitals_are_measured(prometheus: str) -> None:
    """Figures of now and an hour of CPU, from a server that nobody here wrote."""
    api = service(
        cpu='avg(cpu{service="{service}",environment="{environment}"})',
        error_rate="errors",
        latency_p95="never_measured",
    )
    async with PrometheusMetrics(prometheus, clock=FakeClock(NOW)) as metrics:
        vitals = await metrics.vitals("api", api, "production")
        elsewhere = await metrics.vitals("api", api, "staging")

    assert (vitals.cpu, vitals.error_rate, vitals.latency_p95) == (24.0, 0.25, None)
    assert len(vitals.cpu_history) == 61
    assert vitals.cpu_history[0] == (NOW - timedelta(hours=1), 18.0)
    assert vitals.cpu_history[-1] == (NOW, 24.0)
    assert (elsewhere.cpu, elsewhere.cpu_history) == (None, ())


@pytest.mark.real
async def test_of_several_series_the_highest_counts(prometheus: str) -> None:
    """A query that forgets to aggregate shows the worst pod, now and over time."""
    async with PrometheusMetrics(prometheus, clock=FakeClock(NOW)) as metrics:
        vitals = await metrics.vitals("api", service(cpu="cpu", error_rate="odd"), "production")
        scalar = await metrics.vitals("api", service(cpu="scalar(errors)"), "production")

    assert (vitals.cpu, vitals.error_rate) == (29.0, None)
    assert vitals.cpu_history[0][1] == 23.0
    assert scalar.cpu == 0.25


@pytest.mark.real
async def test_a_query_with_a_fault_is_rejected_in_its_own_words(prometheus: str) -> None:
    """The operator reads what Prometheus says of the query."""
    async with PrometheusMetrics(prometheus, clock=FakeClock(NOW)) as metrics:
        with pytest.raises(Rejected, match="parse error") as refusal:
            await metrics.vitals("api", service(cpu="avg("), "production")

    assert refusal.value.status == 400


async def test_without_queries_nothing_is_asked(
    httpserver: HTTPServer, metrics: PrometheusMetrics
) -> None:
    """A service that configures no figures shows none."""
    assert await metrics.vitals("api", service(), "production") == Vitals()
    assert httpserver.log == []


async def test_one_failing_query_fails_the_whole(
    httpserver: HTTPServer, metrics: PrometheusMetrics
) -> None:
    """A missing figure would read as a calm one."""
    empty = {"status": "success", "data": {"resultType": "vector", "result": []}}
    httpserver.expect_request(
        "/api/v1/query", query_string={"query": "good", "time": str(NOW.timestamp())}
    ).respond_with_json(empty)
    httpserver.expect_request("/api/v1/query").respond_with_data(status=503)

    with pytest.raises(Unavailable):
        await metrics.vitals("api", service(error_rate="good", latency_p95="bad"), "production")


async def test_the_token_is_sent(httpserver: HTTPServer, metrics: PrometheusMetrics) -> None:
    """A Prometheus behind a gateway wants a bearer token."""
    answer = {"status": "success", "data": {"resultType": "vector", "result": []}}
    httpserver.expect_request(
        "/api/v1/query", headers={"Authorization": "Bearer t0ken"}
    ).respond_with_json(answer)

    assert await metrics.vitals("api", service(error_rate="x"), "production") == Vitals()


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        '{"data":{"resultType":"streams","result":[]}}',
        '{"data":{"resultType":"vector","result":[{"value":[1,"much"]}]}}',
    ],
)
async def test_an_answer_of_another_shape_is_rejected(
    httpserver: HTTPServer, metrics: PrometheusMetrics, body: str
) -> None:
    """Garbage is not taken for a missing figure."""
    httpserver.expect_request("/api/v1/query").respond_with_data(body)

    with pytest.raises(Rejected):
        await metrics.vitals("api", service(error_rate="x"), "production")


async def test_a_name_cannot_leave_its_quotes(metrics: PrometheusMetrics) -> None:
    """A name with a quote is refused before anything is asked."""
    api = service(cpu='cpu{service="{service}"}')

    with pytest.raises(Rejected, match="name of the service"):
        await metrics.vitals('a"} or vector(1', api, "production")
