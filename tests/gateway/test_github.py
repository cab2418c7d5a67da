"""``POST /git``: only what GitHub signed, every delivery once, over restarts and full disks."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
import pytest

from bot.runtime.clock import SystemClock
from orchestration.deliveries import StoredDeliveries
from orchestration.store import Store
from tests.gateway.conftest import headers_of, pull_request, signed
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.gateway.conftest import Gate


async def test_a_signed_event_is_shown_where_its_route_says(gate: Gate) -> None:
    """200, one card in #prs, one audit record of the gateway's own door."""
    async with gate.client("192.0.2.7") as client:
        answer = await client.post("/git", **signed(pull_request()))

    assert answer.status_code == 200
    [shown] = gate.world.board.shows
    assert shown.place.room == "#prs"
    assert "Add a thing" in shown.reply.title
    assert gate.count('tgk_webhooks_total{result="success",source="git"}') == 1


@pytest.mark.parametrize(
    "signature",
    [
        "", "sha256=", "sha256=00", "sha1=b5a3", "sha256=\xe9",
        "SHA256=" + "0" * 64, "sha256=" + "0" * 64,
    ],
)  # fmt: skip
async def test_a_wrong_signature_is_refused(gate: Gate, signature: str) -> None:
    """401; the content is not looked at, not kept and not audited as an event."""
    asked = signed(pull_request())
    asked["headers"]["X-Hub-Signature-256"] = signature.encode("latin-1")
    async with gate.client() as client:
        answer = await client.post("/git", **asked)

    assert answer.status_code == 401
    assert [] == gate.world.board.shows
    assert [] == await gate.deliveries.waiting("git")


async def test_a_missing_signature_is_refused_on_this_machine_too(gate: Gate) -> None:
    """Loopback is no substitute for the signature."""
    asked = signed(pull_request())
    del asked["headers"]["X-Hub-Signature-256"]
    async with gate.client() as client:
        answer = await client.post("/git", **asked)

    assert answer.status_code == 401


async def test_a_signature_of_other_bytes_is_refused(gate: Gate) -> None:
    """One changed byte is enough."""
    asked = signed(pull_request())
    asked["content"] = asked["content"].replace(b"dana", b"vika")
    async with gate.client() as client:
        assert (await client.post("/git", **asked)).status_code == 401


async def test_without_a_secret_the_door_is_off_and_says_how_to_open_it(gate: Gate) -> None:
    """503, so that GitHub shows it as failed; an empty secret never verifies anything."""
    async with gate.client(secret=None) as client:
        answer = await client.post("/git", **signed(pull_request(), secret=""))

    assert answer.status_code == 503
    assert "GITHUB_WEBHOOK_SECRET" in answer.json()["error"]


async def test_githubs_example_of_a_signature_is_accepted(gate: Gate) -> None:
    """The test values of GitHub's documentation verify: body, secret and digest."""
    body = b"Hello, World!"
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert headers_of(body, "ping")["X-Hub-Signature-256"] == f"sha256={digest}"
    async with gate.client() as client:
        answer = await client.post("/git", content=body, headers=headers_of(body, "ping"))
    assert answer.status_code == 400  # the signature holds; the body is no JSON


async def test_a_ping_is_answered_and_leaves_nothing(gate: Gate) -> None:
    """What GitHub sends when the webhook is set up."""
    async with gate.client() as client:
        answer = await client.post("/git", **signed({"zen": "Keep it simple."}, event="ping"))

    assert (answer.status_code, answer.json()) == (200, {"pong": True})
    assert [] == gate.world.journal.results()
    assert [] == gate.world.board.shows


@pytest.mark.parametrize("header", ["X-GitHub-Event", "X-GitHub-Delivery"])
@pytest.mark.parametrize("value", [None, "", "x" * 129])
async def test_events_without_a_name_or_id_are_refused(
    gate: Gate, header: str, value: str | None
) -> None:
    """400: without an id a redelivery could not be recognised."""
    asked = signed(pull_request())
    del asked["headers"][header]
    if value is not None:
        asked["headers"][header] = value
    async with gate.client() as client:
        answer = await client.post("/git", **asked)

    assert answer.status_code == 400
    assert header in answer.json()["error"]


@pytest.mark.parametrize(
    "event", ["star", "workflow_job", "deployment_status", "x", "pull_request"]
)
async def test_events_nobody_routes_are_named_as_ignored(gate: Gate, event: str) -> None:
    """200 with the reason, so that GitHub's delivery page shows it; no message."""
    payload = {"action": "created", "repository": {"full_name": "a/b"}}
    async with gate.client() as client:
        answer = await client.post("/git", **signed(payload, event=event))

    assert answer.status_code == 200
    assert answer.json()["ignored"]
    assert [] == gate.world.board.shows


