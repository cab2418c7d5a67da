"""Runs, jobs and tags as GitHub tells of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from werkzeug import Request, Response

from integrations.github.pipelines import GitHubPipelines
from tgk.errors import Missing, Rejected
from tgk.ports.pipelines import Job, PipelineRun, RunState, Tag
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_httpserver import HTTPServer

RUN = PipelineRun(
    id=30433642, repository="octo/app", url="https://github.com/octo/app/actions/runs/30433642",
    correlation="corr-1",
)  # fmt: skip
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


def _job(name: str, status: str, conclusion: str | None = None, **more: Any) -> dict[str, Any]:
    job = {
        "id": 399444496, "run_id": 30433642, "node_id": "MDg6Q2hlY2tSdW4zOTk0NDQ0OTY=",
        "head_sha": "f83a356604ae3c5d03e1b46ef4d1ca77d64a90b0", "status": status,
        "conclusion": conclusion, "started_at": "2026-01-15T11:58:00Z",
        "completed_at": "2026-01-15T11:59:30Z" if conclusion else None, "name": name,
        "steps": [{"name": "Set up job", "status": "completed", "conclusion": "success"}],
        "html_url": f"https://github.com/octo/app/actions/runs/30433642/job/{name}",
        "labels": ["ubuntu-latest"], "runner_id": 1, "runner_name": "my runner",
    }  # fmt: skip
    return {**job, **more}


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


def _serve_run(httpserver: HTTPServer, run: dict[str, Any], *jobs: dict[str, Any]) -> None:
    path = "/repos/octo/app/actions/runs/30433642"
    httpserver.expect_request(path).respond_with_json(run)
    page = {"total_count": len(jobs), "jobs": list(jobs)}
    httpserver.expect_request(f"{path}/jobs").respond_with_json(page)


async def test_a_run_is_read_with_its_jobs(httpserver: HTTPServer, github: GitHubPipelines) -> None:
    """Each job has a state, its seconds and a link."""
    _serve_run(
        httpserver,
        _run(status="in_progress"),
        _job("build", "completed", "success"),
        _job("deploy", "in_progress"),
        _job("verify", "queued"),
        _job("notify", "completed", "skipped", started_at="2026-01-15T11:59:31Z"),
    )
    link = "https://github.com/octo/app/actions/runs/30433642/job/"

    state = await github.state(RUN)

    assert state == RunState(
        status="running",
        jobs=(
            Job(name="build", state="done", seconds=90, url=f"{link}build"),
            Job(name="deploy", state="running", seconds=120, url=f"{link}deploy"),
            Job(name="verify", state="waiting", url=f"{link}verify"),
            Job(name="notify", state="skipped", url=f"{link}notify"),
        ),
    )


@pytest.mark.parametrize(
    ("status", "conclusion", "expected"),
    [
        ("queued", None, ("queued", "")),
        ("waiting", None, ("queued", "")),
        ("pending", None, ("queued", "")),
        ("requested", None, ("queued", "")),
        ("in_progress", None, ("running", "")),
        ("completed", "success", ("done", "success")),
        ("completed", "neutral", ("done", "success")),
        ("completed", "failure", ("done", "failure")),
        ("completed", "startup_failure", ("done", "failure")),
        ("completed", "action_required", ("done", "failure")),
        ("completed", None, ("done", "failure")),
        ("completed", "cancelled", ("done", "cancelled")),
        ("completed", "stale", ("done", "cancelled")),
        ("completed", "timed_out", ("done", "timed_out")),
        ("completed", "skipped", ("done", "skipped")),
    ],
)
async def test_every_status_of_a_run_has_a_meaning(
    httpserver: HTTPServer,
    github: GitHubPipelines,
    status: str,
    conclusion: str | None,
    expected: tuple[str, str],
) -> None:
    """What is not known to be good is never a success."""
    _serve_run(httpserver, _run(status=status, conclusion=conclusion))

    state = await github.state(RUN)

    assert (state.status, state.conclusion) == expected


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out", "action_required"])
async def test_a_job_that_did_not_succeed_failed(
    httpserver: HTTPServer, github: GitHubPipelines, conclusion: str
) -> None:
    """A cancelled job is not done."""
    _serve_run(httpserver, _run(), _job("deploy", "completed", conclusion))

    assert [job.state for job in (await github.state(RUN)).jobs] == ["failed"]


async def test_an_unchanged_run_is_not_sent_again(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """The second look carries the ETag, and "not modified" gives the same state."""
    path = "/repos/octo/app/actions/runs/30433642"
    etag = {"ETag": '"abc"'}
    httpserver.expect_oneshot_request(path).respond_with_json(_run(), headers=etag)
    no_jobs: dict[str, Any] = {"jobs": []}
    httpserver.expect_oneshot_request(f"{path}/jobs").respond_with_json(no_jobs, headers=etag)
    same = {"If-None-Match": '"abc"'}
    for place in (path, f"{path}/jobs"):
        httpserver.expect_request(place, headers=same).respond_with_data(status=304)

    assert await github.state(RUN) == await github.state(RUN)
    assert len(httpserver.log) == 4


async def test_a_run_that_was_deleted_is_missing(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """The run is named."""
    path = "/repos/octo/app/actions/runs/30433642"
    httpserver.expect_request(path).respond_with_json(_said("Not Found", "404"), status=404)

    with pytest.raises(Missing, match="30433642"):
        await github.state(RUN)


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", '{"id": 1}', json.dumps(_run(html_url="javascript:alert(1)"))]
)
async def test_garbage_is_rejected(
    httpserver: HTTPServer, github: GitHubPipelines, body: str
) -> None:
    """What is not a run is never taken for one, and a link is a web address."""
    httpserver.expect_request("/repos/octo/app/actions/runs/30433642").respond_with_data(body)

    with pytest.raises(Rejected):
        await github.state(RUN)


async def test_a_failing_read_is_tried_again(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """A single bad gateway is not seen by anybody."""
    path = "/repos/octo/app/actions/runs/30433642"
    httpserver.expect_oneshot_request(path).respond_with_data("", status=502)
    _serve_run(httpserver, _run())

    assert (await github.state(RUN)).status == "queued"


def _tag(name: str) -> dict[str, Any]:
    sha = "c5b97d5ae6c19d5c5df71a34c7fbeeda2479ccbc"
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"https://api.github.com/repos/octo/app/commits/{sha}"},
        "zipball_url": f"https://github.com/octo/app/zipball/{name}",
        "tarball_url": f"https://github.com/octo/app/tarball/{name}",
        "node_id": "MDQ6VXNlcjE=",
    }


async def test_tags_come_newest_first(httpserver: HTTPServer, github: GitHubPipelines) -> None:
    """Versions count as numbers, a candidate stands before its release, other tags come last."""
    names = ["nightly", "v1.9.0", "v1.10.0-rc.2", "v1.10.0", "v1.10.0-rc.10", "2.0", "latest"]
    tags = [_tag(name) for name in names]
    httpserver.expect_request("/repos/octo/app/tags").respond_with_json(tags)

    found = await github.tags("octo/app")

    order = ["2.0", "v1.10.0", "v1.10.0-rc.10", "v1.10.0-rc.2", "v1.9.0", "nightly", "latest"]
    assert [tag.name for tag in found] == order
    assert found[0] == Tag(name="2.0", sha="c5b97d5ae6c19d5c5df71a34c7fbeeda2479ccbc")


async def test_tags_are_remembered_for_a_minute(
    httpserver: HTTPServer, github: GitHubPipelines, clock: FakeClock
) -> None:
    """Completion at every keystroke costs one request a minute."""
    tags = [_tag("v1.0.0")]
    httpserver.expect_request("/repos/octo/app/tags").respond_with_json(tags)

    await github.tags("octo/app")
    await clock.sleep(59)
    await github.tags("octo/app")
    assert len(httpserver.log) == 1

    await clock.sleep(1)
    await github.tags("octo/app")
    assert len(httpserver.log) == 2


async def test_the_newest_of_many_tags_are_kept(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """Three pages are read at most, and a hundred tags returned."""

    def page(request: Request) -> Response:
        first = (int(request.args["page"]) - 1) * 100
        tags = [_tag(f"v1.{number}.0") for number in range(first, first + 100)]
        return Response(json.dumps(tags), content_type="application/json")

    httpserver.expect_request("/repos/octo/app/tags").respond_with_handler(page)

    found = await github.tags("octo/app")

    assert (len(found), found[0].name, found[-1].name) == (100, "v1.299.0", "v1.200.0")
    assert len(httpserver.log) == 3


async def test_an_unknown_repository_is_missing(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """And a failed read is not remembered."""
    path = "/repos/octo/app/tags"
    refusal = _said("Not Found", "404")
    httpserver.expect_oneshot_request(path).respond_with_json(refusal, status=404)
    httpserver.expect_request(path).respond_with_json([_tag("v1.0.0")])

    with pytest.raises(Missing, match="octo/app"):
        await github.tags("octo/app")
    assert len(await github.tags("octo/app")) == 1


async def test_a_wrong_token_is_named_when_reading(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """The variable to renew stands in the message, the token does not."""
    refusal = _said("Bad credentials ghp_secret", "401")
    httpserver.expect_request("/repos/octo/app/tags").respond_with_json(refusal, status=401)

    with pytest.raises(Rejected, match="Renew GITHUB_TOKEN") as refused:
        await github.tags("octo/app")
    assert "ghp_secret" not in str(refused.value)


async def test_what_is_remembered_is_bounded(
    httpserver: HTTPServer, github: GitHubPipelines
) -> None:
    """The repository asked for longest ago is forgotten first, and read again."""

    def tags(_: Request) -> Response:
        return Response(json.dumps([_tag("v1.0.0")]), headers={"ETag": '"abc"'})

    httpserver.expect_request(re.compile("/repos/octo/.*")).respond_with_handler(tags)

    for number in range(65):
        await github.tags(f"octo/app-{number}")
    await github.tags("octo/app-64")
    assert len(httpserver.log) == 65

    await github.tags("octo/app-0")
    assert len(httpserver.log) == 66
    assert "If-None-Match" not in httpserver.log[-1][0].headers
