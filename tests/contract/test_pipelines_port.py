"""What every build system promises."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from werkzeug import Request, Response

from integrations.github.pipelines import GitHubPipelines
from tgk.discovery import Pipeline
from tgk.errors import Missing
from tgk.ports.pipelines import PipelineRun
from tgk.testing.clock import FakeClock
from tgk.testing.pipelines import FakePipelines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_httpserver import HTTPServer

    from tgk.ports.pipelines import Pipelines

PIPELINE = Pipeline(repository="octo/app", workflow="deploy.yml")
INPUTS = {"environment": "staging", "tag": "v1.2.3"}


class _Actions:
    """As much of GitHub as a deployment touches; a run ends at its third look."""

    def __init__(self, *, tells: bool) -> None:
        self._tells = tells
        self._runs: list[dict[str, Any]] = []
        self._looks = 0

    def answer(self, request: Request) -> Response:
        """Answer any request below one repository."""
        if not request.path.startswith("/repos/octo/app/"):
            return Response(status=404)
        if request.path.endswith("/dispatches"):
            return self._start(json.loads(request.data))
        body: Any = {"workflow_runs": self._runs[::-1], "jobs": []}
        if request.path.endswith("/tags"):
            body = [{"name": name, "commit": {"sha": "c5b97d5"}} for name in ("v1.2.3", "v1.10.0")]
        elif request.path.rsplit("/", 1)[1].isdigit():
            return self._look(int(request.path.rsplit("/", 1)[1]))
        return Response(json.dumps(body), content_type="application/json")

    def _start(self, body: dict[str, Any]) -> Response:
        number = 1001 + len(self._runs)
        url = f"https://github.com/octo/app/actions/runs/{number}"
        title = f"Deploy {body['inputs']['correlation_id']}"
        self._runs.append(
            {
                "id": number, "html_url": url, "display_title": title, "status": "queued",
                "conclusion": None, "created_at": "2026-01-15T12:00:01Z",
            }
        )  # fmt: skip
        if not self._tells:
            return Response(status=204)
        details = {"workflow_run_id": number, "run_url": url, "html_url": url}
        return Response(json.dumps(details), content_type="application/json")

    def _look(self, number: int) -> Response:
        known = [run for run in self._runs if run["id"] == number]
        if not known:
            return Response(status=404)
        self._looks += 1
        status = ("queued", "in_progress", "completed")[min(self._looks, 3) - 1]
        conclusion = "success" if status == "completed" else None
        run = {**known[0], "status": status, "conclusion": conclusion}
        return Response(json.dumps(run), content_type="application/json")


@pytest.fixture(params=["fake", "github", "older github"])
async def pipelines(
    request: pytest.FixtureRequest, httpserver: HTTPServer
) -> AsyncIterator[Pipelines]:
    """Give each implementation in turn, with the tags v1.10.0 and v1.2.3 in octo/app."""
    if request.param == "fake":
        yield FakePipelines(tags=["v1.10.0", "v1.2.3"], known=["octo/app"])
        return
    actions = _Actions(tells=request.param == "github")
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(actions.answer)
    async with GitHubPipelines(
        token=SecretStr("t"), clock=FakeClock(flows=True), base_url=httpserver.url_for("")
    ) as real:
        yield real


async def test_a_dispatch_is_safe_to_repeat(pipelines: Pipelines) -> None:
    """The same correlation gives the same run, another one another run."""
    first = await pipelines.dispatch(PIPELINE, INPUTS, "corr-1")

    assert await pipelines.dispatch(PIPELINE, INPUTS, "corr-1") == first
    assert (await pipelines.dispatch(PIPELINE, INPUTS, "corr-2")).id != first.id
    assert (first.repository, first.correlation) == ("octo/app", "corr-1")
    assert first.url == f"https://github.com/octo/app/actions/runs/{first.id}"


async def test_a_run_goes_from_queued_to_done(pipelines: Pipelines) -> None:
    """A run has a conclusion once it is done, and not before."""
    run = await pipelines.dispatch(PIPELINE, INPUTS, "corr-1")

    states = [await pipelines.state(run) for _ in range(4)]

    assert [state.status for state in states] == ["queued", "running", "done", "done"]
    assert [state.conclusion for state in states] == ["", "", "success", "success"]


async def test_tags_are_given_newest_first(pipelines: Pipelines) -> None:
    """The first one is what people mean by the newest."""
    assert [tag.name for tag in await pipelines.tags("octo/app")] == ["v1.10.0", "v1.2.3"]


async def test_what_does_not_exist_is_missing(pipelines: Pipelines) -> None:
    """Repository, workflow and run are named when they are unknown."""
    elsewhere = PIPELINE.model_copy(update={"repository": "octo/none"})
    nobody = PipelineRun(id=7, repository="octo/app", url="https://x", correlation="corr-9")

    with pytest.raises(Missing, match="octo/none"):
        await pipelines.tags("octo/none")
    with pytest.raises(Missing, match="octo/none"):
        await pipelines.dispatch(elsewhere, INPUTS, "corr-1")
    with pytest.raises(Missing, match="7"):
        await pipelines.state(nobody)
