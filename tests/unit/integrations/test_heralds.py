"""Slack, Jira and Datadog against a real server: told, told again, and never in a run's way."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import pytest
from loguru import logger
from pydantic import SecretStr
from werkzeug import Request, Response

from integrations.heralds.datadog import DatadogHerald
from integrations.heralds.jira import JiraHerald
from integrations.heralds.slack import SlackHerald
from integrations.secrets import SecretSources
from orchestration.playbook.declarations import SETTINGS
from orchestration.playbook.load import load
from orchestration.runs.heralds import Heralds
from tests.unit.runs.run_stories import at, run, step
from tests.unit.runs.runs_world import world
from tgk.errors import Rejected, Unavailable
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_httpserver import HTTPServer

    from orchestration.playbook.model import Integration, Playbook, RunEvent
    from tgk.ports.runs import RunView

SECRET = "T0P/s3cret-of-the-hook"
TOKEN = "t0ken-of-jira-or-datadog"


class System:
    """An outside system that keeps what it gets, and answers as told."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.answers: list[Response] = []
        self.requests: list[Request] = []
        self.held = threading.Event()
        self.held.set()
        server.expect_request(re.compile("/.*")).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        self.held.wait(5)
        return self.answers.pop(0) if self.answers else Response("{}", 200)

    def bodies(self) -> list[Any]:
        """Return what was posted, in order."""
        return [json.loads(request.get_data()) for request in self.requests]


@pytest.fixture
def system(httpserver: HTTPServer) -> System:
    """A system on loopback."""
    return System(httpserver)


def failed(**more: Any) -> RunView:
    """Return a run that failed at its second step."""
    steps = (
        step("build", "succeeded", 0, 3),
        step("ship", "failed", 3, 4, note="quota <exceeded>"),
    )
    facts = {"mark": "k7x2mqpa4z", "ended": at(7), "reason": "ship: quota <exceeded>", **more}
    return run(steps, "failed", **facts)


def book(text: str) -> tuple[Playbook, Integration]:
    """Return a playbook with one integration, and that."""
    head = "name: p\nsteps: [{command: /status}]\n"
    found = load(f"{head}integrations:\n  - {text}\n".encode(), "p.yml").playbook
    assert found is not None
    [integration] = found.integrations
    return found, integration


async def tell(herald: Any, event: RunEvent, view: RunView, settings: Mapping[str, str]) -> None:
    """Tell a herald of an event."""
    _, integration = book(f"{{type: {herald.type}}}")
    await herald.tell(integration, event, view, settings)


def variables(**given: str) -> Any:
    """Return a reader of variables."""
    return lambda name: SecretStr(given[name]) if name in given else None


@contextmanager
def listening() -> Iterator[list[str]]:
    """Keep what is logged while the block runs, causes included."""
    said: list[str] = []
    handler = logger.add(
        said.append, level="DEBUG", format="{message} {extra}\n{exception}", diagnose=False
    )
    try:
        yield said
    finally:
        logger.remove(handler)


async def test_slack_reads_one_line_for_each_event(system: System) -> None:
    """Which playbook, what became of it, who started it, and why it failed."""
    herald = SlackHerald(FakeClock())
    for event in ("start", "success", "failure"):
        await tell(herald, event, failed(), {"webhook": f"{system.url}/{SECRET}"})

    assert [
        "deploy-web-app started (WF-2026-001, dana)",
        "deploy-web-app succeeded (WF-2026-001, dana)",
        "deploy-web-app failed (WF-2026-001, dana): ship: quota &lt;exceeded&gt;",
    ] == [each["text"] for each in system.bodies()]
    assert {f"/{SECRET}"} == {request.path for request in system.requests}


