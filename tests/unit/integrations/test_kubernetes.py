"""The cluster port against kmock, a Kubernetes API that nobody here wrote."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from integrations.kubernetes import KubernetesCluster
from integrations.rollout import version_of
from tests.unit.integrations.kubernetes_world import (
    DEPLOYMENTS,
    PATH,
    PODS,
    PRODUCTION,
    SERVICE,
    condition,
    deployment,
    kubeconfig,
    pod,
)
from tgk.discovery import Environment, Service
from tgk.errors import Missing, Rejected, Unavailable
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import kmock as k


@pytest.fixture
def clock() -> FakeClock:
    """A clock that jumps over every pause."""
    return FakeClock(flows=True)


@pytest.fixture
async def cluster(
    kmock: k.KubernetesEmulator, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[KubernetesCluster]:
    """The real client against kmock, with one healthy deployment."""
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment()
    path = kubeconfig(tmp_path, str(kmock.url))
    async with KubernetesCluster(clock=clock, kubeconfig=path, refresh=5, timeout=3) as opened:
        yield opened


def named(container: str) -> Service:
    """Return the service with a container chosen."""
    return Service.model_validate(
        {"kubernetes": {"deployment": "event-gateway", "container": container}}
    )


async def test_a_healthy_deployment_is_running_with_its_version(
    cluster: KubernetesCluster,
) -> None:
    """State, version of the named container, replicas and the last rollout are read."""
    workload = await cluster.workload(named("main"), PRODUCTION)

    assert (
        workload.state, workload.version, workload.ready, workload.desired, workload.note
    ) == ("Running", "v1.2.3", 2, 2, "")  # fmt: skip
    assert workload.updated_at is not None
    assert workload.updated_at.isoformat() == "2026-01-10T08:30:00+00:00"


async def test_the_first_container_counts_when_none_is_named(cluster: KubernetesCluster) -> None:
    """Without a name the first container gives the version."""
    assert (await cluster.workload(SERVICE, PRODUCTION)).version == "9"


async def test_an_unknown_container_is_missing(cluster: KubernetesCluster) -> None:
    """The containers that exist are offered."""
    with pytest.raises(Missing) as refusal:
        await cluster.workload(named("mian"), PRODUCTION)

    assert (refusal.value.kind, refusal.value.name) == ("container", "mian")
    assert "proxy, main" in str(refusal.value)


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("app:v1", "v1"),
        ("host:5000/app", "latest"),
        ("host:5000/app:v2", "v2"),
        ("host:5000/app:v2@sha256:" + "ab" * 32, "v2"),
        ("host/app@sha256:0123456789abcdef", "sha256:0123456789ab"),
        ("", "latest"),
    ],
)
def test_the_version_is_the_tag_of_the_image(image: str, version: str) -> None:
    """Ports of registries and digests are not taken for tags."""
    assert version == version_of(image)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"desired": 0}, "Stopped"),
        ({"desired": 0, "replicas": 1}, "Progressing"),
        ({"updatedReplicas": 1}, "Progressing"),
        ({"observedGeneration": 3}, "Progressing"),
        ({"replicas": 3}, "Progressing"),
        ({"readyReplicas": 1}, "Progressing"),
        ({"readyReplicas": 0}, "Degraded"),
        (
            {"conditions": [condition("Progressing", "False", "Late")]},
            "Degraded",
        ),
        ({"conditions": [condition("ReplicaFailure", "True", "FailedCreate")]}, "Degraded"),
    ],
)
async def test_each_condition_has_its_state(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster, changes: dict[str, Any], state: str
) -> None:
    """What the controller reports decides between running, progressing, degraded and stopped."""
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment(**changes)

    assert state == (await cluster.workload(SERVICE, PRODUCTION)).state


async def test_a_pod_that_cannot_start_explains_the_state(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster
) -> None:
    """The waiting reason of a container is the note."""
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment(updatedReplicas=1)
    kmock.objects[PODS, "production", "event-gateway-1"] = pod("ImagePullBackOff")

    workload = await cluster.workload(SERVICE, PRODUCTION)

    assert (workload.state, workload.note) == ("Degraded", "ImagePullBackOff")


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_without_pods_the_state_still_stands(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster, status: int
) -> None:
    """A list of pods that cannot be read costs the explanation only."""
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment(updatedReplicas=1)
    kmock["get /api/v1/namespaces/production/pods"] << status

    assert (await cluster.workload(SERVICE, PRODUCTION)).state == "Progressing"


async def test_scaling_goes_through_the_subresource_and_tells_the_number_before(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster
) -> None:
    """One merge patch of /scale changes the replicas."""
    before = await cluster.scale(SERVICE, PRODUCTION, 5)

    assert before == 2
    assert (await cluster.workload(SERVICE, PRODUCTION)).desired == 5
    patches = kmock["patch"]
    assert [f"{PATH}/event-gateway/scale"] == [str(patch.url.path) for patch in patches]
    assert patches[0].headers["Content-Type"] == "application/merge-patch+json"


async def test_an_unknown_deployment_is_missing(cluster: KubernetesCluster) -> None:
    """Reading and scaling name the namespace and the deployment."""
    other = Environment(namespace="staging")
    for call in (cluster.workload(SERVICE, other), cluster.scale(SERVICE, other, 1)):
        with pytest.raises(Missing) as refusal:
            await call
        assert refusal.value.name == "staging/event-gateway"


@pytest.mark.parametrize("status", [401, 403, 409, 422])
async def test_a_refusal_is_not_tried_again(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster, status: int
) -> None:
    """Asking again would be refused again."""
    kmock[f"get {PATH}/event-gateway"] << status

    with pytest.raises(Rejected) as refusal:
        await cluster.workload(SERVICE, PRODUCTION)

    assert status == refusal.value.status
    assert len(kmock["get"]) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failing_server_is_asked_twice_and_is_then_unavailable(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster, status: int
) -> None:
    """Server errors are worth one more try."""
    kmock[f"get {PATH}/event-gateway"] << status

    with pytest.raises(Unavailable):
        await cluster.workload(SERVICE, PRODUCTION)

    assert len(kmock["get"]) == 2


async def test_a_foreign_answer_is_rejected(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster
) -> None:
    """A login page instead of the API is named as such."""
    kmock[f"get {PATH}/event-gateway"] << b"<html>Log in</html>"

    with pytest.raises(Rejected, match="not from Kubernetes"):
        await cluster.workload(SERVICE, PRODUCTION)


async def test_a_cluster_that_is_not_there_is_unavailable(cluster: KubernetesCluster) -> None:
    """The context chosen leads to a closed port; the current one keeps working."""
    nowhere = Environment(namespace="production", context="nowhere")
    with pytest.raises(Unavailable):
        await cluster.workload(SERVICE, nowhere)

    assert (await cluster.workload(SERVICE, PRODUCTION)).state == "Running"


async def test_a_context_without_a_user_works(cluster: KubernetesCluster) -> None:
    """Anonymous access over plain HTTP is allowed."""
    anonymous = Environment(namespace="production", context="anonymous")

    assert (await cluster.workload(SERVICE, anonymous)).state == "Running"


@pytest.mark.parametrize("content", ["", "[", "{}", "clusters: 1", "users: [{name: x}]"])
async def test_a_broken_kubeconfig_is_named(tmp_path: Path, clock: FakeClock, content: str) -> None:
    """The remedy points at KUBECONFIG, and nothing of the file is quoted."""
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    async with KubernetesCluster(clock=clock, kubeconfig=path) as cluster:
        with pytest.raises(Rejected, match="KUBECONFIG"):
            await cluster.workload(SERVICE, PRODUCTION)


async def test_an_unknown_context_is_named(cluster: KubernetesCluster) -> None:
    """The context that discovery.yml asks for is not in the file."""
    with pytest.raises(Rejected, match="'moon' not found"):
        await cluster.workload(SERVICE, Environment(context="moon"))


async def test_the_token_is_sent_and_never_told(
    kmock: k.KubernetesEmulator, tmp_path: Path, clock: FakeClock
) -> None:
    """The server sees the bearer token, the error does not."""
    kmock[f"get {PATH}/event-gateway"] << 401
    path = kubeconfig(tmp_path, str(kmock.url), token="s3cr3t-token")
    async with KubernetesCluster(clock=clock, kubeconfig=path) as cluster:
        with pytest.raises(Rejected) as refusal:
            await cluster.workload(SERVICE, PRODUCTION)

    assert kmock["get"][0].headers["Authorization"] == "Bearer s3cr3t-token"
    assert "s3cr3t" not in str(refusal.value)


async def test_init_containers_and_the_scheduler_explain_too(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster
) -> None:
    """Every reason is told once, and starting up is none."""
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment(updatedReplicas=0)
    starting, crashing, homeless = (pod(x) for x in ("ContainerCreating", "CrashLoopBackOff", "x"))
    crashing["status"]["initContainerStatuses"] = crashing["status"].pop("containerStatuses")
    homeless["status"] = {
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]
    }
    for name, body in (("a", starting), ("b", crashing), ("c", homeless)):
        kmock.objects[PODS, "production", name] = body

    workload = await cluster.workload(SERVICE, PRODUCTION)

    assert workload.note == "CrashLoopBackOff, Unschedulable"


async def test_a_failed_rollout_is_explained_by_its_condition(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster
) -> None:
    """Without pods the controller's own reason is the note."""
    late = [condition("Progressing", "False", "ProgressDeadlineExceeded")]
    kmock.objects[DEPLOYMENTS, "production", "event-gateway"] = deployment(
        readyReplicas=1, conditions=late
    )

    workload = await cluster.workload(SERVICE, PRODUCTION)

    assert (workload.state, workload.note) == ("Degraded", "ProgressDeadlineExceeded")


