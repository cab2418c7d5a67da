"""``POST /event`` and ``POST /hooks/<playbook>``: who may start what, how often, and who hears."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.gateway.triggers import MOST_BYTES
from tests.gateway.conftest import SECRET, notification, pull_request, signed
from tgk.errors import ConfigurationInvalid, Conflict, TgkError, Unavailable

if TYPE_CHECKING:
    import httpx

    from tests.gateway.conftest import Gate

HEAL = """
name: heal
parameters:
  - {name: severity, default: low}
  - {name: service, default: none}
triggers:
  - type: event
    source: monitoring
    event: critical-alert
    condition: event.data.labels.service != "ignored"
    parameters: {severity: critical, service: "${event.data.labels.service}"}
steps: [{command: /status}]
"""
SCAN = """
name: scan
parameters: [{name: advisory, required: true}, {name: depth, type: int, default: 1}]
triggers:
  - type: event
    source: security
    event: advisory-published
    condition: event.data.score >= 7
    parameters: {advisory: "${event.data.id}", depth: 3}
steps: [{command: /status}]
"""
SHIP = """
name: ship
parameters:
  - {name: version, required: true}
  - {name: environment, type: environment, default: staging}
  - {name: regions, type: list, default: [eu]}
  - {name: force, type: bool, default: false}
  - {name: token, type: secret}
triggers: [{type: webhook, parameters: {environment: staging}}]
steps: [{name: see, command: /status, condition: version != ""}]
"""


def signature(message: bytes, secret: str = SECRET) -> str:
    """Return the value of ``X-Sig``."""
    return "sha256=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


async def send(client: httpx.AsyncClient, event: object, secret: str = SECRET) -> httpx.Response:
    """Post an event as a sender signs it."""
    body = json.dumps(event).encode()
    return await client.post("/event", content=body, headers={"X-Sig": signature(body, secret)})


async def call(
    client: httpx.AsyncClient, playbook: str, given: object = None, delivery: str = "d-1"
) -> httpx.Response:
    """Call a playbook's webhook as a sender signs it."""
    body = b"" if given is None else json.dumps(given).encode()
    headers = {
        "X-Delivery": delivery,
        "X-Sig": signature(f"{delivery}\n{playbook}\n".encode() + body),
    }
    return await client.post(f"/hooks/{playbook}", content=body, headers=headers)


def advisory(number: str = "1", **data: Any) -> dict[str, Any]:
    """Return an event that a scanner of packages sends."""
    more = {"id": f"CVE-{number}", "score": 9, **data}
    return {"id": f"e-{number}", "source": "security", "event": "advisory-published", "data": more}


def allowed(gate: Gate, text: str, **bounds: int) -> str:
    """Put a playbook on the shelf whose starts may do what it does."""
    name = gate.write(text, **bounds)
    gate.allow(name, "/orchestrate run", "/status")
    return name


def runs(gate: Gate) -> list[dict[str, str]]:
    """Return what the runs were given."""
    return [dict(each.parameters) for each in gate.world.runs.requests]


async def test_an_event_starts_the_playbook_that_waits_for_it(gate: Gate) -> None:
    """202 names the run; its cause, its values and its service are those of the trigger."""
    allowed(gate, SCAN)
    async with gate.open() as client:
        answer = await send(client, advisory())

    assert answer.status_code == 202
    [start] = answer.json()["starts"]
    assert start == {"playbook": "scan", "result": "started", "run": start["run"]}
    view = await gate.world.runs.view(start["run"])
    assert (view.cause, view.starter.person) == (
        "event:security/advisory-published", "gateway:trigger:scan",
    )  # fmt: skip
    assert view.parameters == {"advisory": "CVE-1", "depth": "3"}


@pytest.mark.parametrize(
    "event",
    [
        {**advisory(), "event": "advisory-withdrawn"},
        {**advisory(), "source": "other"},
        advisory(score=3),
        advisory(score="high"),
        {**advisory(), "data": {}},
    ],
)
async def test_events_that_nothing_waits_for_start_nothing(
    gate: Gate, event: dict[str, Any]
) -> None:
    """Another name or source, a condition that does not hold or cannot be asked: 200, no run."""
    allowed(gate, SCAN)
    async with gate.open() as client:
        answer = await send(client, event)

    assert (answer.status_code, answer.json()["starts"]) == (200, [])
    assert [] == gate.world.runs.requests
    assert [] == gate.world.journal.results()


