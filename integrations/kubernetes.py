"""The cluster, asked over the Kubernetes API with a kubeconfig of one or more contexts."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

from integrations.circuit import Circuit
from integrations.http import Answer, TimedOut
from integrations.revisions import Revisions
from integrations.rollout import describe, wanted
from integrations.verdict import judge
from tgk.errors import Missing, Rejected, Unavailable, Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path
    from types import TracebackType

    import httpx2
    from lightkube import AsyncClient
    from lightkube.config.kubeconfig import SingleConfig
    from lightkube.resources.apps_v1 import Deployment
    from lightkube.resources.core_v1 import Pod

    from tgk.discovery import Environment, Service
    from tgk.errors import TgkError
    from tgk.ports.cluster import Exchange, Workload
    from tgk.ports.time import Clock

Found = TypeVar("Found")

_SYSTEM = "Kubernetes"
_LONGEST_PAUSE = 30.0
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class _Session:
    """The clients of one context: typed calls, and the bare one that a watch streams over."""

    typed: AsyncClient
    bare: httpx2.AsyncClient


@dataclass(frozen=True, slots=True)
class _Place:
    """One deployment of one context."""

    session: _Session
    namespace: str
    name: str
    container: str

    @property
    def missing(self) -> tuple[str, str]:
        """What a 404 means."""
        return ("deployment", f"{self.namespace}/{self.name}")

    @property
    def revisions(self) -> Revisions:
        """What it runs and ran."""
        return Revisions(self.session.bare, self.namespace, self.name)


class KubernetesCluster:
    """Implements Cluster.

    ``kubeconfig=None`` means the service account of the pod that this runs in. Every call here may
    be repeated safely, so each that fails fast is tried twice; ``refresh`` is how often a watch
    looks again anyway.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        kubeconfig: Path | None = None,
        timeout: float = 10.0,
        refresh: float = 20.0,
    ) -> None:
        self._clock = clock
        self._kubeconfig = kubeconfig
        self._timeout = timeout
        self._refresh = refresh
        self._sessions: dict[str, _Session] = {}
        self._opening = asyncio.Lock()
        self._circuits: dict[str, Circuit] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.typed.close()
            await session.bare.aclose()

    async def workload(self, service: Service, environment: Environment) -> Workload:
        """Return the present state."""
        place = await self._place(service, environment)
        workload, _ = await self._look(place, environment.context)
        return workload

    async def scale(self, service: Service, environment: Environment, replicas: int) -> int:
        """Set the wanted replicas through the scale subresource; returns the number before.

        Nothing is written when it is so already.
        """
        place = await self._place(service, environment)  # first: it loads the SDK in a thread
        from lightkube.resources.apps_v1 import Deployment
        from lightkube.types import PatchType

        client, change = place.session.typed, {"spec": {"replicas": replicas}}

        async def read() -> int:
            found = await client.get(Deployment.Scale, place.name, namespace=place.namespace)
            return (found.spec.replicas or 0) if found.spec else 0

        async def write() -> None:
            await client.patch(
                Deployment.Scale,
                place.name,
                change,
                namespace=place.namespace,
                patch_type=PatchType.MERGE,
            )

        before = await self._ask(read, environment.context, place.missing)
        if before != replicas:
            await self._ask(write, environment.context, place.missing)
        return before

    async def set_version(
        self, service: Service, environment: Environment, version: str, *, key: str
    ) -> Exchange:
        """Want another image tag; a key that did so already is only told again what it did."""
        place = await self._place(service, environment)

        async def write() -> Exchange:
            return await place.revisions.set_version(place.container, version, key)

        return await self._ask(write, environment.context, place.missing)

    async def roll_back(self, service: Service, environment: Environment, *, key: str) -> Exchange:
        """Want the template before; a key that did so does not do it twice."""
        place = await self._place(service, environment)

        async def write() -> Exchange:
            return await place.revisions.roll_back(place.container, key)

        return await self._ask(write, environment.context, place.missing)

    async def watch(self, service: Service, environment: Environment) -> AsyncIterator[Workload]:
        """Yield the state now and at every change, until the reader stops; reconnects by itself.

        Only the first look raises Unavailable; later outages are waited out.
        """
        place = await self._place(service, environment)
        shown, version = await self._look(place, environment.context)
        yield shown
        pause = 1.0
        while True:
            started = self._clock.monotonic()
            try:
                await self._wait_for_change(place, version)
                now, version = await self._look(place, environment.context)
            except Unavailable:
                await self._clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                version = ""
                continue
            pause = 1.0
            if now != shown:
                shown = now
                yield now
            elif self._clock.monotonic() - started < 1.0:
                # A server that ends every watch at once must not be asked in a tight loop.
                await self._clock.sleep(1.0)

    async def _look(self, place: _Place, context: str) -> tuple[Workload, str]:
        """Return the state and the version of the object that it was read from."""
        from lightkube.resources.apps_v1 import Deployment

        client = place.session.typed

        async def read() -> Deployment:
            return await client.get(Deployment, place.name, namespace=place.namespace)

        deployment = await self._ask(read, context, place.missing)
        pods: list[Pod] = []
        if _is_unready(deployment):
            # Pods only explain; when they cannot be read the state itself still stands.
            with suppress(Upstream, Missing):
                pods = await self._pods(place, deployment, context)
        version = deployment.metadata.resourceVersion if deployment.metadata else None
        return describe(deployment, pods, place.container), version or ""

    async def _pods(self, place: _Place, deployment: Deployment, context: str) -> list[Pod]:
        from lightkube.resources.core_v1 import Pod

        labels = dict((deployment.spec.selector.matchLabels if deployment.spec else None) or {})
        if not labels:
            return []

        async def read() -> list[Pod]:
            found = place.session.typed.list(
                Pod, namespace=place.namespace, labels=dict(labels.items())
            )
            return [pod async for pod in found]

        return await self._ask(read, context, place.missing)

    async def _wait_for_change(self, place: _Place, version: str) -> None:
        """Return once the deployment has another version than ``version``, or it is time to look.

        Whatever ends the stream (end of file, 410, a broken line) means: look again.
        """
        import httpx2

        params = {
            "watch": "true",
            "fieldSelector": f"metadata.name={place.name}",
            "timeoutSeconds": str(max(1, round(self._refresh))),
        }
        if version:
            params["resourceVersion"] = version
        path = f"apis/apps/v1/namespaces/{place.namespace}/deployments"
        try:
            async with (
                asyncio.timeout(self._refresh),
                place.session.bare.stream("GET", path, params=params) as response,
            ):
                async for line in response.aiter_lines():
                    if _is_news(line, place.name, version):
                        return
        except TimeoutError:
            return
        except httpx2.HTTPError as error:
            raise Unavailable(_SYSTEM, "The watch broke.") from error

    async def _ask(
        self, act: Callable[[], Awaitable[Found]], context: str, missing: tuple[str, str]
    ) -> Found:
        circuit = self._circuits.setdefault(context, Circuit(_SYSTEM, self._clock))
        with circuit.call():
            try:
                return await self._once(act, missing)
            except TimedOut:
                raise
            except Unavailable as error:
                if error.retry_after is not None:
                    raise
            await self._clock.sleep(0.25)
            return await self._once(act, missing)

    async def _once(self, act: Callable[[], Awaitable[Found]], missing: tuple[str, str]) -> Found:
        import httpx2
        import msgspec
        from lightkube.core.exceptions import ConfigError

        try:
            async with asyncio.timeout(self._timeout):
                return await act()
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise TimedOut(_SYSTEM, f"It took longer than {self._timeout:g} s.") from error
        except httpx2.HTTPStatusError as error:
            raise self._verdict(error, missing) from error
        except httpx2.TransportError as error:
            raise Unavailable(_SYSTEM, "It cannot be reached.") from error
        except ConfigError as error:
            raise _bad_kubeconfig("Its credentials cannot be read.") from error
        except (msgspec.MsgspecError, ValueError, TypeError, AttributeError, KeyError) as error:
            # The client decodes without checking, errors without a body included.
            if isinstance(error.__context__, httpx2.HTTPStatusError):
                raise self._verdict(error.__context__, missing) from error
            raise _foreign() from error

    def _verdict(self, error: httpx2.HTTPStatusError, missing: tuple[str, str]) -> TgkError:
        response = error.response
        answer = Answer(_SYSTEM, response.status_code, dict(response.headers), response.content)
        return judge(answer, missing=missing, hide=str, clock=self._clock) or _foreign()

    async def _place(self, service: Service, environment: Environment) -> _Place:
        where = service.kubernetes
        return _Place(
            session=await self._session(environment.context),
            namespace=environment.namespace or where.namespace,
            name=where.deployment,
            container=where.container,
        )

    async def _session(self, context: str) -> _Session:
        async with self._opening:
            if context not in self._sessions:
                # The SDK takes a moment to import, and the file is read from disk.
                opened = await asyncio.to_thread(_open, self._kubeconfig, context, self._timeout)
                self._sessions[context] = opened
            return self._sessions[context]


