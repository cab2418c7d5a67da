"""What docs/triggers.md tells senders to type is what the doors take."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import yaml

from tests.gateway.conftest import SECRET
from tests.gateway.test_triggers import allowed

if TYPE_CHECKING:
    import httpx

    from tests.gateway.conftest import Gate

TEXT = (Path(__file__).parents[2] / "docs/triggers.md").read_text()
EVENT, HOOK = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
SCAN = """
name: scan
parameters: {score: 0}
triggers:
  - type: event
    source: security
    event: advisory-published
    parameters: {score: "${event.data.score}"}
steps: [{command: /status}]
"""
RELEASE = """
name: release
parameters:
  - {name: version, required: true}
  - {name: environment, type: environment}
triggers: [{type: webhook, parameters: {environment: staging}}]
steps: [{command: "/status ${version}"}]
"""


@pytest.fixture(autouse=True)
def tools() -> None:
    """What the examples are typed with."""
    for program in ("bash", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


async def typed(client: httpx.AsyncClient, script: str) -> httpx.Response:
    """Type an example; what it gives to curl is sent here."""
    variables = {"TGK_EVENT_SECRET": SECRET, "TGK_HOOK_SECRET": SECRET, "PATH": "/usr/bin:/bin"}
    shown = "curl() { printf '%s\\0' \"$@\"; }\n" + script
    told = subprocess.run(["bash", "-c", shown], env=variables, capture_output=True, check=True)  # noqa: ASYNC221 - takes no time
    words = told.stdout.decode().split("\0")[:-1]
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1]
    return await client.post(urlsplit(words[-1]).path, content=body, headers=headers)


async def test_the_event_of_the_documentation_is_taken(gate: Gate) -> None:
    """Signed as it says there."""
    allowed(gate, SCAN)
    async with gate.open() as client:
        answer = await typed(client, EVENT)

    assert answer.status_code == 202, answer.text
    assert {"score": "9"} == dict(gate.world.runs.requests[0].parameters)


async def test_the_call_of_the_documentation_is_taken_once(gate: Gate) -> None:
    """Typed twice, it is one run."""
    allowed(gate, RELEASE)
    async with gate.open() as client:
        answers = [await typed(client, HOOK) for _ in "ab"]

    assert [202, 200] == [answer.status_code for answer in answers]
    assert {"version": "v1.4.0"} == dict(gate.world.runs.requests[0].parameters)


def test_the_files_of_the_documentation_can_be_read() -> None:
    """Every block of YAML is YAML."""
    blocks = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    read = [yaml.safe_load(textwrap.dedent(block)) for block in blocks]

    assert len(read) >= 6
    assert all(isinstance(each, dict) for each in read)