async def test_the_same_event_many_times_is_one_run(gate: Gate) -> None:
    """At once and later; every answer names the same run."""
    allowed(gate, SCAN)
    async with gate.open() as client:
        answers = await asyncio.gather(*(send(client, advisory()) for _ in range(6)))
        later = await send(client, advisory())

    names = {each.json()["starts"][0]["run"] for each in (*answers, later)}
    assert len(names) == len(gate.world.runs.requests) == 1
    assert sorted(each.status_code for each in answers) == [200] * 5 + [202]
    assert later.json()["starts"][0]["result"] == "repeated"


async def test_an_event_that_was_started_before_a_restart_is_not_started_again(gate: Gate) -> None:
    """What began is known by its delivery, not by this process."""
    allowed(gate, SCAN)
    async with gate.open() as client:
        first = await send(client, advisory())
    async with gate.open() as client:
        again = await send(client, advisory())

    assert first.json()["starts"][0]["run"] == again.json()["starts"][0]["run"]
    assert len(gate.world.runs.requests) == 1


@pytest.mark.parametrize(("path", "source"), [("/event", "event"), ("/hooks/ship", "hook")])
async def test_what_is_not_signed_is_not_looked_at(gate: Gate, path: str, source: str) -> None:
    """401, whether there is such a playbook or not; no run and no record."""
    allowed(gate, SHIP)
    body = json.dumps(advisory()).encode()
    wrong = [{}, {"X-Sig": ""}, {"X-Sig": "sha256="}, {"X-Sig": signature(body, "other")}]
    async with gate.open() as client:
        answers = [
            await client.post(path, content=body, headers={"X-Delivery": "d", **headers})
            for headers in wrong
        ]

    assert {401} == {each.status_code for each in answers}
    assert [] == gate.world.journal.results()
    assert 4 == gate.count(f'tgk_webhooks_total{{result="refused",source="{source}"}}')


async def test_without_a_secret_the_doors_are_off_and_say_how_to_open_them(gate: Gate) -> None:
    """503 with the variable's name; an empty secret never verifies anything."""
    async with gate.open(event=None, hook=None) as client:
        event, hook = await send(client, advisory(), ""), await call(client, "ship")

    assert [503, 503] == [event.status_code, hook.status_code]
    assert "TGK_EVENT_SECRET" in event.json()["error"]
    assert "TGK_HOOK_SECRET" in hook.json()["error"]


@pytest.mark.parametrize(
    ("event", "word"),
    [
        ({}, "id"),
        ({**advisory(), "id": ""}, "id"),
        ({**advisory(), "id": "two words"}, "id"),
        ({**advisory(), "source": "Not A Word"}, "source"),
        ({**advisory(), "event": "a/b:c"}, "event"),
        ({**advisory(), "extra": 1}, "extra"),
        ({**advisory(), "source": "monitoring"}, "door of their own"),
        ({**advisory(), "source": "github"}, "door of their own"),
        ([], "object"),
    ],
)
async def test_what_is_no_event_is_refused_with_the_field(
    gate: Gate, event: object, word: str
) -> None:
    """And nobody can pretend to be Alertmanager or GitHub at this door."""
    async with gate.open() as client:
        answer = await send(client, event)

    assert answer.status_code == 400
    assert word in answer.json()["error"]


async def test_a_body_over_the_bound_is_refused(gate: Gate) -> None:
    """413 at both doors, signed or not."""
    allowed(gate, SHIP)
    async with gate.open() as client:
        event = await send(client, advisory(text="x" * MOST_BYTES))
        hook = await call(client, "ship", {"version": "x" * MOST_BYTES})

    assert [413, 413] == [event.status_code, hook.status_code]
    assert [] == gate.world.runs.requests


async def test_a_webhook_starts_its_playbook_with_what_it_declares(gate: Gate) -> None:
    """Numbers, truth values and lists arrive as the playbook types them; what is fixed stays."""
    allowed(gate, SHIP)
    given = {"version": 'v1 "x" = \\ y', "regions": ["eu", "us"], "force": True}
    async with gate.open() as client:
        answer = await call(client, "ship", given)

    assert (answer.status_code, answer.json()["result"]) == (202, "started")
    [request] = gate.world.runs.requests
    assert request.environment == "staging"
    assert request.parameters == {
        "version": 'v1 "x" = \\ y', "regions": "eu,us", "force": "true",
    }  # fmt: skip
    view = await gate.world.runs.view(answer.json()["run"])
    assert (view.cause, view.starter.person) == ("webhook:ship", "gateway:trigger:ship")


