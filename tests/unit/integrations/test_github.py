"""Starting workflows of GitHub Actions, against a server that answers as GitHub's pages say."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations.github.pipelines import GitHubPipelines
from integrations.http import Patience
from tgk.discovery import Pipeline
from tgk.errors import Missing, Rejected, TgkError, Unavailable
from tgk.ports.pipelines import PipelineRun
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PIPELINE = Pipeline(repository="octo/app", workflow="deploy.yml", ref="main")
RUNS = "/repos/octo/app/actions/workflows/deploy.yml/runs"
DISPATCHES = "/repos/octo/app/actions/workflows/deploy.yml/dispatches"
RUN = PipelineRun(
    id=30433642, repository="octo/app", url="https://github.com/octo/app/actions/runs/30433642",
    correlation="corr-1",
)  # fmt: skip
INPUTS = {"environment": "staging", "tag": "v1.2.3"}
DETAILS = {
    "workflow_run_id": 30433642,
    "run_url": "https://api.github.com/repos/octo/app/actions/runs/30433642",
    "html_url": "https://github.com/octo/app/actions/runs/30433642",
}
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def _run(number: int = 30433642, title: str = "Deploy corr-1", **more: Any) -> dict[str, Any]:
    run = {
        "id": number, "name": "Deploy", "node_id": "MDEyOldvcmtmbG93IFJ1bjI2OTI4OQ==",
        "check_suite_id": 42, "head_branch": "main", "head_sha": "acb5820ced9479c074f688cc328bf03",
        "path": ".github/workflows/deploy.yml@main", "run_number": 562, "run_attempt": 1,
        "event": "workflow_dispatch", "display_title": title, "status": "queued",
        "conclusion": None, "workflow_id": 159038, "pull_requests": [],
        "url": f"https://api.github.com/repos/octo/app/actions/runs/{number}",
        "html_url": f"https://github.com/octo/app/actions/runs/{number}",
        "created_at": "2026-01-15T12:00:01Z", "updated_at": "2026-01-15T12:00:09Z",
        "run_started_at": "2026-01-15T12:00:01Z", "repository": {"id": 1296269, "name": "app"},
        "actor": {"login": "octocat", "id": 1}, "head_commit": None,
    }  # fmt: skip
    return {**run, **more}


def _page(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"total_count": len(runs), "workflow_runs": list(runs)}


def _said(message: str, status: str) -> dict[str, str]:
    return {
        "message": message,
        "documentation_url": "https://docs.github.com/rest/actions/workflows",
        "status": status,
    }


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock whose sleeps take no time."""
    return FakeClock(NOW, flows=True)


@pytest.fixture
async def github(httpserver: HTTPServer, clock: FakeClock) -> AsyncIterator[GitHubPipelines]:
    """Connect to the local server."""
    async with GitHubPipelines(
        token=SecretStr("ghp_secret"), clock=clock, base_url=httpserver.url_for("")
    ) as pipelines:
        yield pipelines


def _posted(httpserver: HTTPServer) -> list[dict[str, Any]]:
    return [json.loads(request.data) for request, _ in httpserver.log if request.method == "POST"]


def _asked(httpserver: HTTPServer) -> list[str]:
    return [f"{request.method} {request.path}" for request, _ in httpserver.log]


async def test_a_dispatch_returns_the_run_that_the_server_names(
    httpserver: HTTPServer, github: GitHubPipelines, clock: FakeClock
) -> None:
    """One request starts it; nothing is searched for afterwards."""
    httpserver.expect_request(RUNS).respond_with_json(_page(_run(1, "Deploy corr-0")))
    httpserver.expect_request(DISPATCHES, method="POST").respond_with_json(DETAILS)

    run = await github.dispatch(PIPELINE, INPUTS, "corr-1")

    assert run == RUN
    inputs = {**INPUTS, "correlation_id": "corr-1"}
    assert _posted(httpserver) == [{"ref": "main", "inputs": inputs, "return_run_details": True}]
    assert clock.slept == []
    headers = httpserver.log[0][0].headers
    assert headers["Authorization"] == "Bearer ghp_secret"
    assert headers["Accept"] == "application/vnd.github+json"