@pytest.mark.parametrize(
    ("mention", "mark"),
    [
        ("here", "<!here> "), ("@channel", "<!channel> "), ("U012AB3CD", "<@U012AB3CD> "),
        ("S0614TZR7", "<!subteam^S0614TZR7> "), ("U012AB3CD, here", "<@U012AB3CD> <!here> "),
        ("<!everyone|x>", "&lt;!everyone|x&gt; "), ("", ""),
    ],
)  # fmt: skip
async def test_people_are_called_when_a_run_failed(system: System, mention: str, mark: str) -> None:
    """And only then; a word that is no id calls nobody."""
    settings = {"webhook": f"{system.url}/{SECRET}", "mention": mention, "channel": "#ops"}
    herald = SlackHerald(FakeClock())
    for event in ("failure", "success"):
        await tell(herald, event, failed(), settings)

    failure, success = system.bodies()
    assert failure["text"].startswith(f"{mark}deploy-web-app failed")
    assert success["text"].startswith("deploy-web-app succeeded")
    assert {"#ops"} == {failure["channel"], success["channel"]}


async def test_jira_gets_one_issue_for_a_failure(system: System) -> None:
    """Looked for by its label before it is made; with the steps that failed."""
    herald = JiraHerald(
        FakeClock(),
        variables(JIRA_URL=f"{system.url}/jira/", JIRA_EMAIL="ops@x.example", JIRA_API_TOKEN=TOKEN),
    )
    settings = {"project": "OPS", "labels": "tgk, web app", "issue_type": "Bug"}
    await tell(herald, "failure", failed(), settings)

    search, issue = system.requests
    assert ("/jira/rest/api/3/search/jql", "/jira/rest/api/3/issue") == (search.path, issue.path)
    assert search.authorization is not None
    assert ("ops@x.example", TOKEN) == (
        search.authorization.username, search.authorization.password,
    )  # fmt: skip
    fields = json.loads(issue.get_data())["fields"]
    assert fields["labels"] == ["tgk-WF-2026-001-k7x2mqpa", "tgk", "web-app"]
    assert (fields["project"], fields["issuetype"]) == ({"key": "OPS"}, {"name": "Bug"})
    assert "ship: quota <exceeded>" in json.dumps(fields["description"])


async def test_an_issue_that_is_there_is_not_made_again(system: System) -> None:
    """A failure that is told twice, after a kill, stays one issue."""
    system.answers = [Response('{"issues": [{"key": "OPS-1"}]}', 200)]
    herald = JiraHerald(FakeClock())
    settings = {"project": "OPS", "url": system.url, "user": "ops", "token": TOKEN}
    await tell(herald, "failure", failed(), settings)

    assert ["/rest/api/3/search/jql"] == [each.path for each in system.requests]


@pytest.mark.parametrize(
    ("event", "more"),
    [("start", {}), ("success", {}), ("failure", {"create_issue_on_failure": "false"})],
)
async def test_jira_hears_of_nothing_but_failures_that_are_wished_for(
    system: System, event: RunEvent, more: dict[str, str]
) -> None:
    """No request at all."""
    await tell(JiraHerald(FakeClock()), event, failed(), {"project": "OPS", **more})

    assert [] == system.requests


@pytest.mark.parametrize("own", ["url", "user", "token"])
async def test_a_token_never_goes_to_an_address_it_is_not_for(system: System, own: str) -> None:
    """A playbook names its own account whole: the environment's is not mixed into it."""
    given = {"url": system.url, "user": "mallory", "token": "mine"}
    herald = JiraHerald(
        FakeClock(),
        variables(JIRA_URL="https://x.example", JIRA_EMAIL="o@x.example", JIRA_API_TOKEN=TOKEN),
    )
    with pytest.raises(Rejected, match="The playbook names no"):
        await tell(herald, "failure", failed(), {"project": "OPS", own: given[own]})

    assert [] == system.requests


