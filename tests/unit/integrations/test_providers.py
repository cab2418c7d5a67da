"""Each kind of provider where it differs from the others."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from integrations.providers.filling import filled_body, filled_path, filled_query
from integrations.providers.github import WorkflowProvider
from integrations.providers.kubernetes import ClusterProvider
from integrations.providers.prometheus import FigureProvider
from tests.conftest import load_shipped_discovery
from tests.unit.integrations.provider_calls import HOSTILE, call
from tgk.bindings import (
    GitHubBinding,
    KubernetesBinding,
    PrometheusBinding,
)
from tgk.errors import Conflict, InvalidRequest, Missing, Rejected, Unavailable
from tgk.ports.cluster import Workload
from tgk.testing.clock import FakeClock
from tgk.testing.cluster import FakeCluster
from tgk.testing.metrics import FakeMetrics
from tgk.testing.pipelines import FAILED, FakePipelines

if TYPE_CHECKING:
    from tgk.ports.providers import Argument, ProviderResult


def test_a_value_is_never_read_again() -> None:
    """What looks like a placeholder in a value stays a value, in JSON and in addresses."""
    for value in HOSTILE:
        body = filled_body({"a": "{name}", "b": "x {name}"}, {"name": value, "version": "v9"})

        assert body == {"a": value, "b": f"x {value}"}
        path = filled_path("/a/{name}/b?c={name}", {"name": value, "version": "v9"})
        assert path.startswith("/a/")
        assert ("/b?c=", 3, 1) == (path[path.rindex("/") : path.index("=") + 1], *_signs(path))


def _signs(path: str) -> tuple[int, int]:
    return path.count("/"), path.count("?")


def test_a_lone_argument_keeps_its_type_and_is_left_out_when_not_given() -> None:
    """Numbers stay numbers, and an absent one is not an empty text."""
    body = {"n": "{n}", "on": "{on}", "none": "{none}", "in": {"x": ["{none}", "{n}"]}, "c": 1}

    filled = filled_body(body, {"n": 3, "on": True})

    assert {"n": 3, "on": True, "in": {"x": [3]}, "c": 1} == filled


def test_a_query_takes_no_value_that_could_end_a_string_in_it() -> None:
    """PromQL's own braces stay as they are."""
    query = 'up{a="{name}", b=~".*{none}"}'

    assert 'up{a="x-1", b=~".*"}' == filled_query("Prometheus", query, {"name": "x-1"})
    for value in HOSTILE[3:]:
        with pytest.raises(Rejected, match="cannot stand in a query"):
            filled_query("Prometheus", query, {"name": value})


async def test_a_workflow_that_fails_names_its_job() -> None:
    """And inputs are text, as GitHub wants them."""
    pipelines = FakePipelines(states=FAILED)
    inputs = {"tag": "{version}", "canary": "{canary}", "region": "{region}"}
    binding = GitHubBinding(repository="o/a", workflow="d.yml", inputs=inputs)
    provider = WorkflowProvider(binding, pipelines, FakeClock(flows=True))

    result = await provider.invoke(call(version="v1", canary=True))

    assert (False, "d.yml: failure, failed: deploy") == (result.success, result.summary)
    assert {"tag": "v1", "canary": "true"} == pipelines.dispatched[0].inputs


async def test_a_workflow_that_never_ends_is_given_up_with_its_address() -> None:
    """After the time that the binding names."""
    pipelines = FakePipelines(states=FAILED[:1])
    binding = GitHubBinding(repository="o/a", workflow="d.yml", within=60)

    with pytest.raises(Unavailable, match="https://"):
        await WorkflowProvider(binding, pipelines, FakeClock(flows=True)).invoke(call())


@pytest.mark.parametrize(
    ("better", "value", "arguments", "success"),
    [
        ("higher", 99.0, {"threshold": "95%"}, True),
        ("higher", 94.0, {"threshold": "95%"}, False),
        ("lower", 0.4, {"threshold": "0.5"}, True),
        ("lower", 0.6, {"threshold": "0.5"}, False),
        ("higher", 96.0, {"baseline": "previous", "threshold": "95%"}, True),
        ("higher", 94.0, {"baseline": "previous", "threshold": "95%"}, False),
        ("higher", 99.0, {"baseline": "previous"}, False),
        ("lower", 105.0, {"baseline": "previous", "threshold": "95%"}, True),
        ("lower", 110.0, {"baseline": "previous", "threshold": "95%"}, False),
        ("higher", 48.0, {"baseline": "1h", "threshold": "95%"}, False),
        ("higher", 0.0, {}, True),
    ],
)
async def test_a_figure_keeps_its_bound_or_not(
    better: Any, value: float, arguments: dict[str, str], *, success: bool
) -> None:
    """By itself, or in per cent of what it was, on the side that is good."""
    result = await measured(better, value, **arguments)

    assert success == result.success
    assert value == result.output["value"]


