"""Traces through the assembled core: an endpoint in the environment is all that it takes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from bot.runtime.assemble import assembled
from bot.runtime.settings import read_settings
from tests.conftest import ROOT, load_shipped_discovery
from tgk.context import Invocation
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from bot.runtime.core import Core
    from tgk.outcome import Outcome

PLAYBOOK = """
name: sums
steps:
  - {name: compute, set: {two: "${1 + 1}"}}
  - {name: check, assert: "compute.output.two == 2"}
"""


async def played(core: Core) -> Outcome:
    """Run the playbook as an administrator at the terminal."""
    caller = core.policy.directory.resolve("cli", "alex", name="alex", channel="terminal")
    raw = {"playbook": "sums"}
    return await core.dispatcher.run(
        Invocation(name="orchestrate run", raw=raw, caller=caller, delivery="cli:1", door="cli")
    )


def spans(server: HTTPServer) -> list[dict[str, Any]]:
    """Return every span that arrived."""
    bodies = [json.loads(request.get_data()) for request, _ in server.log]
    return [
        span
        for body in bodies
        for resource in body["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def environment(state: Path, endpoint: str, **more: str) -> dict[str, str]:
    """Return an environment without any token."""
    (state / "playbooks").mkdir(parents=True)
    (state / "playbooks" / "sums.yml").write_text(PLAYBOOK)
    return {"TGK_STATE": str(state), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **more}


async def test_a_run_arrives_at_the_endpoint_of_the_environment(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    """Every step and the run itself, as one trace, while the process goes on."""
    httpserver.expect_request("/v1/traces", method="POST").respond_with_data("{}")
    given = environment(tmp_path / "state", httpserver.url_for(""))
    async with assembled(read_settings(given), load_shipped_discovery(), ROOT) as core:
        await core.engine.start(core.dispatcher.perform)
        outcome = await played(core)
        async with asyncio.timeout(15):
            while len(spans(httpserver)) < 3:
                await asyncio.sleep(0.02)

    assert outcome.result == "success"
    assert {"sums", "compute", "check"} == {span["name"] for span in spans(httpserver)}
    assert 1 == len({span["traceId"] for span in spans(httpserver)})


async def test_a_backend_that_is_not_there_changes_nothing_about_a_run(tmp_path: Path) -> None:
    """It succeeds, and the process ends in good order."""
    given = environment(tmp_path / "state", "http://127.0.0.1:9")
    async with assembled(read_settings(given), load_shipped_discovery(), ROOT) as core:
        await core.engine.start(core.dispatcher.perform)
        outcome = await played(core)

    assert outcome.result == "success"


async def test_headers_that_are_none_keep_the_process_from_starting(tmp_path: Path) -> None:
    """With the variable's name, and without what stands in it."""
    endpoint = "http://127.0.0.1:4318"
    given = environment(tmp_path / "state", endpoint, OTEL_EXPORTER_OTLP_HEADERS="s3cret")
    with pytest.raises(ConfigurationInvalid, match="OTEL_EXPORTER_OTLP_HEADERS") as refused:
        async with assembled(read_settings(given), load_shipped_discovery(), ROOT):
            pass

    assert "s3cret" not in str(refused.value)
