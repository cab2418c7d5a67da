"""``/healthz``, ``/readyz`` and ``/metrics``: what probes and scrapers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.gateway.metrics import Metrics
from tests.gateway.conftest import notification

if TYPE_CHECKING:
    from tests.gateway.conftest import Gate


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize(("is_well", "status"), [(True, 200), (False, 503)])
async def test_probes_answer_with_a_status_and_details(
    gate: Gate, path: str, is_well: bool, status: int
) -> None:
    """200 or 503 for machines, JSON for people; never cached, never framed."""
    gate.is_alive = gate.is_ready = is_well
    async with gate.client("192.0.2.7") as client:
        answer = await client.get(path)

    assert answer.status_code == status
    assert answer.json() == ({"alive": is_well} if path == "/healthz" else {"platforms": {}})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_unknown_paths_are_not_found(gate: Gate) -> None:
    """404, whatever looks like a secret door."""
    async with gate.client() as client:
        for path in ("/", "/run", "/complete", "/alert/", "/../etc/passwd", "/metrics/x"):
            assert (await client.get(path)).status_code in {307, 404}


async def test_metrics_are_prometheus_text(gate: Gate) -> None:
    """Prometheus' own parser reads it, and every family has a help and our prefix."""
    async with gate.client() as client:
        await client.post("/alert", json=notification())
        answer = await client.get("/metrics")

    families = list(text_string_to_metric_families(answer.text))
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert {"tgk_commands", "tgk_command_seconds", "tgk_denials", "tgk_webhooks"} <= {
        family.name for family in families
    }
    assert all(family.name.startswith("tgk_") and family.documentation for family in families)


async def test_commands_refusals_and_webhooks_are_counted(gate: Gate) -> None:
    """Each by its own labels, with the time it took."""
    async with gate.client() as client:
        await client.post("/alert", json=notification())
        await client.post("/alert", content=b"{")
    await gate.world.run("/deploy staging v1.4.0", "vik")
    await gate.world.run("/whoami", "vik")

    assert gate.count('tgk_webhooks_total{result="success",source="alert"}') == 1
    assert gate.count('tgk_webhooks_total{result="refused",source="alert"}') == 1
    assert gate.count('tgk_commands_total{command="alert",door="gateway",result="success"}') == 1
    assert gate.count('tgk_commands_total{command="deploy",door="telegram",result="denied"}') == 1
    assert gate.count('tgk_denials_total{command="deploy"}') == 1
    assert gate.count('tgk_denials_total{command="whoami"}') == 0
    assert gate.count('tgk_command_seconds_count{command="whoami"}') == 1


async def test_names_that_strangers_type_do_not_become_labels(gate: Gate) -> None:
    """A thousand made-up commands are one time series."""
    for number in range(1000):
        stranger = gate.world.policy.directory.resolve(
            "telegram", str(8_000_000 + number), name="somebody", channel="council"
        )
        asked = gate.world.asked(f"made-up-{number}", {}, stranger)
        await gate.world.dispatcher.run(asked)

    text = gate.metrics.render().decode()
    assert "made-up" not in text
    assert gate.count('tgk_commands_total{command="unknown",door="telegram",result="invalid"}') == (
        1000
    )


def test_exported_figures_are_read_at_every_scrape() -> None:
    """A gauge follows its room; a name that ends with _total is a counter."""
    metrics = Metrics()
    depths = {"#alerts": 1.0}
    metrics.export("tgk_queue_depth", "Waiting.", "place", lambda: depths)
    metrics.export("tgk_audit_total", "Counters.", "what", lambda: {"records": 7.0})

    first = metrics.render().decode()
    depths["#alerts"] = 3.0
    second = metrics.render().decode()

    assert 'tgk_queue_depth{place="#alerts"} 1.0' in first
    assert 'tgk_queue_depth{place="#alerts"} 3.0' in second
    assert "# TYPE tgk_audit_total counter" in second
