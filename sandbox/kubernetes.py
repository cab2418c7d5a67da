"""Kubernetes' part of the world: deployments, their scale, their pods, and watches."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.parts import Unit
    from sandbox.world import World

LOOK_SECONDS: Final = 0.1
_APPS: Final = "/apis/apps/v1/namespaces/{namespace}/deployments"
_SETS: Final = "/apis/apps/v1/namespaces/{namespace}/replicasets"
_REVISION: Final = "deployment.kubernetes.io/revision"
_NEWEST: Final = "1000000"
"""A version that nothing reaches: what somebody has read who has read everything."""


class KubernetesEmulator:
    """Answers what ``kubectl get``, ``scale`` and ``watch`` of deployments ask."""

    def __init__(self, world: World) -> None:
        self._world = world

    def app(self) -> web.Application:
        """Return the routes of the API server."""
        app = web.Application(middlewares=[self._guarded])
        app.router.add_get(_APPS, self._list)
        app.router.add_get(_APPS + "/{name}", self._get)
        app.router.add_patch(_APPS + "/{name}", self._patch)
        app.router.add_get(_SETS, self._replica_sets)
        app.router.add_get(_APPS + "/{name}/scale", self._scale_of)
        app.router.add_patch(_APPS + "/{name}/scale", self._scale)
        app.router.add_put(_APPS + "/{name}/scale", self._scale)
        app.router.add_get("/api/v1/namespaces/{namespace}/pods", self._pods)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self._world.faults.kubernetes:
            return _status(503, "ServiceUnavailable", "the server is currently unable to answer")
        self._world.tick()
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _get(self, request: web.Request) -> web.Response:
        unit = self._find(request)
        return web.json_response(_deployment(unit)) if unit else _missing(request)

    async def _patch(self, request: web.Request) -> web.Response:
        """Do a JSON patch of annotations and template, whole or, when a test in it fails, not."""
        unit = self._find(request)
        if unit is None:
            return _missing(request)
        wished: dict[str, Any] = {}
        for step in json.loads(await request.text()):
            if step["op"] == "test" and step["value"] != str(unit.revision):
                return _status(422, "Invalid", "the server rejected our request: test failed")
            wished[step["path"]] = step["value"]
        unit.annotations = wished.get("/metadata/annotations", unit.annotations)
        if template := wished.get("/spec/template"):
            image = template["spec"]["containers"][0]["image"]
            self._world.put_version(unit, image.rpartition(":")[2])
        return web.json_response(_deployment(unit))

    async def _replica_sets(self, request: web.Request) -> web.Response:
        wanted = request.query.get("labelSelector", "").removeprefix("app=")
        units = self._world.in_namespace(request.match_info["namespace"])
        found = [
            _replica_set(unit, version, revision)
            for unit in units
            if wanted in ("", unit.deployment)
            for version, revision in unit.revisions.items()
        ]
        return web.json_response({
            "apiVersion": "apps/v1", "kind": "ReplicaSetList",
            "metadata": {"resourceVersion": _NEWEST}, "items": found,
        })  # fmt: skip

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch") in ("true", "1"):
            return await self._watch(request)
        found = [_deployment(unit) for unit in self._selected(request)]
        return web.json_response({
            "apiVersion": "apps/v1", "kind": "DeploymentList",
            "metadata": {"resourceVersion": _NEWEST}, "items": found,
        })  # fmt: skip

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        """Send an event at every change until the client's time is over.

        What changed after the version that the client has read is told at once.
        """
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        read = int(request.query.get("resourceVersion") or _NEWEST)
        known = {unit.name: min(unit.revision, read) for unit in self._selected(request)}
        left = float(request.query.get("timeoutSeconds", "30"))
        while left > 0:
            await asyncio.sleep(LOOK_SECONDS)
            left -= LOOK_SECONDS
            self._world.tick()
            for unit in self._selected(request):
                if known.get(unit.name) != unit.revision:
                    known[unit.name] = unit.revision
                    event = {"type": "MODIFIED", "object": _deployment(unit)}
                    with suppress(ConnectionResetError):  # a watcher may die; ours end with time
                        await response.write(json.dumps(event).encode() + b"\n")
        return response

    async def _scale_of(self, request: web.Request) -> web.Response:
        unit = self._find(request)
        return web.json_response(_scale(unit)) if unit else _missing(request)

    async def _scale(self, request: web.Request) -> web.Response:
        unit = self._find(request)
        if unit is None:
            return _missing(request)
        body = json.loads(await request.text())
        self._world.scale(unit, int((body.get("spec") or {}).get("replicas") or 0))
        return web.json_response(_scale(unit))

    async def _pods(self, request: web.Request) -> web.Response:
        wanted = request.query.get("labelSelector", "").removeprefix("app=")
        pods = [
            _pod(unit, number)
            for unit in self._world.in_namespace(request.match_info["namespace"])
            if wanted in ("", unit.deployment)
            for number in range(unit.wanted)
        ]
        return web.json_response({
            "apiVersion": "v1", "kind": "PodList",
            "metadata": {"resourceVersion": _NEWEST}, "items": pods,
        })  # fmt: skip

    def _find(self, request: web.Request) -> Unit | None:
        return self._world.deployed(request.match_info["namespace"], request.match_info["name"])

    def _selected(self, request: web.Request) -> list[Unit]:
        wanted = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        units = self._world.in_namespace(request.match_info["namespace"])
        return [unit for unit in units if wanted in ("", unit.deployment)]


def write_kubeconfig(path: Path, server: str) -> None:
    """Write the file that leads a client here, in JSON, which is YAML as well."""
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "sandbox",
        "clusters": [{"name": "sandbox", "cluster": {"server": server}}],
        "users": [{"name": "sandbox", "user": {"token": "sandbox"}}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
    }))  # fmt: skip


def _image(unit: Unit, version: str = "") -> str:
    return f"registry.example/{unit.deployment}:{version or unit.version}"


def _uid(unit: Unit) -> str:
    return f"{unit.namespace}-{unit.deployment}"


def _template(unit: Unit, version: str, labels: dict[str, str]) -> dict[str, Any]:
    image = _image(unit, version)
    containers = [{"name": unit.deployment, "image": image}]
    return {"metadata": {"labels": labels}, "spec": {"containers": containers}}


def _replica_set(unit: Unit, version: str, revision: int) -> dict[str, Any]:
    labels = {"app": unit.deployment, "pod-template-hash": version}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{unit.deployment}-{revision}", "namespace": unit.namespace,
            "labels": labels, "annotations": {_REVISION: str(revision)},
            "ownerReferences": [{"kind": "Deployment", "uid": _uid(unit)}],
        },
        "spec": {"template": _template(unit, version, labels)},
    }  # fmt: skip


def _deployment(unit: Unit) -> dict[str, Any]:
    labels = {"app": unit.deployment}
    annotations = {**unit.annotations, _REVISION: str(unit.revisions[unit.version])}
    changed = unit.changed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    settled = unit.ready >= unit.wanted
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": unit.deployment, "namespace": unit.namespace, "generation": 1,
            "resourceVersion": str(unit.revision), "creationTimestamp": changed,
            "uid": _uid(unit), "annotations": annotations,
        },
        "spec": {
            "replicas": unit.wanted,
            "selector": {"matchLabels": labels},
            "template": _template(unit, unit.version, labels),
        },
        "status": {
            "observedGeneration": 1, "replicas": unit.wanted, "updatedReplicas": unit.wanted,
            "readyReplicas": unit.ready, "availableReplicas": unit.ready,
            "conditions": [{
                "type": "Progressing", "status": "True", "lastUpdateTime": changed,
                "reason": "NewReplicaSetAvailable" if settled else "ReplicaSetUpdated",
                "message": "rolled out" if settled else "rolling out",
            }],
        },
    }  # fmt: skip


def _scale(unit: Unit) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": unit.deployment, "namespace": unit.namespace},
        "spec": {"replicas": unit.wanted},
        "status": {"replicas": unit.ready, "selector": f"app={unit.deployment}"},
    }


def _pod(unit: Unit, number: int) -> dict[str, Any]:
    running = number < unit.ready
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{unit.deployment}-{number}", "namespace": unit.namespace,
            "labels": {"app": unit.deployment},
        },
        "spec": {"containers": [{"name": unit.deployment, "image": _image(unit)}]},
        "status": {
            "phase": "Running" if running else "Pending",
            "containerStatuses": [{
                "name": unit.deployment, "image": _image(unit), "imageID": "", "ready": running,
                "restartCount": 0,
                "state": {"running": {}} if running
                else {"waiting": {"reason": "ContainerCreating"}},
            }],
        },
    }  # fmt: skip


def _status(code: int, reason: str, message: str) -> web.Response:
    body = {
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "code": code, "reason": reason, "message": message,
    }  # fmt: skip
    return web.json_response(body, status=code)


def _missing(request: web.Request) -> web.Response:
    name = request.match_info.get("name", "")
    return _status(404, "NotFound", f'deployments.apps "{name}" not found')