@pytest.mark.parametrize(
    "payload", [{}, {"pull_request": None}, {"pull_request": []}, {"number": {"a": 1}}]
)
@pytest.mark.parametrize("event", ["pull_request", "check_suite", "push"])
async def test_odd_shapes_of_known_events_do_no_harm(
    gate: Gate, event: str, payload: dict[str, Any]
) -> None:
    """Whatever is missing: no fault of the bot, and the delivery is not kept for ever."""
    async with gate.client() as client:
        answer = await client.post("/git", **signed(payload, event=event))

    assert answer.status_code == 200
    assert [] == await gate.deliveries.waiting("git")


async def test_a_form_is_understood_like_json(gate: Gate) -> None:
    """GitHub's older content type puts the same JSON into the field ``payload``."""
    body = urlencode({"payload": json.dumps(pull_request("Ünicode & more"))}).encode()
    headers = {
        **headers_of(body, "pull_request"),
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    async with gate.client() as client:
        answer = await client.post("/git", content=body, headers=headers)

    assert answer.status_code == 200
    assert "Ünicode & more" in gate.world.board.shows[0].reply.title


async def test_a_redelivery_is_recognised_and_done_once(gate: Gate) -> None:
    """202 names the duplicate; one card, one show, one record."""
    asked = signed(pull_request(), delivery="d-1")
    async with gate.client() as client:
        first = await client.post("/git", **asked)
        again = await client.post("/git", **asked)

    assert (first.status_code, again.status_code) == (200, 202)
    assert again.json() == {"duplicate": "d-1"}
    assert len(gate.world.board.shows) == 1
    assert gate.count('tgk_webhooks_total{result="duplicate",source="git"}') == 1
    assert gate.count('tgk_commands_total{command="git",door="gateway",result="success"}') == 1


async def test_the_same_delivery_many_times_at_once_is_done_once(
    gate: Gate, tmp_path: Path
) -> None:
    """Through the real inbox, whose answers take time."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        gate.deliveries = StoredDeliveries(store, SystemClock())  # type: ignore[assignment]
        asked = signed(pull_request(), delivery="d-1")
        async with gate.client() as client:
            answers = await asyncio.gather(*(client.post("/git", **asked) for _ in range(12)))

    assert sorted(answer.status_code for answer in answers) == [200, *[202] * 11]
    assert len(gate.world.board.shows) == 1


async def test_what_was_accepted_and_not_done_is_done_at_the_next_start(
    gate: Gate, tmp_path: Path
) -> None:
    """A kill after the event was kept: the next life does it once, the one after does nothing."""
    packed = orjson.dumps({"event": "pull_request", "payload": pull_request()})
    async with Store(tmp_path / "tgk.sqlite") as store:
        await StoredDeliveries(store, SystemClock()).accept("git", [("d-1", packed)])

    async with Store(tmp_path / "tgk.sqlite") as store:
        gate.deliveries = StoredDeliveries(store, SystemClock())  # type: ignore[assignment]
        assert await gate.webhooks().resume() == 1
    async with Store(tmp_path / "tgk.sqlite") as store:
        gate.deliveries = StoredDeliveries(store, SystemClock())  # type: ignore[assignment]
        assert await gate.webhooks().resume() == 0
        async with gate.client() as client:
            answer = await client.post("/git", **signed(pull_request(), delivery="d-1"))

    assert answer.status_code == 202
    assert len(gate.world.board.shows) == 1


class _Full:
    """A board on a full disk."""

    async def show(self, *_: object, **__: object) -> None:
        raise Unavailable("the store", "disk full")


async def test_an_event_that_could_not_be_shown_is_done_when_it_is_sent_again(gate: Gate) -> None:
    """503 first; the redelivery that a person asks for on GitHub is no duplicate then."""
    backends, well = gate.world.dispatcher.backends, gate.world.board
    asked = signed(pull_request(), delivery="d-1")
    object.__setattr__(backends, "board", _Full())
    async with gate.client() as client:
        refused = await client.post("/git", **asked)
        assert len(await gate.deliveries.waiting("git")) == 1
        object.__setattr__(backends, "board", well)
        repeated = await client.post("/git", **asked)

    assert (refused.status_code, repeated.status_code) == (503, 200)
    assert len(well.shows) == 1
    assert [] == await gate.deliveries.waiting("git")


async def test_an_event_that_cannot_be_kept_is_refused_with_503(gate: Gate) -> None:
    """Nothing is acknowledged that a kill could lose."""

    class Inbox:
        async def accept(self, source: str, items: Sequence[tuple[str, bytes]]) -> list[str]:
            raise Unavailable("the store", "disk full")

    gate.deliveries = Inbox()  # type: ignore[assignment]
    async with gate.client() as client:
        answer = await client.post("/git", **signed(pull_request()))

    assert answer.status_code == 503
    assert [] == gate.world.board.shows