async def test_a_value_of_a_webhook_never_becomes_another_parameter(gate: Gate) -> None:
    """Whatever it holds, it arrives as it was sent."""
    allowed(gate, SHIP)
    values = ["a force=true", 'a" force="true', "a,force=true", "a\nforce=true", "'a' force=1", "="]
    async with gate.open() as client:
        for number, value in enumerate(values):
            await call(client, "ship", {"version": value}, f"d-{number}")

    assert [{"version": value} for value in values] == runs(gate)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"version": "v1", "verion": "v2"}, "verion: ship has no such parameter"),
        ({"version": "v1", "environment": "production"}, "the playbook itself says what it is"),
        ({"version": "v1", "token": "s3cret-value"}, "a secret is never sent"),
        ({"version": {"a": 1}}, "it is one value"),
        ({"version": "v1", "regions": ["a,b"]}, "it is one value"),
        ({}, "version"),
    ],
)
async def test_what_a_webhook_may_not_give_is_refused_by_name(
    gate: Gate, given: dict[str, Any], word: str
) -> None:
    """400, recorded, and nothing is started; no value of a secret comes back."""
    allowed(gate, SHIP)
    async with gate.open() as client:
        answer = await call(client, "ship", given)

    assert (answer.status_code, answer.json()["result"]) == (400, "invalid")
    assert word in answer.json()["why"]
    assert "s3cret" not in answer.text
    assert ["invalid"] == gate.world.journal.results("/orchestrate run")
    assert [] == gate.world.runs.requests


@pytest.mark.parametrize("delivery", ["", "x" * 129, "two words"])
async def test_a_call_without_a_plain_id_is_refused(gate: Gate, delivery: str) -> None:
    """A repetition could not be recognised."""
    allowed(gate, SHIP)
    async with gate.open() as client:
        answer = await call(client, "ship", {"version": "v1"}, delivery)

    assert answer.status_code == 400
    assert "X-Delivery" in answer.json()["error"]


async def test_a_signature_is_good_for_one_playbook_and_one_delivery(gate: Gate) -> None:
    """Caught on its way, a call starts nothing else and nothing more."""
    allowed(gate, SHIP)
    allowed(gate, SHIP.replace("name: ship", "name: other"))
    body = b'{"version":"v1"}'
    proof = signature(b"d-1\nship\n" + body)
    async with gate.open() as client:
        answers = [
            await client.post(path, content=body, headers={"X-Delivery": each, "X-Sig": proof})
            for path, each in (
                ("/hooks/ship", "d-1"), ("/hooks/ship", "d-1"), ("/hooks/ship", "d-2"),
                ("/hooks/other", "d-1"),
            )
        ]  # fmt: skip

    assert [202, 200, 401, 401] == [each.status_code for each in answers]
    assert len(gate.world.runs.requests) == 1


@pytest.mark.parametrize("playbook", ["heal", "nightly-backup", "nothing"])
async def test_a_playbook_that_takes_no_webhooks_is_refused_and_recorded(
    gate: Gate, playbook: str
) -> None:
    """Without a webhook, not switched on, or not there: one answer, one record."""
    allowed(gate, HEAL)
    async with gate.open() as client:
        answer = await call(client, playbook, {})

    assert answer.status_code == 400
    assert f'There is no webhook "{playbook}".' in answer.json()["why"]
    assert ["invalid"] == gate.world.journal.results("/orchestrate run")


async def test_a_service_without_rights_is_refused_and_people_hear_of_it(gate: Gate) -> None:
    """Deny by default: 403 says what to give it; a record, a card, and no run."""
    gate.write(SCAN)
    async with gate.open() as client:
        answer = await send(client, advisory())

    [start] = answer.json()["starts"]
    assert (answer.status_code, start["result"]) == (403, "denied")
    assert "Give trigger:scan a role under sources in rbac/policy.yml" in start["do"]
    assert ["denied"] == gate.world.journal.results("/orchestrate run")
    [shown] = gate.world.board.shows
    assert (shown.place.room, shown.reply.title) == ("#alerts", "scan was not started")
    assert [] == gate.world.runs.requests


async def test_a_role_of_one_playbook_is_none_of_another(gate: Gate) -> None:
    """Whoever writes a second playbook with a trigger gets nothing by it."""
    allowed(gate, SCAN)
    gate.write(SCAN.replace("name: scan", "name: sly"))
    async with gate.open() as client:
        answer = await send(client, advisory())

    assert answer.status_code == 403
    found = {each["playbook"]: each["result"] for each in answer.json()["starts"]}
    assert found == {"scan": "started", "sly": "denied"}


