"""A secret that a hostile host repeats in every way it can is in nothing that anybody reads."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from loguru import logger
from werkzeug import Request, Response

from commands.orchestrate.card import card
from commands.orchestrate.log import log_of
from integrations.outward import OutwardSteps
from orchestration.runs.picture import gantt, graph, mermaid
from orchestration.runs.tracing import trace
from tests.unit.runs.runs_world import world
from tests.unit.runs.test_run_outward import SECRET, Keeper, files
from tgk.discovery import OutsideSteps
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from tgk.ports.runs import RunView

CODED = [SECRET, quote(SECRET, safe=""), b64encode(SECRET.encode()).decode().rstrip("=")]
SAID = " | ".join([f"Bearer {SECRET}", *CODED])
ECHOES: dict[str, Callable[[], Response]] = {
    "as-data": lambda: Response(json.dumps({"said": [SAID, {SAID: 1}]}), 200, mimetype="text/json"),
    "as-text": lambda: Response(SAID, 200),
    "at-the-edge-of-what-is-kept": lambda: Response("x" * (16_000 - 12) + SECRET, 200),
    "as-a-refusal": lambda: Response(json.dumps({"message": SAID}), 422),
    "as-a-fault": lambda: Response(SAID, 500),
    "as-a-redirect": lambda: Response("", 302, headers={"Location": f"http://x/{quote(SAID)}"}),
    "as-a-limit": lambda: Response(SAID, 429, headers={"Retry-After": "1", "X-Said": SAID}),
    "as-what-is-no-json": lambda: Response("{" + SAID, 200, mimetype="application/json"),
    "as-a-coding": lambda: Response(SAID, 200, headers={"Content-Encoding": "gzip"}),
    "as-a-header": lambda: Response("", 401, headers={"WWW-Authenticate": SAID}),
}
TEXT = """
name: story
secrets: [{{name: token, source: environment, variable: HOOK_TOKEN}}]
steps:
  - name: call
    retry: {{max: 1, delay: 1}}
    http:
      method: POST
      url: {address}
      headers: {{Authorization: "Bearer ${{token}}", X-Other: "${{token}}"}}
      body: '{{"token": "${{token}}"}}'
    on_failure: ["/mark ${{error.message}}"]
  - {{name: after, command: '/mark got --value "${{call.output.body}}"'}}
outputs: {{said: "${{call.output.body}}"}}
"""


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Everything that is logged, causes included, as a mechanic reads it and as JSON."""
    lines: list[str] = []
    plain = logger.add(lines.append, level=0, format="{message} {extra}\n{exception}",
                       diagnose=False)  # fmt: skip
    structured = logger.add(lines.append, level=0, serialize=True, diagnose=False)
    yield lines
    logger.remove(plain)
    logger.remove(structured)


def shown(view: RunView) -> Iterator[str]:
    """Yield every form in which a run is shown, exported and drawn."""
    now = view.ended or view.asked
    yield view.model_dump_json()
    yield card(view, now, detailed=True).model_dump_json()
    yield "\n".join(log_of(view))
    yield json.dumps(trace(view, now=now))
    yield mermaid(view)
    for picture in (graph(view, now=now), gantt(view, earlier=(view,), now=now)):
        yield picture.svg + picture.alt


async def test_what_a_host_repeats_shows_no_secret_anywhere(
    tmp_path: Path, httpserver: HTTPServer, said: list[str]
) -> None:
    """Views, cards, logs, traces, pictures, records, files: with its output shown in full."""
    got: list[Request] = []

    def answer(request: Request) -> Response:
        got.append(request)
        return ECHOES[request.path.removeprefix("/")]()

    httpserver.expect_request(re.compile("/.*")).respond_with_handler(answer)
    origin = httpserver.url_for("").rstrip("/")
    made: Any = world(tmp_path)
    made.allowed = OutsideSteps(hosts=(origin,))
    made.outward, made.secrets = OutwardSteps(FakeClock(flows=True)), Keeper()
    everything: list[str] = []
    async with made.open():
        for how in ECHOES:
            text = TEXT.format(address=f"{origin}/{how}")
            everything += shown(await made.play(text, debug=True, verbose=True))
        everything += [*said, *files(tmp_path)]
        everything += [repr(made.journal.intents), repr(made.journal.conclusions)]

    assert {each.path.removeprefix("/") for each in got} == set(ECHOES)
    assert {each.headers["Authorization"] for each in got} == {f"Bearer {SECRET}"}
    assert [each[:300] for each in everything if any(form in each for form in CODED)] == []
    assert [each[:300] for each in everything if SECRET[:12] in each] == []