async def test_datadog_gets_a_count_and_a_duration(system: System) -> None:
    """At the time of the run's end, with the tags of the playbook."""
    herald = DatadogHerald(FakeClock(), variables(DATADOG_API_URL=system.url))
    settings = {"api_key": TOKEN, "tags": "team:core, tier:1", "site": "datadoghq.eu"}
    await tell(herald, "start", failed(), settings)
    await tell(herald, "failure", failed(), settings)

    [request] = system.requests
    assert (request.path, request.headers["DD-API-KEY"]) == ("/api/v2/series", TOKEN)
    count, duration = json.loads(request.get_data())["series"]
    assert ("tgk.run.count", "tgk.run.duration") == (count["metric"], duration["metric"])
    assert [{"timestamp": int(at(7).timestamp()), "value": 7.0}] == duration["points"]
    assert count["tags"] == [
        "playbook:deploy-web-app", "result:failure", "team:core", "tier:1",
        "environment:production",
    ]  # fmt: skip


async def test_figures_that_are_not_wished_for_are_not_sent(system: System) -> None:
    """And need no key."""
    herald = DatadogHerald(FakeClock(), variables(DATADOG_API_URL=system.url))
    await tell(herald, "success", failed(), {"track_metrics": "false"})

    assert [] == system.requests


@pytest.mark.parametrize(
    "site", ["evil.example/x", "https://datadoghq.eu", "a b", "localhost", "@"]
)
async def test_a_site_is_a_host_and_nothing_else(site: str) -> None:
    """A key never goes anywhere that a word could bend it to."""
    with pytest.raises(Rejected, match="site is no host"):
        await tell(DatadogHerald(FakeClock()), "success", failed(), {"api_key": "k", "site": site})


@pytest.mark.parametrize(
    ("herald", "settings", "word"),
    [
        (SlackHerald(FakeClock()), {}, "webhook"),
        (SlackHerald(FakeClock()), {"webhook": "http://hooks.slack.example/x"}, "https://"),
        (JiraHerald(FakeClock()), {}, "project"),
        (JiraHerald(FakeClock()), {"project": "OPS"}, "JIRA_URL is not set"),
        (DatadogHerald(FakeClock()), {}, "api_key"),
    ],
)
async def test_what_is_lacking_is_named(herald: Any, settings: dict[str, str], word: str) -> None:
    """Both when it is told and when somebody only looks."""
    with pytest.raises(Rejected, match=word):
        await tell(herald, "failure", failed(), settings)
    with pytest.raises(Rejected, match=word):
        await herald.reach(settings)


@pytest.mark.parametrize("kind", sorted(SETTINGS))
async def test_every_setting_that_the_checker_accepts_is_used(system: System, kind: str) -> None:
    """Changing any of them changes what is sent, or whether."""
    heralds: dict[str, Any] = {
        "slack": SlackHerald(FakeClock()),
        "jira": JiraHerald(FakeClock()),
        "datadog": DatadogHerald(FakeClock(), variables(DATADOG_API_URL=system.url)),
    }
    plain = {
        "slack": {"webhook": f"{system.url}/a"},
        "jira": {"project": "OPS", "url": system.url, "user": "u", "token": "t"},
        "datadog": {"api_key": "k"},
    }[kind]
    changed = {
        "webhook": f"{system.url}/b", "channel": "#x", "mention": "here", "url": f"{system.url}/j",
        "project": "DEV", "user": "other", "token": "other", "issue_type": "Bug", "labels": "x",
        "create_issue_on_failure": "false", "api_key": "other", "track_metrics": "False",
        "tags": "a:b", "site": "no host",
    }  # fmt: skip

    async def sent(settings: dict[str, str]) -> list[tuple[Any, ...]]:
        system.requests.clear()
        try:
            await tell(heralds[kind], "failure", failed(), settings)
        except Rejected as error:
            return [(str(error),)]
        kept = ("Authorization", "Dd-Api-Key")
        return [
            (each.path, each.get_data(), *(each.headers.get(name) for name in kept))
            for each in system.requests
        ]

    usual = await sent(plain)
    assert usual
    for name in SETTINGS[kind]:
        assert await sent({**plain, name: changed[name]}) != usual, name


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_system_that_is_away_for_a_moment_is_told_again(
    system: System, status: int
) -> None:
    """The same words, until it has heard them."""
    system.answers = [Response("", status), Response("", status)]
    herald = SlackHerald(FakeClock(flows=True))
    await tell(herald, "start", failed(), {"webhook": f"{system.url}/{SECRET}"})

    assert 3 == len(system.requests)
    assert 1 == len({request.get_data() for request in system.requests})


