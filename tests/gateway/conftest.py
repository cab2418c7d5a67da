"""The gateway over a core of fakes, asked as a network would ask it."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from pydantic import SecretStr

from bot.gateway.app import gateway
from bot.gateway.metrics import Metrics
from bot.gateway.server import listener, serving
from bot.gateway.starts import Starts
from bot.gateway.triggers import Triggers
from bot.gateway.webhooks import Webhooks
from orchestration.runs.shelf import FolderPlaybooks
from tgk.discovery import TriggerBounds
from tgk.dispatcher import Dispatcher
from tgk.testing.deliveries import FakeDeliveries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.applications import Starlette

    from tests.conftest import World

SECRET = "It's a Secret to Everybody"


@dataclass
class Gate:
    """The application, and a client that comes from an address of its choice."""

    world: World
    metrics: Metrics
    state: Path
    deliveries: FakeDeliveries = field(default_factory=FakeDeliveries)
    bounds: dict[str, TriggerBounds] = field(default_factory=dict)
    is_alive: bool = True
    is_ready: bool = True

    def webhooks(
        self,
        *,
        token: str | None = None,
        secret: str | None = SECRET,
        body_within: float = 10.0,
        starts: Starts | None = None,
    ) -> Webhooks:
        """Return the webhooks with these secrets."""
        return Webhooks(
            dispatcher=self.world.dispatcher,
            directory=self.world.policy.directory,
            deliveries=self.deliveries,
            starts=starts or self.starts(),
            metrics=self.metrics,
            git_secret=SecretStr(secret) if secret else None,
            alert_token=SecretStr(token) if token else None,
            body_within=body_within,
        )

    def starts(self) -> Starts:
        """Return what starts the playbooks that lie in the state folder."""
        return Starts(
            self.world.dispatcher,
            self.world.policy.directory,
            FolderPlaybooks([self.state / "playbooks"]),
            self.world.operations,
            bounds=self.bounds,
            clock=self.world.clock,
            metrics=self.metrics,
        )

    def write(self, text: str, **bounds: int) -> str:
        """Put a playbook where it may run, and let it be started from outside."""
        name = str(yaml.safe_load(text)["name"])
        folder = self.state / "playbooks"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yml").write_text(text)
        self.bounds[name] = TriggerBounds(**bounds)
        return name

    def allow(self, playbook: str, *permissions: str) -> None:
        """Give the service that starts a playbook a role of its own."""
        policy = yaml.safe_load(self.world.policy.path.read_text())
        policy["roles"]["automation"] = {"permissions": list(permissions)}
        policy["sources"][f"trigger:{playbook}"] = {"roles": ["automation"]}
        self.world.policy.path = self.state / "policy.yml"
        self.world.policy.path.write_text(yaml.safe_dump(policy))
        self.world.policy.reload()

    @asynccontextmanager
    async def open(
        self, *, event: str | None = SECRET, hook: str | None = SECRET, **secrets: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Serve on loopback, and yield a client of it."""
        async with self.starts() as starts:
            app = self.app(event=event, hook=hook, starts=starts, **secrets)
            with listener("127.0.0.1:0") as bound:
                address = f"http://127.0.0.1:{bound.getsockname()[1]}"
                async with serving(app, bound), httpx.AsyncClient(base_url=address) as client:
                    yield client

    def app(
        self,
        *,
        event: str | None = None,
        hook: str | None = None,
        starts: Starts | None = None,
        **secrets: Any,
    ) -> Starlette:
        """Return the application with these secrets."""
        starts = starts or self.starts()
        return gateway(
            webhooks=self.webhooks(starts=starts, **secrets),
            triggers=Triggers(
                starts=starts,
                metrics=self.metrics,
                event_secret=SecretStr(event) if event else None,
                hook_secret=SecretStr(hook) if hook else None,
                body_within=secrets.get("body_within", 10.0),
            ),
            metrics=self.metrics,
            alive=lambda: (self.is_alive, {"alive": self.is_alive}),
            ready=lambda: (self.is_ready, {"platforms": {}}),
        )

    def client(self, host: str = "127.0.0.1", **secrets: Any) -> httpx.AsyncClient:
        """Return a client whose requests come from ``host``."""
        transport = httpx.ASGITransport(self.app(**secrets), client=(host, 50000))
        return httpx.AsyncClient(transport=transport, base_url="http://gate")

    def count(self, line: str) -> float:
        """Return the value of one metric line, 0 when it is not there."""
        for each in self.metrics.render().decode().splitlines():
            if each.startswith(line + " "):
                return float(each.rpartition(" ")[2])
        return 0.0


@pytest.fixture
def gate(world: World, tmp_path: Path) -> Gate:
    """A gateway whose dispatcher counts into its metrics."""
    metrics = Metrics()
    world.dispatcher = Dispatcher(
        admission=world.dispatcher.admission,
        journal=world.journal,
        operations=world.operations,
        backends=world.dispatcher.backends,
        clock=world.clock,
        observer=metrics,
    )
    world.operations.bind(world.dispatcher.perform)
    return Gate(world, metrics, tmp_path)


def notification(
    status: str = "firing", *, group: str = "g", count: int = 1, name: str = "HighCPUUsage"
) -> dict[str, Any]:
    """Return a group of alerts as Alertmanager's webhook (version 4) sends it."""
    labels = {"alertname": name, "service": "event-gateway", "severity": "critical"}
    alerts = [
        {
            "status": status, "labels": {**labels, "instance": f"i{number}"},
            "annotations": {"summary": "CPU usage above 80%"},
            "startsAt": "2026-01-15T10:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/graph", "fingerprint": f"{number:016x}",
        }
        for number in range(count)
    ]  # fmt: skip
    return {
        "version": "4", "groupKey": group, "truncatedAlerts": 0, "status": status,
        "receiver": "tgk", "groupLabels": {"alertname": name}, "commonLabels": labels,
        "commonAnnotations": {"summary": "CPU usage above 80%"},
        "externalURL": "http://alertmanager.example", "alerts": alerts,
    }  # fmt: skip


def pull_request(title: str = "Add a thing", action: str = "opened") -> dict[str, Any]:
    """Return the parts of GitHub's pull_request event that matter."""
    return {
        "action": action, "number": 42,
        "pull_request": {
            "number": 42, "title": title, "merged": False,
            "html_url": "https://github.com/o/r/pull/42", "user": {"login": "dana"},
            "head": {"ref": "feature/thing"}, "base": {"ref": "main"},
        },
        "repository": {"full_name": "strategickhaos/sovereignty-architecture"},
    }  # fmt: skip


def signed(
    payload: object, *, event: str = "pull_request", delivery: str = "", secret: str = SECRET
) -> dict[str, Any]:
    """Return body and headers of an event as GitHub signs it."""
    body = json.dumps(payload).encode()
    return {"content": body, "headers": headers_of(body, event, delivery, secret)}


def headers_of(body: bytes, event: str, delivery: str = "", secret: str = SECRET) -> dict[str, str]:
    """Return GitHub's headers for a body."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-Hub-Signature-256": f"sha256={digest}",
    }
