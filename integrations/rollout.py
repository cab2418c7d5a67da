"""What a Deployment and its pods mean for an operator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from tgk.errors import Missing
from tgk.ports.cluster import Workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from lightkube.models.apps_v1 import DeploymentCondition
    from lightkube.models.core_v1 import ContainerStatus
    from lightkube.resources.apps_v1 import Deployment
    from lightkube.resources.core_v1 import Pod

State = Literal["Running", "Progressing", "Degraded", "Stopped"]

_STARTING = frozenset({"ContainerCreating", "PodInitializing", ""})


def describe(deployment: Deployment, pods: Iterable[Pod], container: str = "") -> Workload:
    """Return the present state; raises Missing for a container that the pods do not have."""
    waiting = sorted({reason for pod in pods for reason in _waiting(pod)})
    state = _state(deployment, waiting)
    return Workload(
        state=state,
        version=version_of(_image(deployment, container)),
        ready=_ready(deployment),
        desired=wanted(deployment),
        updated_at=_updated_at(deployment),
        note="" if state in ("Running", "Stopped") else _note(deployment, waiting),
    )


def _updated_at(deployment: Deployment) -> datetime | None:
    found = _condition(deployment, "Progressing")
    if found is not None and found.lastUpdateTime is not None:
        return found.lastUpdateTime
    return deployment.metadata.creationTimestamp if deployment.metadata else None


def wanted(deployment: Deployment) -> int:
    """Return the replicas asked for; Kubernetes means one when none are named."""
    replicas = deployment.spec.replicas if deployment.spec else None
    return 1 if replicas is None else replicas


def version_of(image: str) -> str:
    """Return the tag of an image, else a short digest, else ``latest``."""
    name, _, digest = image.partition("@")
    tag = re.search(r":([^/:]+)$", name)
    if tag:
        return tag[1]
    return digest[:19] if digest else "latest"


def _image(deployment: Deployment, container: str) -> str:
    template = deployment.spec.template.spec if deployment.spec else None
    containers = template.containers if template else []
    chosen = [item for item in containers if not container or item.name == container]
    if not chosen:
        raise Missing("container", container, known=tuple(item.name for item in containers))
    return chosen[0].image or ""


def _ready(deployment: Deployment) -> int:
    return (deployment.status.readyReplicas or 0) if deployment.status else 0


def _state(deployment: Deployment, waiting: Sequence[str]) -> State:
    if wanted(deployment) == 0:
        alive = deployment.status.replicas if deployment.status else 0
        return "Progressing" if alive else "Stopped"
    if waiting or _has_failed(deployment):
        return "Degraded"
    if not _is_rolled_out(deployment):
        return "Progressing"
    if _ready(deployment) >= wanted(deployment):
        return "Running"
    return "Progressing" if _ready(deployment) else "Degraded"


def _has_failed(deployment: Deployment) -> bool:
    progress = _condition(deployment, "Progressing")
    failure = _condition(deployment, "ReplicaFailure")
    return (progress is not None and progress.status == "False") or (
        failure is not None and failure.status == "True"
    )


def _is_rolled_out(deployment: Deployment) -> bool:
    """Whether the controller has seen the newest wish and every pod is of the newest version."""
    status, metadata = deployment.status, deployment.metadata
    if status is None or metadata is None:
        return False
    seen = (status.observedGeneration or 0) >= (metadata.generation or 0)
    updated = status.updatedReplicas or 0
    return seen and updated >= wanted(deployment) and (status.replicas or 0) <= updated


def _note(deployment: Deployment, waiting: Sequence[str]) -> str:
    if waiting:
        return ", ".join(waiting)
    for kind, bad in (("ReplicaFailure", "True"), ("Progressing", "False"), ("Available", "False")):
        found = _condition(deployment, kind)
        if found is not None and found.status == bad:
            return found.reason or kind
    return ""


def _condition(deployment: Deployment, kind: str) -> DeploymentCondition | None:
    conditions = (deployment.status.conditions if deployment.status else None) or []
    return next((item for item in conditions if item.type == kind), None)


def _waiting(pod: Pod) -> Iterable[str]:
    """Yield why containers are not starting, leaving out that they are merely starting."""
    if pod.status is None or (pod.metadata and pod.metadata.deletionTimestamp):
        return
    statuses: list[ContainerStatus] = [
        *(pod.status.initContainerStatuses or []),
        *(pod.status.containerStatuses or []),
    ]
    for status in statuses:
        reason = status.state.waiting.reason if status.state and status.state.waiting else None
        if reason and reason not in _STARTING:
            yield reason
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.reason == "Unschedulable":
            yield condition.reason
