"""Changes of what a Deployment runs, and the way back, remembered in the Deployment itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from integrations.rollout import version_of
from tgk.errors import Conflict, Missing
from tgk.ports.cluster import Exchange

if TYPE_CHECKING:
    import httpx2

_REVISION = "deployment.kubernetes.io/revision"
_DONE = "tgk.dev/exchange"
"""Whose key changed it last, and from what to what."""
_HASH = "pod-template-hash"
_IMAGE_TAG = re.compile(r"(:[^/:@]+)?(@\S+)?$")
_CHANGED_MEANWHILE = (409, 422)

Json = dict[str, Any]


class Revisions:
    """One Deployment over the bare API; nothing is written over a change by somebody else."""

    def __init__(self, client: httpx2.AsyncClient, namespace: str, name: str) -> None:
        self._client = client
        self._name = name
        self._sets = f"apis/apps/v1/namespaces/{namespace}/replicasets"
        self._path = f"apis/apps/v1/namespaces/{namespace}/deployments/{name}"

    async def set_version(self, container: str, version: str, key: str) -> Exchange:
        """Put another tag on the image of a container, the first when none is named."""
        deployment = await self._read(self._path)
        if (done := _done(deployment, key)) is not None:
            return done
        template = deployment["spec"]["template"]
        position = _position(template, container)
        image = template["spec"]["containers"][position]["image"]
        changed = json.loads(json.dumps(template))
        changed["spec"]["containers"][position]["image"] = _IMAGE_TAG.sub(f":{version}", image, 1)
        return await self._exchange(deployment, changed, key, Exchange(version_of(image), version))

    async def roll_back(self, container: str, key: str) -> Exchange:
        """Put back the template of the ReplicaSet before; raises Conflict when there is none."""
        deployment = await self._read(self._path)
        if (done := _done(deployment, key)) is not None:
            return done
        now = deployment["spec"]["template"]
        labels = deployment["spec"]["selector"].get("matchLabels") or {}
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        found = (await self._read(self._sets, {"labelSelector": selector})).get("items") or []
        before = _before(deployment, found)
        if before is None:
            why = "No earlier ReplicaSet is kept."
            raise Conflict(f"{self._name} was not rolled back.", why=why)
        template = json.loads(json.dumps(before["spec"]["template"]))
        template.get("metadata", {}).get("labels", {}).pop(_HASH, None)
        exchange = Exchange(_version(now, container), _version(template, container))
        return await self._exchange(deployment, template, key, exchange)

    async def _exchange(
        self, deployment: Json, template: Json, key: str, exchange: Exchange
    ) -> Exchange:
        metadata = deployment["metadata"]
        note = json.dumps([key, exchange.before, exchange.after])
        annotations = {**(metadata.get("annotations") or {}), _DONE: note}
        patch = [
            {"op": "test", "path": "/metadata/resourceVersion",
             "value": metadata["resourceVersion"]},
            {"op": "add", "path": "/metadata/annotations", "value": annotations},
            {"op": "replace", "path": "/spec/template", "value": template},
        ]  # fmt: skip
        answer = await self._client.patch(
            self._path, json=patch, headers={"Content-Type": "application/json-patch+json"}
        )
        if answer.status_code in _CHANGED_MEANWHILE:
            raise Conflict(
                f"{self._name} was not changed.",
                why="Somebody changed it at the same moment.",
                remedy="Look at /status, and ask again.",
            )
        answer.raise_for_status()
        return exchange

    async def _read(self, path: str, params: dict[str, str] | None = None) -> Json:
        answer = await self._client.get(path, params=params)
        answer.raise_for_status()
        found: Json = answer.json()
        return found


def _done(deployment: Json, key: str) -> Exchange | None:
    """Return what this key did, when the last change is its own."""
    note = (deployment["metadata"].get("annotations") or {}).get(_DONE)
    try:
        whose, before, after = json.loads(note) if note else ("", "", "")
    except ValueError:
        return None
    return Exchange(before, after) if whose == key else None


def _before(deployment: Json, sets: list[Json]) -> Json | None:
    """Return the newest ReplicaSet of an earlier revision than the one that is wanted."""
    uid = deployment["metadata"].get("uid")
    own = [
        each
        for each in sets
        if any(o.get("uid") == uid for o in each["metadata"].get("ownerReferences") or ())
    ]
    earlier = [each for each in own if 0 < _revision(each) < _revision(deployment)]
    return max(earlier, key=_revision, default=None)


def _revision(owner: Json) -> int:
    text = (owner["metadata"].get("annotations") or {}).get(_REVISION, "")
    return int(text) if text.isdigit() else 0


def _position(template: Json, container: str) -> int:
    names = [each["name"] for each in template["spec"]["containers"]]
    if not container:
        return 0
    if container not in names:
        raise Missing("container", container, known=names)
    return names.index(container)


def _version(template: Json, container: str) -> str:
    return version_of(template["spec"]["containers"][_position(template, container)]["image"])