@pytest.mark.parametrize("status", [400, 403, 404, 410])
async def test_a_refusal_is_not_repeated_and_tells_no_secret(system: System, status: int) -> None:
    """Whatever the other side quotes in its answer."""
    quoted = json.dumps({"message": f"no hook at /{SECRET} for {TOKEN}"})
    system.answers = [Response(quoted, status, content_type="application/json")] * 2
    hook = {"webhook": f"{system.url}/{SECRET}"}
    herald = DatadogHerald(FakeClock(), variables(DATADOG_API_URL=system.url))
    with pytest.raises(Rejected) as first:
        await tell(SlackHerald(FakeClock()), "start", failed(), hook)
    with pytest.raises(Rejected) as second:
        await tell(herald, "success", failed(), {"api_key": TOKEN})

    assert 2 == len(system.requests)
    assert SECRET not in str(first.value)
    assert TOKEN not in str(second.value)


@pytest.mark.parametrize("body", ["<html>", "", "{"])
async def test_what_is_no_json_is_refused_without_a_secret(system: System, body: str) -> None:
    """What answers in Jira's place may be anything; nothing is made by mistake."""
    system.answers = [Response(body, 200)]
    settings = {"project": "OPS", "url": system.url, "user": "u", "token": TOKEN}
    with pytest.raises(Rejected, match="not JSON") as refused:
        await tell(JiraHerald(FakeClock()), "failure", failed(), settings)

    assert TOKEN not in str(refused.value)
    assert 1 == len(system.requests)


@pytest.mark.parametrize("body", ["[]", '{"issues": 7}', "null", "{}", '{"issues": []}'])
async def test_a_search_that_names_no_issue_found_none(system: System, body: str) -> None:
    """Whatever its shape: the issue is made."""
    system.answers = [Response(body, 200)]
    settings = {"project": "OPS", "url": system.url, "user": "u", "token": TOKEN}
    await tell(JiraHerald(FakeClock()), "failure", failed(), settings)

    assert "/rest/api/3/issue" == system.requests[-1].path


ALL = """
integrations:
  - {type: slack, webhook: "${HOOK}", events: [start, failure, success]}
  - {type: jira, project: OPS, url: "${JIRA_PLACE}", user: ops, token: "${JIRA_KEY}"}
  - {type: datadog, api_key: "${DATADOG_KEY}"}
secrets:
  - {name: HOOK, source: environment}
  - {name: JIRA_PLACE, source: environment}
  - {name: JIRA_KEY, source: environment}
  - {name: DATADOG_KEY, source: environment}
"""
FINE = "name: fine\nsteps: [{command: /mark --name one}]\n" + ALL
BAD = "name: bad\nsteps: [{command: /mark --name one --fails 9}]\n" + ALL


def everybody(system: System, *, patience: float = 15.0) -> Heralds:
    """Return all three, with their secrets."""
    clock = FakeClock(flows=True)
    given = variables(
        HOOK=f"{system.url}/{SECRET}", JIRA_PLACE=system.url, JIRA_KEY=TOKEN, DATADOG_KEY=TOKEN,
        DATADOG_API_URL=system.url,
    )  # fmt: skip
    told = (SlackHerald(clock), JiraHerald(clock, given), DatadogHerald(clock, given))
    return Heralds(told, SecretSources(clock, given), patience=patience)