async def measured(better: Any, value: float, **arguments: str) -> ProviderResult:
    """Measure a figure that was 51 an hour ago and is 100 in its named baseline."""
    clock, metrics = FakeClock(flows=True), FakeMetrics()
    metrics.measure("now", 51.0)
    metrics.measure("now", value, clock.now() - timedelta(minutes=30))
    metrics.measure("before", 100.0)
    baselines = {"previous": "before"}
    binding = PrometheusBinding(query="now", better=better, baselines=baselines)
    return await FigureProvider(binding, metrics, clock).invoke(
        call("monitor metrics", **arguments)
    )


async def test_what_was_not_measured_is_not_good() -> None:
    """A missing figure must not read as a calm one; an unknown baseline is named."""
    binding = PrometheusBinding(query="nothing", baselines={"previous": "before"})
    provider = FigureProvider(binding, FakeMetrics(), FakeClock())

    assert not (await provider.invoke(call("monitor metrics"))).success
    with pytest.raises(Missing, match="previous"):
        provider.plan({"baseline": "yesterday"})


def cluster_of(action: Any, **services: str) -> tuple[ClusterProvider, FakeCluster]:
    """Return a provider over a cluster in which these services run in staging."""
    cluster = FakeCluster()
    for name, version in services.items():
        deployment = name.replace("_", "-")
        cluster.put("staging", deployment, Workload("Running", version, 2, 2))
    binding = KubernetesBinding(action=action, within=5)
    return ClusterProvider("/x", binding, cluster, load_shipped_discovery()), cluster


ALL = {
    "event_gateway": "v1", "discord_ops_bot": "v1", "valoryield_engine": "v1", "refinory_api": "v1",
}  # fmt: skip


async def test_rolling_back_everything_leaves_what_never_changed() -> None:
    """Where nothing at all has a way back, that is said."""
    provider, cluster = cluster_of("rollback", **ALL)
    estate = load_shipped_discovery()
    staging = estate.environments["staging"]

    with pytest.raises(Conflict):
        await provider.invoke(call("infra rollback", environment="staging"))
    await cluster.set_version(estate.services["refinory-api"], staging, "v2", key="deploy")
    result = await provider.invoke(call("infra rollback", environment="staging"))

    assert (True, "v2", "v1") == (
        result.success, result.output["previous"], result.output["version"],
    )  # fmt: skip
    assert result.summary.endswith(": refinory-api ready.")


async def test_a_rollback_that_is_repeated_after_a_kill_goes_back_once() -> None:
    """The key is remembered where the Deployment is."""
    provider, cluster = cluster_of("rollback", refinory_api="v1")
    estate = load_shipped_discovery()
    staging, service = estate.environments["staging"], estate.services["refinory-api"]
    await cluster.set_version(service, staging, "v2", key="deploy")

    for _ in range(3):
        await provider.invoke(call("infra rollback", environment="staging", service="refinory-api"))

    assert "v1" == (await cluster.workload(service, staging)).version


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ({}, "instances"),
        ({"instances": 9}, "instances"),
        ({"canary": True}, "percentage"),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused_in_its_plan(
    arguments: dict[str, Argument], option: str
) -> None:
    """Before anybody is asked about it."""
    provider, _ = cluster_of("scale", refinory_api="v1")

    with pytest.raises(InvalidRequest) as refusal:
        provider.plan({**arguments, "service": "refinory-api", "environment": "staging"})

    assert option == refusal.value.faults[0].name


async def test_a_canary_is_scaled_by_its_share() -> None:
    """Of what the service wants, rounded up."""
    provider, cluster = cluster_of("scale", refinory_api="v1")
    cluster.put("staging", "refinory-api-canary", Workload("Stopped", "v2", 0, 0))

    result = await provider.invoke(
        call(
            "infra scale", environment="staging", service="refinory-api", canary=True, percentage=10
        )
    )

    assert result.success
    assert [("staging", "refinory-api-canary", 1)] == cluster.scaled