async def test_too_many_starts_are_answered_with_429_until_an_hour_has_gone(gate: Gate) -> None:
    """Retry-After says when; each is recorded, one card is shown, none is started later."""
    allowed(gate, SHIP, per_hour=2)
    async with gate.open() as client:
        answers = [await call(client, "ship", {"version": "v"}, f"d-{n}") for n in range(4)]
        repeated = await call(client, "ship", {"version": "v"}, "d-0")
        await gate.world.clock.advance(timedelta(hours=1, seconds=1).total_seconds())
        later = await call(client, "ship", {"version": "v"}, "d-2")

    assert [202, 202, 429, 429, 200, 202] == [
        each.status_code for each in (*answers, repeated, later)
    ]
    assert 3590 <= int(answers[2].headers["Retry-After"]) <= 3601
    assert answers[2].json()["result"] == "limited"
    assert "2 starts within an hour" in answers[2].json()["why"]
    assert 2 == gate.world.journal.results("/orchestrate run").count("denied")
    assert {"ship was not started"} == {each.reply.title for each in gate.world.board.shows}
    assert 1 == len({each.key for each in gate.world.board.shows})
    assert len(gate.world.runs.requests) == 3


async def test_a_burst_of_calls_is_bounded_and_answered(gate: Gate) -> None:
    """Each hears at once what became of it; as many runs start as may, and the door stays open."""
    name = allowed(gate, SHIP, per_hour=3)
    few = asyncio.Semaphore(60)
    async with gate.open() as client:

        async def one(number: int) -> int:
            async with few:
                return (await call(client, name, {"version": "v"}, f"burst-{number}")).status_code

        answers = await asyncio.gather(*(one(number) for number in range(400)))
        after = await call(client, name, {"version": "v"}, "burst-0")

    assert Counter(answers) == {202: 3, 429: 397}
    assert len(runs(gate)) == 3
    assert after.status_code in (200, 429)
    assert 1 == len({each.key for each in gate.world.board.shows})


async def test_starts_by_people_do_not_count(gate: Gate) -> None:
    """The bound is for what comes from outside."""
    allowed(gate, SHIP, per_hour=1)
    async with gate.open() as client:
        request = gate.world.runs.start
        await call(client, "ship", {"version": "v"}, "d-0")
        first = gate.world.runs.requests[0]
        await request(first, gate.world.caller("dana"), delivery="typed")
        gate.world.runs.change("WF-2026-001", cause="asked")
        again = await call(client, "ship", {"version": "v"}, "d-1")

    assert again.status_code == 202


async def test_a_start_that_cannot_be_kept_is_asked_for_again(gate: Gate) -> None:
    """503 while the store is away; the same delivery is started once it is back."""
    allowed(gate, SHIP)
    async with gate.open() as client:
        gate.world.runs.faults.order(Unavailable("store", "disk full"))
        refused = await call(client, "ship", {"version": "v"})
        started = await call(client, "ship", {"version": "v"})

    assert [503, 202] == [refused.status_code, started.status_code]
    assert len(gate.world.runs.requests) == 1


@pytest.mark.parametrize(
    ("error", "status", "result"),
    [
        (Unavailable("store", "disk full"), 503, "unavailable"),
        (Conflict("The run was not started.", why="200 runs have not ended yet."), 429, "limited"),
        (ConfigurationInvalid("ship cannot be run.", ["it plays itself"]), 500, "failure"),
    ],
)
async def test_what_was_refused_is_asked_for_anew_under_the_same_id(
    gate: Gate, error: TgkError, status: int, result: str
) -> None:
    """A refusal is no end: once things have changed, the same delivery starts its one run."""
    allowed(gate, SHIP)
    refuse, start = [error], gate.world.runs.start

    async def refusing(*given: Any, **more: Any) -> Any:
        if refuse:
            raise refuse[0]
        return await start(*given, **more)

    gate.world.runs.start = refusing  # type: ignore[method-assign] # the engine's own refusal
    async with gate.open() as client:
        refused = [await call(client, "ship", {"version": "v"}) for _ in "ab"]
        refuse.clear()
        started = [await call(client, "ship", {"version": "v"}) for _ in "ab"]

    assert [(status, result)] * 2 == [(each.status_code, each.json()["result"]) for each in refused]
    assert [202, 200] == [each.status_code for each in started]
    assert len(gate.world.runs.requests) == 1
    [view] = gate.world.runs._views.values()
    assert view.cause == "webhook:ship"


