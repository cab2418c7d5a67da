"""A command done by the cluster itself: other replicas, another version, or the one before."""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing
from typing import TYPE_CHECKING

from tgk.errors import ArgumentFault, Conflict, InvalidRequest, Missing
from tgk.ports.providers import ProviderProgress, ProviderResult
from tgk.reply import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.providers.call import Call
    from tgk.bindings import KubernetesBinding
    from tgk.discovery import Discovery, Environment, Service
    from tgk.ports.cluster import Cluster, Workload
    from tgk.ports.providers import Arguments


class ClusterProvider:
    """Changes the Deployment of a component, or of each, and waits until its pods are ready."""

    def __init__(
        self, name: str, binding: KubernetesBinding, cluster: Cluster, discovery: Discovery
    ) -> None:
        self._name = name.removeprefix("/")
        self._binding = binding
        self._cluster = cluster
        self._discovery = discovery

    def plan(self, arguments: Arguments) -> str:
        """Name the Deployments and what would become of them; raises InvalidRequest."""
        self._check(arguments)
        place = self._environment(arguments)
        where = ", ".join(
            f"{place.namespace or service.kubernetes.namespace}/{service.kubernetes.deployment}"
            for service in self._services(arguments).values()
        )
        return f"{self._words(arguments)}: {where}"

    async def invoke(self, call: Call) -> ProviderResult:
        """Change one Deployment after the other; the first that does not come up ends it."""
        self._check(call.arguments)
        services = self._services(call.arguments)
        stages = {name: Stage(name=name, state="waiting") for name in services}
        output: dict[str, object] = {}
        stayed: Conflict | None = None
        for name, service in services.items():
            stages[name] = Stage(name=name, state="running")
            await call.watch(_progress(stages))
            try:
                before, wanted = await self._change(name, service, call)
            except Conflict as error:
                stayed, stages[name] = self._stayed(error), Stage(name=name, state="skipped")
                continue
            ended = await self._settled(service, call, wanted, stages)
            output |= {"previous": before, **wanted, **_seen(ended)}
            if not _is_settled(ended, wanted):
                return self._unsettled(name, ended, output)
            stages[name] = Stage(name=name, state="done", note=f"{output['ready']} ready")
        if stayed is not None and not output:
            raise stayed
        changed = [name for name, stage in stages.items() if stage.state == "done"]
        summary = f"{self._words(call.arguments)}: {', '.join(changed)} ready."
        return ProviderResult(success=True, output=output, summary=summary)

    def _stayed(self, error: Conflict) -> Conflict:
        """Return why one of several stays: there is no way back for what never changed."""
        if self._binding.action != "rollback":
            raise error
        return error

    def _unsettled(
        self, name: str, ended: Workload | None, output: dict[str, object]
    ) -> ProviderResult:
        why = (ended.note or ended.state) if ended else "it was not seen"
        summary = f"{name} is not ready after {self._binding.within:.0f} s: {why}."
        return ProviderResult(success=False, output=output, summary=summary)

    async def aclose(self) -> None:
        """The cluster is closed by whoever opened it."""

    async def _change(
        self, name: str, service: Service, call: Call
    ) -> tuple[object, Mapping[str, object]]:
        """Wish for it; returns what was before, and what must be so in the end."""
        place, arguments = self._environment(call.arguments), call.arguments
        if self._binding.action == "scale":
            replicas = await self._replicas(name, arguments)
            return await self._cluster.scale(service, place, replicas), {"instances": replicas}
        key = f"{call.key}:{name}"
        if self._binding.action == "image":
            version = str(arguments["version"])
            done = await self._cluster.set_version(service, place, version, key=key)
        else:
            done = await self._cluster.roll_back(service, place, key=key)
        return done.before, {"version": done.after}

    async def _settled(
        self,
        service: Service,
        call: Call,
        wanted: Mapping[str, object],
        stages: Mapping[str, Stage],
    ) -> Workload | None:
        """Watch until it is as wanted, or the time is over; returns the last that was seen."""
        last: Workload | None = None
        place = self._environment(call.arguments)
        try:
            async with (
                asyncio.timeout(self._binding.within),
                aclosing(self._cluster.watch(service, place)) as states,  # type: ignore[type-var]
            ):
                async for last in states:
                    if _is_settled(last, wanted):
                        break
                    await call.watch(_progress(stages, f"{last.ready} of {last.desired} ready"))
        except TimeoutError:
            return last
        return last

    def _check(self, arguments: Arguments) -> None:
        """Refuse what cannot be done; raises InvalidRequest naming the option."""
        action = self._binding.action
        if action == "image" and "version" not in arguments:
            raise self._fault("version", "needed: which image tag")
        if action != "scale":
            return
        if arguments.get("canary"):
            if "percentage" not in arguments:
                raise self._fault("percentage", "needed: the canary's share")
            return
        if "instances" not in arguments:
            raise self._fault("instances", "needed: how many, or --canary with --percentage")
        for name in self._named(arguments):
            bounds, wanted = self._discovery.services[name].replicas, int(arguments["instances"])
            if not bounds.min <= wanted <= bounds.max:
                message = f"{name} runs {bounds.min} to {bounds.max} replicas"
                raise self._fault("instances", message)

    def _fault(self, option: str, message: str) -> InvalidRequest:
        return InvalidRequest(self._name, [ArgumentFault(option, message)])

    async def _replicas(self, name: str, arguments: Arguments) -> int:
        """Return how many to want: as asked, or the canary's share of what the service wants."""
        if not arguments.get("canary"):
            return int(arguments["instances"])
        place = self._environment(arguments)
        stable = await self._cluster.workload(self._discovery.services[name], place)
        return math.ceil(stable.desired * float(arguments["percentage"]) / 100)

    def _named(self, arguments: Arguments) -> tuple[str, ...]:
        service = arguments.get("service")
        return (str(service),) if service else tuple(self._discovery.services)

    def _services(self, arguments: Arguments) -> dict[str, Service]:
        """Return what is meant, with the Deployment of its slot or of its canary."""
        ending = f"-{arguments['slot']}" if arguments.get("slot") else ""
        ending += self._binding.canary if arguments.get("canary") else ""
        return {
            name: self._discovery.services[name].beside(ending) for name in self._named(arguments)
        }

    def _environment(self, arguments: Arguments) -> Environment:
        name = str(arguments.get("environment") or self._discovery.default_environment)
        found = self._discovery.environments.get(name)
        if found is None:
            raise Missing("environment", name, known=tuple(self._discovery.environments))
        return found

    def _words(self, arguments: Arguments) -> str:
        if self._binding.action == "image":
            return f"set the image tag {arguments['version']}"
        if self._binding.action == "rollback":
            return "roll back to the ReplicaSet before"
        if arguments.get("canary"):
            return f"scale the canary to {arguments['percentage']} %"
        return f"scale to {arguments['instances']} replicas"


def _seen(now: Workload | None) -> dict[str, object]:
    """Return what a step may build on of the last look."""
    if now is None:
        return {"state": "unknown"}
    return {"version": now.version, "state": now.state, "ready": now.ready}


def _is_settled(now: Workload | None, wanted: Mapping[str, object]) -> bool:
    """Whether it is as wanted, with every pod ready."""
    if now is None or now.state not in ("Running", "Stopped"):
        return False
    replicas = wanted.get("instances", now.desired)
    version = wanted.get("version", now.version)
    return now.desired == replicas == now.ready and now.version == version


def _progress(stages: Mapping[str, Stage], note: str = "") -> ProviderProgress:
    done = sum(stage.state == "done" for stage in stages.values())
    return ProviderProgress(note=note, done=done, total=len(stages), stages=tuple(stages.values()))
