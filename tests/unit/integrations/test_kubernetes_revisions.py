"""Other versions and the way back, against kmock, a Kubernetes API that nobody here wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrations.kubernetes import KubernetesCluster
from tests.unit.integrations.kubernetes_world import DEPLOYMENTS, PRODUCTION, deployment, kubeconfig
from tgk.discovery import Service
from tgk.errors import Missing
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import kmock as k

SETS = "apps/v1/replicasets"
REVISION = "deployment.kubernetes.io/revision"
MAIN = Service.model_validate({"kubernetes": {"deployment": "event-gateway", "container": "main"}})


def replica_set(number: int, image: str, owner: str = "uid-1") -> dict[str, Any]:
    """Return what a Deployment leaves behind of a revision."""
    labels = {"app": "event-gateway", "pod-template-hash": f"h{number}"}
    containers = [{"name": "proxy", "image": "envoy:9"}, {"name": "main", "image": image}]
    return {
        "metadata": {
            "name": f"event-gateway-{number}", "namespace": "production", "labels": labels,
            "annotations": {REVISION: str(number)},
            "ownerReferences": [{"kind": "Deployment", "uid": owner}],
        },
        "spec": {"template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}},
    }  # fmt: skip


@pytest.fixture
async def cluster(kmock: k.KubernetesEmulator, tmp_path: Path) -> AsyncIterator[KubernetesCluster]:
    """A deployment at its third revision, with the two before and one of somebody else."""
    now = deployment(image="r.local:5000/team/gw:v3@sha256:abc")
    now["metadata"] |= {"uid": "uid-1", "annotations": {REVISION: "3", "note": "keep"}}
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = now
    for each in (
        replica_set(1, "r.local:5000/team/gw:v1"), replica_set(2, "r.local:5000/team/gw:v2"),
        replica_set(3, "r.local:5000/team/gw:v3"),
        {**replica_set(9, "other:v9", owner="uid-2")},
    ):  # fmt: skip
        kmock.objects[SETS, "production", each["metadata"]["name"]] = each
    path = kubeconfig(tmp_path, str(kmock.url))
    async with KubernetesCluster(
        clock=FakeClock(flows=True), kubeconfig=path, refresh=5, timeout=3
    ) as opened:
        yield opened


def wanted(kmock: k.KubernetesEmulator) -> dict[str, Any]:
    """Return the deployment as it stands."""
    found: dict[str, Any] = kmock.objects[DEPLOYMENTS, "production", "event-gateway"]
    return found


async def test_only_the_tag_of_the_named_container_changes(
    cluster: KubernetesCluster, kmock: k.KubernetesEmulator
) -> None:
    """A registry's port stays, a digest would contradict the tag and goes."""
    done = await cluster.set_version(MAIN, PRODUCTION, "v4", key="k1")

    images = [each["image"] for each in wanted(kmock)["spec"]["template"]["spec"]["containers"]]
    assert ("v3", "v4") == (done.before, done.after)
    assert ["envoy:9", "r.local:5000/team/gw:v4"] == images
    assert "keep" == wanted(kmock)["metadata"]["annotations"]["note"]


async def test_the_way_back_is_the_newest_revision_before_this_one(
    cluster: KubernetesCluster, kmock: k.KubernetesEmulator
) -> None:
    """Its template returns whole, without the mark of its ReplicaSet."""
    done = await cluster.roll_back(MAIN, PRODUCTION, key="k1")

    template = wanted(kmock)["spec"]["template"]
    assert ("v3", "v2") == (done.before, done.after)
    assert "r.local:5000/team/gw:v2" == template["spec"]["containers"][1]["image"]
    assert {"app": "event-gateway"} == template["metadata"]["labels"]


async def test_a_way_back_that_was_taken_is_not_taken_again(
    cluster: KubernetesCluster, kmock: k.KubernetesEmulator
) -> None:
    """The Deployment remembers the key, over a kill of this process; another key is another."""
    first = await cluster.roll_back(MAIN, PRODUCTION, key="k1")
    again = await cluster.roll_back(MAIN, PRODUCTION, key="k1")
    version = wanted(kmock)["spec"]["template"]["spec"]["containers"][1]["image"]

    assert first == again
    assert version.endswith(":v2")


async def test_a_container_that_is_not_there_is_missing(cluster: KubernetesCluster) -> None:
    """The containers that exist are offered."""
    nobody = Service.model_validate(
        {"kubernetes": {"deployment": "event-gateway", "container": "mian"}}
    )

    with pytest.raises(Missing, match="proxy, main"):
        await cluster.set_version(nobody, PRODUCTION, "v4", key="k1")
