"""What everybody who does a command promises: the fake, and every kind that can be named."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from werkzeug import Request, Response

from integrations.providers.bound import BoundProviders
from tests.conftest import load_shipped_discovery
from tgk.bindings import Provider
from tgk.errors import ConfigurationInvalid, Rejected, Unavailable
from tgk.ports.cluster import Workload
from tgk.ports.providers import ProviderProgress, watch_nothing
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock
from tgk.testing.cluster import FakeCluster
from tgk.testing.metrics import FakeMetrics
from tgk.testing.pipelines import FakePipelines
from tgk.testing.providers import FakeProviders

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from tgk.ports.providers import Arguments, Providers

COMMAND = "infra deploy"
ARGUMENTS: Arguments = {
    "component": "backend", "service": "refinory-api", "environment": "staging",
    "version": "v1.4.0", "person": "dana",
}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "github": {"repository": "octo/app", "workflow": "deploy.yml", "inputs": {"tag": "{version}"}},
    "kubernetes": {"action": "image"},
    "http": {
        "url": "${SERVICE_URL}/deploy/{environment}",
        "headers": {"Authorization": "Bearer ${SERVICE_TOKEN}"},
        "body": {"version": "{version}", "region": "{region}"},
        "repeatable": True,
    },
    "process": {"argv": [sys.executable, "-c", "PROGRAM"], "options": {"version": "{version}"}},
    "prometheus": {"query": "up", "threshold": 1},
    "notification": {"targets": [{"channel": "#deployments"}]},
}
PROGRAM = """
import os, pathlib, sys
pathlib.Path("keys").open("a").write(os.environ["TGK_KEY"] + " " + sys.argv[1] + chr(10))
"""


@dataclass
class Site:
    """Providers, and how often a key had an effect."""

    providers: Providers
    told: list[Any] = field(default_factory=list)
    """What an http provider was sent."""


@pytest.fixture(params=["fake", *KINDS])
def site(request: pytest.FixtureRequest, httpserver: HTTPServer, tmp_path: Path) -> Site:
    """Give each kind in turn, each of which can do the command."""
    if request.param == "fake":
        return Site(FakeProviders(bound=[COMMAND]))
    made = Site(FakeProviders())
    made.providers = bound(request.param, httpserver, tmp_path, made.told)
    return made


def bound(kind: str, server: HTTPServer, folder: Path, told: list[Any]) -> BoundProviders:
    """Return the real providers with one binding, over fakes and a server on loopback."""
    body = dict(KINDS[kind])
    if kind == "process":
        body |= {"argv": [sys.executable, "-c", PROGRAM], "directory": str(folder)}

    def answer(request: Request) -> Response:
        told.append((request.path, json.loads(request.data), dict(request.headers)))
        return Response(json.dumps({}), content_type="application/json")

    server.expect_request("/base/deploy/staging").respond_with_handler(answer)
    variables = {"SERVICE_URL": server.url_for("/base"), "SERVICE_TOKEN": "s3cr3t-token"}
    cluster, metrics = FakeCluster(), FakeMetrics()
    cluster.put("staging", "refinory-api", Workload("Running", "v1.2.3", 2, 2))
    metrics.measure("up", 1)
    provider = Provider.model_validate({kind: body})
    estate = load_shipped_discovery().model_copy(update={"providers": {COMMAND: provider}})
    return BoundProviders(
        estate,
        pipelines=FakePipelines(),
        cluster=cluster,
        metrics=metrics,
        board=FakeBoard(),
        clock=FakeClock(flows=True),
        variable=lambda name: SecretStr(variables[name]) if name in variables else None,
    )


async def test_a_command_is_done_and_says_so(site: Site) -> None:
    """Success, a sentence or nothing, and output that is plain JSON."""
    result = await site.providers.invoke(COMMAND, ARGUMENTS, key="k1", watch=watch_nothing)

    assert result.success
    assert json.loads(json.dumps(result.output)) == result.output
    assert result == type(result).model_validate_json(result.model_dump_json())


async def test_a_repeated_key_ends_the_same_way(site: Site) -> None:
    """After a kill the same call comes again, and nobody can tell the difference."""
    first = await site.providers.invoke(COMMAND, ARGUMENTS, key="k1", watch=watch_nothing)

    assert first == await site.providers.invoke(COMMAND, ARGUMENTS, key="k1", watch=watch_nothing)


async def test_progress_is_shown_in_a_form_that_can_be_drawn(site: Site) -> None:
    """Never more done than there is, unless nobody knows how much there is."""
    seen: list[ProviderProgress] = []

    async def watch(progress: ProviderProgress) -> None:
        seen.append(progress)

    await site.providers.invoke(COMMAND, ARGUMENTS, key="k1", watch=watch)

    assert all(progress.done <= progress.total or not progress.total for progress in seen)


def test_a_plan_is_one_line_and_does_nothing(site: Site) -> None:
    """It holds no secret, and no variable is read for it to be shown."""
    plan = site.providers.plan(COMMAND, ARGUMENTS)

    assert plan
    assert "\n" not in plan
    assert "s3cr3t-token" not in plan
    assert [] == site.told


async def test_whoever_does_a_command_can_be_looked_at_without_doing_it(site: Site) -> None:
    """They are named, nothing is sent, and no secret is told."""
    who = await site.providers.reach(COMMAND)

    assert who
    assert "s3cr3t-token" not in who
    assert [] == site.told


async def test_whoever_is_silent_is_seen_to_be(
    httpserver: HTTPServer, tmp_path: Path, unused_tcp_port: int
) -> None:
    """An address without a listener, and a program that is not there."""
    service = bound("http", httpserver, tmp_path, [])
    service._variable = lambda _: SecretStr(f"http://127.0.0.1:{unused_tcp_port}/base")
    program = bound("process", httpserver, tmp_path, [])
    gone = Provider.model_validate({"process": {"argv": [str(tmp_path / "gone")]}})
    program._discovery.providers[COMMAND] = gone

    with pytest.raises(Unavailable, match="does not answer"):
        await service.reach(COMMAND)
    with pytest.raises(Rejected, match="no program"):
        await program.reach(COMMAND)


async def test_a_command_that_nobody_does_is_a_fault_of_the_file(site: Site) -> None:
    """Both the plan and the call name the key that is missing."""
    with pytest.raises(ConfigurationInvalid, match="backup create"):
        await site.providers.reach("backup create")
    with pytest.raises(ConfigurationInvalid, match="backup create"):
        site.providers.plan("backup create", {})
    with pytest.raises(ConfigurationInvalid, match="backup create"):
        await site.providers.invoke("backup create", {}, key="k", watch=watch_nothing)


async def test_the_key_goes_along_wherever_somebody_knows_of_keys(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    """As a header of a call, and in the environment of a program."""
    told: list[Any] = []
    service = bound("http", httpserver, tmp_path, told)
    program = bound("process", httpserver, tmp_path, [])

    await service.invoke(COMMAND, ARGUMENTS, key="k7", watch=watch_nothing)
    await program.invoke(COMMAND, ARGUMENTS, key="k8", watch=watch_nothing)

    path, body, headers = told[0]
    assert ("/base/deploy/staging", {"version": "v1.4.0"}) == (path, body)
    assert ("k7", "Bearer s3cr3t-token") == (headers["Idempotency-Key"], headers["Authorization"])
    assert "k8 --version=v1.4.0\n" == (tmp_path / "keys").read_text()


async def test_a_family_is_done_by_its_provider_unless_the_verb_has_its_own(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    """The narrower entry counts."""
    providers = bound("http", httpserver, tmp_path, [])
    providers._discovery.providers["infra"] = Provider.model_validate(
        {"prometheus": {"query": "up"}}
    )

    assert "POST" in providers.plan(COMMAND, ARGUMENTS)
    assert "measure up" == providers.plan("infra rollback", ARGUMENTS)


async def test_a_provider_whose_secret_is_not_there_is_off(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    """It names the variable and never calls."""
    told: list[Any] = []
    providers = bound("http", httpserver, tmp_path, told)
    providers._variable = lambda _: None

    with pytest.raises(Unavailable, match="SERVICE_URL is not set"):
        await providers.invoke(COMMAND, ARGUMENTS, key="k1", watch=watch_nothing)
    assert [] == told