async def test_a_repeated_dispatch_finds_the_run_and_starts_no_second(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """After a kill the same correlation leads to the same run; similar names do not count."""
    runs = _page(_run(3, "Deploy corr-12"), _run(4, "Deploy xcorr-1"), _run(title="By (corr-1)"))
    httpserver.expect_request(RUNS).respond_with_json(runs)

    assert await github.dispatch(PIPELINE, INPUTS, "corr-1") == RUN
    assert _asked(httpserver) == [f"GET {RUNS}"]


async def test_an_older_server_is_asked_until_the_run_appears(
    httpserver: HTTPServer, github: GitHubPipelines, clock: FakeClock
) -> None:
    """Without details the run is found by its title among those created since."""
    for answer in (_page(), _page(_run(7, "Deploy corr-0")), _page(_run(7, "x"), _run())):
        httpserver.expect_ordered_request(RUNS, method="GET").respond_with_json(answer)
        if not answer["workflow_runs"]:
            httpserver.expect_ordered_request(DISPATCHES).respond_with_data(status=204)

    assert await github.dispatch(PIPELINE, INPUTS, "corr-1") == RUN
    assert clock.slept == [1.0, 1.5]
    assert httpserver.log[-1][0].args["created"] == ">=2026-01-15T11:55:00Z"
    httpserver.check_assertions()


async def test_a_server_that_refuses_to_give_details_is_asked_without(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """An enterprise server of last year works too."""
    httpserver.expect_ordered_request(RUNS).respond_with_json(_page())
    refusal = _said('"return_run_details" is not a permitted key.', "422")
    httpserver.expect_ordered_request(DISPATCHES).respond_with_json(refusal, status=422)
    httpserver.expect_ordered_request(DISPATCHES).respond_with_data(status=204)
    httpserver.expect_ordered_request(RUNS).respond_with_json(_page(_run()))

    assert await github.dispatch(PIPELINE, INPUTS, "corr-1") == RUN
    assert "return_run_details" not in _posted(httpserver)[1]


async def test_an_older_server_explains_its_refusals_too(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """The second attempt without details is judged like the first."""
    httpserver.expect_request(RUNS).respond_with_json(_page())
    refusal = _said('"return_run_details" is not a permitted key.', "422")
    httpserver.expect_oneshot_request(DISPATCHES).respond_with_json(refusal, status=422)
    no_branch = _said("No ref found for: main", "422")
    httpserver.expect_request(DISPATCHES).respond_with_json(no_branch, status=422)

    with pytest.raises(Rejected, match=r"mend deploy\.ref"):
        await github.dispatch(PIPELINE, INPUTS, "corr-1")


async def test_a_started_run_without_our_name_is_said_to_be_so(
    httpserver: HTTPServer, github: GitHubPipelines, clock: FakeClock
) -> None:
    """Another run is never taken for ours; the operator reads what the workflow lacks."""
    httpserver.expect_oneshot_request(RUNS).respond_with_json(_page(_run(5, "before")))
    httpserver.expect_request(RUNS).respond_with_json(_page(_run(6, "Deploy"), _run(5, "before")))
    httpserver.expect_request(DISPATCHES).respond_with_data(status=204)

    with pytest.raises(Rejected, match=r"run-name") as refusal:
        await github.dispatch(PIPELINE, INPUTS, "corr-1")

    assert "${{ inputs.correlation_id }}" in refusal.value.remedy
    assert 30 <= sum(clock.slept) <= 36


async def test_a_run_that_never_appears_is_an_outage(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """The search has a bound, and the message says where to look."""
    httpserver.expect_request(RUNS).respond_with_json(_page())
    httpserver.expect_request(DISPATCHES).respond_with_data(status=204)

    with pytest.raises(Unavailable, match="did not appear within 30 s"):
        await github.dispatch(PIPELINE, INPUTS, "corr-1")


@pytest.mark.parametrize("answer", ["not json", "[]", '{"workflow_run_id": "x"}', "\x00"])
async def test_details_that_cannot_be_read_do_not_lose_the_run(
    httpserver: HTTPServer, github: GitHubPipelines, answer: str
) -> None:
    """It was started: it is looked for instead of reported as failed."""
    httpserver.expect_oneshot_request(RUNS).respond_with_json(_page())
    httpserver.expect_request(RUNS).respond_with_json(_page(_run()))
    httpserver.expect_request(DISPATCHES).respond_with_data(answer, status=200)

    assert await github.dispatch(PIPELINE, INPUTS, "corr-1") == RUN


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_dispatch_that_failed_midway_is_traced(
    httpserver: HTTPServer, github: GitHubPipelines, status: int
) -> None:
    """A gateway's error may come after the run was started: it is found, not started again."""
    httpserver.expect_oneshot_request(RUNS).respond_with_json(_page())
    httpserver.expect_oneshot_request(RUNS).respond_with_json(_page())
    httpserver.expect_request(RUNS).respond_with_json(_page(_run()))
    httpserver.expect_request(DISPATCHES).respond_with_data("<html>", status=status)

    assert await github.dispatch(PIPELINE, INPUTS, "corr-1") == RUN
    assert len(_posted(httpserver)) == 1


async def test_a_dispatch_that_left_no_trace_is_an_outage(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """It is sent once, and the caller decides about another try."""
    httpserver.expect_request(RUNS).respond_with_json(_page())
    httpserver.expect_request(DISPATCHES).respond_with_data("", status=502)

    with pytest.raises(Unavailable, match="502"):
        await github.dispatch(PIPELINE, INPUTS, "corr-1")
    assert len(_posted(httpserver)) == 1


async def test_a_dispatch_is_an_outage_when_its_trace_cannot_be_read(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """The error of the dispatch itself is what the operator reads."""
    httpserver.expect_oneshot_request(RUNS).respond_with_json(_page())
    httpserver.expect_request(RUNS).respond_with_data("", status=401)
    httpserver.expect_request(DISPATCHES).respond_with_data("", status=502)

    with pytest.raises(Unavailable, match="502"):
        await github.dispatch(PIPELINE, INPUTS, "corr-1")


async def test_a_dispatch_without_an_answer_in_time_is_traced(clock: FakeClock) -> None:
    """A slow answer is not waited for longer than the bound, and the run is found."""
    release = threading.Event()

    def slow(_: Request) -> Response:
        release.wait(5)
        return Response(status=204)

    with HTTPServer(threaded=True) as server:
        server.expect_oneshot_request(RUNS).respond_with_json(_page())
        server.expect_request(RUNS).respond_with_json(_page(_run()))
        server.expect_request(DISPATCHES).respond_with_handler(slow)
        async with GitHubPipelines(
            token=SecretStr("t"),
            clock=clock,
            base_url=server.url_for(""),
            patience=Patience(timeout=0.5),
        ) as github:
            found = await github.dispatch(PIPELINE, INPUTS, "corr-1")
        release.set()

    assert found == RUN


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (422, "No ref found for: main", "mend deploy.ref in discovery.yml"),
        (422, 'Unexpected inputs provided: ["correlation_id"]', "correlation_id under on.workflow"),
        (422, "Required input 'region' not provided", "Give that input a default"),
        (
            422,
            "Provided value 'staging' for input 'environment' not in the list of allowed values",
            "choices of that input",
        ),
        (422, "Workflow does not have 'workflow_dispatch' trigger", "Add on.workflow_dispatch"),
        (422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow", "Enable deploy.yml"),
        (422, "Validation Failed", ""),
        (401, "Bad credentials", "Renew GITHUB_TOKEN"),
        (403, "Resource not accessible by personal access token", "Actions: read and write"),
        (409, "Repository was archived so is read-only.", "may be archived"),
    ],
)
async def test_a_refused_dispatch_says_what_to_mend(
    httpserver: HTTPServer, github: GitHubPipelines, status: int, message: str, remedy: str
) -> None:
    """Each refusal that GitHub documents comes with the line to change; nothing is repeated."""
    httpserver.expect_request(RUNS).respond_with_json(_page())
    refusal = _said(message, str(status))
    httpserver.expect_request(DISPATCHES).respond_with_json(refusal, status=status)

    with pytest.raises(Rejected) as refused:
        await github.dispatch(PIPELINE, INPUTS, "corr-1")

    assert refused.value.status == status
    assert remedy in refused.value.remedy
    assert "ghp_secret" not in str(refused.value)
    assert len(_posted(httpserver)) == 1


SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes."
SPENT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 90)}


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        ((429, {"Retry-After": "17"}, "slow down"), 17),
        ((403, {"Retry-After": "60"}, SECONDARY), 60),
        ((403, {}, SECONDARY), 60),
        ((403, SPENT, "API rate limit exceeded for user ID 1."), 90),
    ],
)
async def test_a_limit_names_the_time_to_wait(
    httpserver: HTTPServer,
    github: GitHubPipelines,
    answer: tuple[int, dict[str, str], str],
    wait: float,
) -> None:
    """Both kinds of limits are waits and not refusals; a dispatch under one was not done."""
    status, headers, message = answer
    httpserver.expect_request(RUNS).respond_with_json(_page())
    said = _said(message, str(status))
    httpserver.expect_request(DISPATCHES).respond_with_json(said, status=status, headers=headers)

    with pytest.raises(Unavailable) as limited:
        await github.dispatch(PIPELINE, INPUTS, "corr-1")

    assert limited.value.retry_after == pytest.approx(wait, abs=1)
    assert _asked(httpserver) == [f"GET {RUNS}", f"POST {DISPATCHES}"]


async def test_a_workflow_that_github_does_not_show_is_missing(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """A wrong name and a token that may not see it look the same: both are named."""
    httpserver.expect_request(RUNS).respond_with_json(_said("Not Found", "404"), status=404)

    with pytest.raises(Missing, match=r"octo/app/deploy.yml") as missing:
        await github.dispatch(PIPELINE, INPUTS, "corr-1")
    assert "GITHUB_TOKEN" in missing.value.remedy


async def test_a_workflow_that_vanishes_before_the_dispatch_is_missing(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """The same error at the second step."""
    httpserver.expect_request(RUNS).respond_with_json(_page())
    httpserver.expect_request(DISPATCHES).respond_with_json(_said("Not Found", "404"), status=404)

    with pytest.raises(Missing):
        await github.dispatch(PIPELINE, INPUTS, "corr-1")


async def test_names_cannot_leave_their_place_in_the_address(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """A workflow named to climb stays one segment."""
    httpserver.expect_request("/").respond_with_json({})
    climbing = PIPELINE.model_copy(update={"workflow": "../../../../user?x=y.yml"})

    with pytest.raises(TgkError):
        await github.dispatch(climbing, INPUTS, "corr-1")
    sent = httpserver.log[0][0].environ["RAW_URI"]
    assert sent.startswith("/repos/octo/app/actions/workflows/..%2F..%2F..%2F..%2Fuser%3Fx%3Dy")
