"""Objects as a Kubernetes API server answers them, and a kubeconfig that leads to one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tgk.discovery import Environment, Service

if TYPE_CHECKING:
    from pathlib import Path

DEPLOYMENTS = "apps/v1/deployments"
PODS = "v1/pods"
PATH = "/apis/apps/v1/namespaces/production/deployments"

SERVICE = Service.model_validate({"kubernetes": {"deployment": "event-gateway"}})
PRODUCTION = Environment(namespace="production")


def deployment(**changes: Any) -> dict[str, Any]:
    """Return what a real API server answers for a healthy deployment, with changes."""
    image = changes.pop("image", "registry.local:5000/team/event-gateway:v1.2.3")
    desired = changes.pop("desired", 2)
    status = {
        "observedGeneration": 4,
        "replicas": desired,
        "updatedReplicas": desired,
        "readyReplicas": desired,
        "availableReplicas": desired,
        "conditions": [
            condition("Available", "True", "MinimumReplicasAvailable"),
            condition("Progressing", "True", "NewReplicaSetAvailable"),
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "event-gateway",
            "namespace": "production",
            "generation": 4,
            "resourceVersion": changes.pop("version", "100"),
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "replicas": desired,
            "selector": {"matchLabels": {"app": "event-gateway"}},
            "template": {
                "metadata": {"labels": {"app": "event-gateway"}},
                "spec": {
                    "containers": [
                        {"name": "proxy", "image": "envoy:9"},
                        {"name": "main", "image": image},
                    ]
                },
            },
        },
        "status": {**status, **changes},
    }


def condition(kind: str, status: str, reason: str) -> dict[str, str]:
    """Return one condition of a deployment."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": reason,
        "lastUpdateTime": "2026-01-10T08:30:00Z",
        "lastTransitionTime": "2026-01-10T08:30:00Z",
    }


def pod(reason: str) -> dict[str, Any]:
    """Return a pod whose container waits."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "event-gateway-1",
            "namespace": "production",
            "labels": {"app": "event-gateway"},
        },
        "spec": {"containers": [{"name": "main", "image": "x"}]},
        "status": {
            "phase": "Pending",
            "containerStatuses": [
                {"name": "main", "ready": False, "restartCount": 3, "image": "x", "imageID": "",
                 "state": {"waiting": {"reason": reason, "message": "no such image"}}}
            ],
        },
    }  # fmt: skip


def kubeconfig(folder: Path, url: str, token: str = "") -> Path:
    """Write a kubeconfig with two contexts; the second leads nowhere."""
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "clusters": [
                    {"name": "here", "cluster": {"server": url}},
                    {"name": "nowhere", "cluster": {"server": "http://127.0.0.1:1"}},
                ],
                "users": [{"name": "tgk", "user": {"token": token} if token else {}}],
                "contexts": [
                    {"name": "here", "context": {"cluster": "here", "user": "tgk"}},
                    {"name": "anonymous", "context": {"cluster": "here"}},
                    {"name": "nowhere", "context": {"cluster": "nowhere", "user": "tgk"}},
                ],
            }
        )
    )
    return path