async def test_a_silent_server_is_given_up(tmp_path: Path, clock: FakeClock) -> None:
    """A connection that is accepted and never answered ends at the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = kubeconfig(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
        async with KubernetesCluster(clock=clock, kubeconfig=path, timeout=0.2) as cluster:
            with pytest.raises(Unavailable, match=r"longer than 0\.2 s"):
                await cluster.workload(SERVICE, PRODUCTION)

    assert clock.slept == []


async def test_a_throttled_call_is_not_repeated_at_once(
    kmock: k.KubernetesEmulator, cluster: KubernetesCluster
) -> None:
    """The server said when to come back."""
    kmock[f"get {PATH}/event-gateway"] << 429

    with pytest.raises(Unavailable, match="less often"):
        await cluster.workload(SERVICE, PRODUCTION)

    assert len(kmock["get"]) == 1


async def test_credentials_that_cannot_be_had_are_named(
    kmock: k.KubernetesEmulator, tmp_path: Path, clock: FakeClock
) -> None:
    """A login program that fails is the operator's to mend; its words are not repeated."""
    path = kubeconfig(tmp_path, str(kmock.url))
    content = json.loads(path.read_text())
    content["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "sh",
            "args": ["-c", "echo s3cr3t >&2; exit 1"],
        }
    }
    path.write_text(json.dumps(content))
    async with KubernetesCluster(clock=clock, kubeconfig=path) as cluster:
        with pytest.raises(Rejected, match="credentials cannot be read") as refusal:
            await cluster.workload(SERVICE, PRODUCTION)

    assert "s3cr3t" not in str(refusal.value)
