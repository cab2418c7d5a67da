"""Providers that call an address: services, jobs and whoever is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug import Request, Response

from integrations.providers.call import Call
from integrations.providers.http import HttpProvider
from integrations.providers.notification import NotificationProvider
from tests.unit.integrations.provider_calls import call, variable
from tgk.bindings import HttpBinding, NotificationBinding
from tgk.errors import Missing, Rejected, Unavailable
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

    from tgk.ports.providers import ProviderProgress


def http(server: HTTPServer, **more: Any) -> HttpProvider:
    """Return a provider of one address on loopback."""
    binding = HttpBinding.model_validate({"url": server.url_for("/do"), **more})
    return HttpProvider("/x", binding, clock=FakeClock(flows=True), variable=variable)


async def test_an_answer_says_itself_whether_it_worked(httpserver: HTTPServer) -> None:
    """Where success is one of the outputs, anything but true is a failure."""
    answers: list[Any] = [{"ok": True, "n": 3}, {"ok": False}, {"ok": "true"}, {}]
    output = {"success": "ok", "failed": "n"}

    ends = []
    for answer in answers:
        httpserver.clear()
        httpserver.expect_request("/do").respond_with_json(answer)
        ends.append(await http(httpserver, output=output).invoke(call()))

    assert [True, False, False, False] == [end.success for end in ends]
    assert {"failed": 3} == ends[0].output


async def test_a_call_whose_answer_was_lost_is_repeated_only_where_keys_are_known(
    httpserver: HTTPServer,
) -> None:
    """Otherwise it might happen twice."""
    httpserver.expect_request("/do").respond_with_data(status=503)

    for repeatable, calls in ((False, 1), (True, 3)):
        httpserver.clear_log()
        with pytest.raises(Unavailable):
            await http(httpserver, repeatable=repeatable).invoke(call())
        assert calls == len(httpserver.log)


async def test_statuses_that_mean_done_are_the_binding_s(httpserver: HTTPServer) -> None:
    """A conflict can be fine, and a 200 can be not enough."""
    httpserver.expect_request("/do").respond_with_json({"error": "is there"}, status=409)
    fine = await http(httpserver, success=[201, 409]).invoke(call())
    httpserver.clear()
    httpserver.expect_request("/do").respond_with_json({})
    other = await http(httpserver, success=[201]).invoke(call())

    assert (True, False) == (fine.success, other.success)


async def test_a_redirect_is_not_followed(httpserver: HTTPServer) -> None:
    """Whatever host it names."""
    headers = {"Location": "http://127.0.0.1:1/elsewhere"}
    httpserver.expect_request("/do").respond_with_data(status=302, headers=headers)

    with pytest.raises(Rejected, match="another address"):
        await http(httpserver).invoke(call())


async def test_a_job_is_followed_on_its_own_host_alone(httpserver: HTTPServer) -> None:
    """To its end, showing its notes; an address elsewhere is refused with the token unsent."""
    states = iter(["running", "running", "done"])

    def look(_: Request) -> Response:
        body = {"status": next(states), "note": "half way", "n": 7}
        return Response(json.dumps(body), content_type="application/json")

    receipt = {"status": "queued", "self": "/jobs/1"}
    httpserver.expect_request("/do").respond_with_json(receipt, status=202)
    httpserver.expect_request("/jobs/1").respond_with_handler(look)
    seen: list[ProviderProgress] = []

    async def watch(progress: ProviderProgress) -> None:
        seen.append(progress)

    provider = http(httpserver, follow={"at": "self"}, output={"total": "n"})
    asked = Call(command="test run", arguments={}, key="k1", watch=watch)
    result = await provider.invoke(asked)
    httpserver.expect_oneshot_request("/do").respond_with_json(
        {"status": "queued", "self": "http://127.0.0.1:1/jobs/1"}
    )

    assert {"total": 7} == result.output
    assert ["queued", "half way", "half way"] == [progress.note for progress in seen]
    with pytest.raises(Rejected, match="other hosts are not followed"):
        await provider.invoke(asked)


async def test_a_secret_of_a_header_is_in_no_error(httpserver: HTTPServer) -> None:
    """Even when the other side repeats it."""
    body = {"error": "bad s3cr3t-token"}
    httpserver.expect_request("/do").respond_with_json(body, status=400)

    with pytest.raises(Rejected) as refusal:
        await http(httpserver, headers={"Authorization": "Bearer ${TOKEN}"}).invoke(call())

    assert "s3cr3t" not in str(refusal.value)


def notifying(
    server: HTTPServer, *targets: dict[str, Any]
) -> tuple[NotificationProvider, FakeBoard]:
    """Return a provider that tells these targets; other services answer on loopback."""
    board = FakeBoard()
    url = server.url_for("/events")
    several = [
        {**target, "url": url} if {"pagerduty", "opsgenie"} & target.keys() else target
        for target in targets
    ]
    binding = NotificationBinding.model_validate({"targets": several})
    clock = FakeClock(flows=True)
    made = NotificationProvider("/x", binding, board=board, clock=clock, variable=variable)
    return made, board


async def test_pagers_are_told_in_their_own_words_with_the_key(httpserver: HTTPServer) -> None:
    """A repeated call joins the same incident; no secret is in an address."""
    httpserver.expect_request("/events").respond_with_json({}, status=202)
    provider, _ = notifying(httpserver, {"pagerduty": "${PAGER}"}, {"opsgenie": "${GENIE}"})

    result = await provider.invoke(call("notify team", severity="critical", message="disk full"))

    (page, _), (alert, _) = httpserver.log
    event, note = json.loads(page.data), json.loads(alert.data)
    assert result.success
    assert ("pager-key-1", "k1", "critical", "disk full") == (
        event["routing_key"], event["dedup_key"], event["payload"]["severity"],
        event["payload"]["summary"],
    )  # fmt: skip
    assert ("GenieKey genie-key-1", "k1", "P1") == (
        alert.headers["Authorization"], note["alias"], note["priority"],
    )  # fmt: skip


async def test_a_target_that_cannot_be_told_does_not_silence_the_others(
    httpserver: HTTPServer,
) -> None:
    """It is named, and the whole counts as failed; when nobody heard, it is the error."""
    httpserver.expect_request("/events").respond_with_data(status=500)
    provider, board = notifying(httpserver, {"pagerduty": "${PAGER}"}, {"channel": "#alerts"})
    alone, _ = notifying(httpserver, {"slack": "${UNSET}"})

    result = await provider.invoke(call("notify team", severity="high", message="x"))

    assert (False, ["#alerts"]) == (result.success, result.output["sent"])
    assert ("notify:k1:#alerts",) == board.keys
    with pytest.raises(Unavailable, match="UNSET is not set"):
        await alone.invoke(call("notify team", severity="high"))


async def test_team_and_severity_choose_who_is_told(httpserver: HTTPServer) -> None:
    """A team that nobody named is unknown; one that nobody tells at that severity as well."""
    provider, board = notifying(
        httpserver,
        {"channel": "#alerts", "teams": ["ops"], "severities": ["high"]},
        {"council": True, "teams": ["board"]},
    )

    await provider.invoke(call("notify team", team="ops", severity="high"))

    assert ["#alerts"] == [shown.place.room for shown in board.shows]
    with pytest.raises(Missing, match="board, ops"):
        provider.plan({"team": "opps"})
    with pytest.raises(Missing):
        provider.plan({"team": "ops", "severity": "low"})