async def test_a_run_tells_everybody_how_it_really_ended(system: System, tmp_path: Path) -> None:
    """Its reason, its failed step and the time it took, although its end is kept after that."""
    here = world(tmp_path)
    here.heralds = everybody(system)
    async with here.open():
        view = await here.play(BAD)

    found = {request.path: json.loads(request.get_data()) for request in system.requests}
    assert f": {view.reason}" in found[f"/{SECRET}"]["text"]
    assert "one" in json.dumps(found["/rest/api/3/issue"]["fields"]["description"])
    [point] = found["/api/v2/series"]["series"][1]["points"]
    assert view.ended is not None
    assert view.began is not None
    assert (view.ended - view.began).total_seconds() == point["value"] >= 0
    assert int(view.ended.timestamp()) == point["timestamp"]


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500, 503])
async def test_whatever_they_answer_a_run_ends_as_it_does(
    system: System, tmp_path: Path, status: int
) -> None:
    """A refusal, a fault or garbage of a system that only listens is no reason to fail."""
    system.answers = [Response("<garbage>", status) for _ in range(40)]
    here = world(tmp_path)
    here.heralds = everybody(system)
    with listening() as said:
        async with here.open():
            view = await here.play(FINE)

    assert view.state == "succeeded"
    assert here.effects.names == ["one"]
    text = "".join(said)
    assert SECRET not in text
    assert TOKEN not in text
    assert ("integration not told" in text) == (status != 200)


async def test_one_that_hangs_holds_a_run_up_for_a_moment_only(
    system: System, tmp_path: Path
) -> None:
    """Then it goes on, and the log says who was not told."""
    system.held.clear()
    here = world(tmp_path)
    here.heralds = everybody(system, patience=0.05)
    with listening() as said:
        async with here.open(), asyncio.timeout(4):
            view = await here.play(FINE)
    system.held.set()

    assert view.state == "succeeded"
    assert "integration not told" in "".join(said)


class Hanging:
    """A herald that never comes to its end."""

    type: Literal["slack"] = "slack"

    def __init__(self) -> None:
        self.begun = 0

    async def reach(self, settings: Mapping[str, str]) -> None:
        """Reach nobody either."""

    async def tell(self, *told: object) -> None:
        """Begin, and hang."""
        self.begun += 1
        await asyncio.Event().wait()


async def test_waiting_for_a_turn_counts_as_waiting(system: System) -> None:
    """Of many at once that hang, those behind have lost their patience when room is made."""
    playbook, _ = book("{type: slack, webhook: '" + f"{system.url}/{SECRET}" + "'}")
    herald = Hanging()
    heralds = Heralds((herald,), hosts=(system.url,), patience=0.1)

    await asyncio.gather(*(heralds.tell(playbook, "start", failed(), {}) for _ in range(40)))

    assert 8 <= herald.begun < 20


async def test_a_secret_that_is_not_there_is_said_and_no_fault(system: System) -> None:
    """The others hear of the run."""
    found = load(FINE.encode(), "fine.yml").playbook
    assert found is not None
    clock = FakeClock(flows=True)
    given = variables(DATADOG_KEY=TOKEN, DATADOG_API_URL=system.url)
    told = (SlackHerald(clock), JiraHerald(clock, given), DatadogHerald(clock, given))
    with listening() as said:
        await Heralds(told, SecretSources(clock, given)).tell(found, "success", failed(), {})

    assert ["/api/v2/series"] == [request.path for request in system.requests]
    assert "integration not told" in "".join(said)


async def test_a_closed_door_is_unavailable_when_somebody_only_looks() -> None:
    """Neither the address nor its path is said."""
    with pytest.raises(Unavailable, match="It does not answer") as refused:
        await SlackHerald(FakeClock()).reach({"webhook": f"http://127.0.0.1:9/{SECRET}"})

    assert SECRET not in str(refused.value)