async def test_a_critical_alert_starts_a_playbook_once_an_episode(gate: Gate) -> None:
    """Told again and again, with more alerts: one run; after its end, the next one is another."""
    allowed(gate, HEAL)
    async with gate.open() as client:
        first = await client.post("/alert", json=notification())
        again = await client.post("/alert", json=notification(count=3))
        await client.post("/alert", json=notification("resolved"))
        another = await client.post("/alert", json=notification())

    results = [each.json()["starts"][0]["result"] for each in (first, again, another)]
    assert ["started", "repeated", "started"] == results
    assert [{"severity": "critical", "service": "event-gateway"}] * 2 == runs(gate)
    view = await gate.world.runs.view(first.json()["starts"][0]["run"])
    assert view.cause == "event:monitoring/critical-alert"
    assert first.status_code == 200


async def test_an_alert_is_shown_whatever_it_could_not_start(gate: Gate) -> None:
    """A refused start is no reason for Alertmanager to tell it again; one not tried is."""
    gate.write(HEAL)
    async with gate.open() as client:
        denied = await client.post("/alert", json=notification())
        gate.world.runs.faults.order(Unavailable("store", "disk full"))
        away = await client.post("/alert", json=notification())

    assert [200, 503] == [denied.status_code, away.status_code]
    assert "denied" == denied.json()["starts"][0]["result"]
    assert "#alerts" == gate.world.board.shows[0].place.room


MERGED = """
name: after-merge
parameters: [{name: branch, default: none}, {name: who, default: none}]
triggers:
  - type: event
    source: github
    event: pull_request.merged
    condition: event.data.branch == "main"
    parameters: {branch: "${event.data.branch}", who: "${event.data.sender}"}
steps: [{command: /status}]
"""


async def test_a_merged_pull_request_starts_a_playbook_once(gate: Gate) -> None:
    """Signed by GitHub, known by its delivery; what was only opened starts nothing."""
    allowed(gate, MERGED)
    payload = {**pull_request(action="closed"), "sender": {"login": "dana"}}
    payload["pull_request"]["merged"] = True
    async with gate.open() as client:
        opened = await client.post("/git", **signed(pull_request(), delivery="g-0"))
        merged = await client.post("/git", **signed(payload, delivery="g-1"))
        again = await client.post("/git", **signed(payload, delivery="g-1"))

    assert "starts" not in opened.json()
    assert "started" == merged.json()["starts"][0]["result"]
    assert (again.status_code, again.json()) == (202, {"duplicate": "g-1"})
    assert [{"branch": "main", "who": "dana"}] == runs(gate)


async def test_an_event_of_github_waits_in_the_inbox_until_its_start_was_tried(gate: Gate) -> None:
    """A store that is away, or a kill: the next life starts it, once."""
    allowed(gate, MERGED)
    payload = pull_request(action="closed")
    payload["pull_request"]["merged"] = True
    payload["sender"] = {"login": "dana"}
    async with gate.open() as client:
        gate.world.runs.faults.order(Unavailable("store", "disk full"))
        refused = await client.post("/git", **signed(payload, delivery="g-1"))
    async with gate.starts() as starts:
        resumed = await gate.webhooks(starts=starts).resume()
        again = await gate.webhooks(starts=starts).resume()

    assert (refused.status_code, resumed, again) == (503, 1, 0)
    assert len(gate.world.runs.requests) == 1


async def test_a_draft_never_triggers(gate: Gate) -> None:
    """What was imported waits for somebody to publish it."""
    gate.write(SCAN)
    drafts = gate.state / "drafts"
    drafts.mkdir()
    (gate.state / "playbooks/scan.yml").rename(drafts / "scan.yml")
    gate.allow("scan", "/orchestrate run", "/status")
    async with gate.open() as client:
        event, hook = await send(client, advisory()), await call(client, "scan", {})

    assert (event.status_code, event.json()["starts"]) == (200, [])
    assert hook.status_code == 400
    assert [] == gate.world.runs.requests


async def test_a_playbook_that_is_not_switched_on_is_not_started(gate: Gate) -> None:
    """Having a trigger and rights is not enough: discovery.yml says what outside may start."""
    allowed(gate, SCAN)
    gate.bounds.clear()
    async with gate.open() as client:
        answer = await send(client, advisory())

    assert (answer.status_code, answer.json()["starts"]) == (200, [])


async def test_a_broken_playbook_does_not_keep_others_from_starting(gate: Gate) -> None:
    """It is passed over, and said so in the log."""
    allowed(gate, SCAN)
    broken = gate.write(SCAN.replace("name: scan", "name: broken"))
    (gate.state / f"playbooks/{broken}.yml").write_text("name: broken\nsteps: [{comand: x}]\n")
    async with gate.open() as client:
        answer = await send(client, advisory())

    assert [each["playbook"] for each in answer.json()["starts"]] == ["scan"]