def _open(kubeconfig: Path | None, context: str, timeout: float) -> _Session:
    import msgspec
    import yaml
    from lightkube.core.exceptions import ConfigError

    try:
        return _connect(_read(kubeconfig, context), timeout)
    except ConfigError as error:
        raise _bad_kubeconfig(f"{error}.") from error
    except (*_UNREADABLE, yaml.YAMLError, msgspec.MsgspecError):
        # The cause may quote credentials of the file.
        raise _bad_kubeconfig("The kubeconfig is not in order.") from None


def _connect(config: SingleConfig, timeout: float) -> _Session:
    import httpx2
    from lightkube import AsyncClient
    from lightkube.config import client_adapter

    typed = AsyncClient(config, timeout=httpx2.Timeout(timeout), lazy=False, trust_env=False)
    # A watch is quiet for as long as nothing changes; `refresh` ends it.
    quiet = client_adapter.ConnectionParams(
        timeout=httpx2.Timeout(timeout, read=None), trust_env=False
    )
    return _Session(typed, client_adapter.AsyncClient(config, quiet))


def _read(kubeconfig: Path | None, context: str) -> SingleConfig:
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.config.models import User

    if kubeconfig is None:
        found = KubeConfig.from_service_account()
    else:
        found = KubeConfig.from_file(kubeconfig)
    config = found.get(context or None)
    if config is None:
        raise _bad_kubeconfig("The kubeconfig names no current context.")
    return config if config.user else config._replace(user=User())


def _bad_kubeconfig(why: str) -> Rejected:
    return Rejected(_SYSTEM, why, remedy="Check KUBECONFIG and the contexts of the environments.")


def _foreign() -> Rejected:
    return Rejected(
        _SYSTEM,
        "It answered with something that is not from Kubernetes.",
        remedy="Check the server address in the kubeconfig.",
    )


def _is_unready(deployment: Deployment) -> bool:
    ready = (deployment.status.readyReplicas or 0) if deployment.status else 0
    updated = (deployment.status.updatedReplicas or 0) if deployment.status else 0
    return min(ready, updated) < wanted(deployment)


def _is_news(line: str, name: str, version: str) -> bool:
    """Whether a line of a watch tells of a version that was not read yet."""
    try:
        event = json.loads(line)
        kind, metadata = event["type"], event["object"]["metadata"]
        if kind in ("BOOKMARK", "ERROR"):
            return bool(kind == "ERROR")
        other = metadata.get("name") != name
        return not other and (kind == "DELETED" or metadata.get("resourceVersion") != version)
    except (ValueError, KeyError, TypeError, AttributeError):
        return bool(line.strip())
