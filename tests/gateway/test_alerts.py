"""``POST /alert``: who may, what is refused, and how many cards a storm of alerts leaves."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import orjson
import pytest

from bot.gateway.body import MOST_BYTES
from tests.gateway.conftest import notification

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.gateway.conftest import Gate

TOKEN = "alert-token"


async def test_a_program_of_this_machine_needs_no_token(gate: Gate) -> None:
    """Without TGK_ALERT_TOKEN loopback is enough, and the card is shown."""
    async with gate.client() as client:
        answer = await client.post("/alert", json=notification())

    assert answer.status_code == 200
    assert answer.json()["result"] == "success"
    [shown] = gate.world.board.shows
    assert shown.place.room == "#alerts"
    assert ["success"] == gate.world.journal.results("/alert")


@pytest.mark.parametrize("host", ["192.0.2.7", "::ffff:192.0.2.7", "testclient", ""])
async def test_another_machine_needs_the_token(gate: Gate, host: str) -> None:
    """It is told which variable to set, and nothing is shown or recorded."""
    async with gate.client(host) as client:
        answer = await client.post("/alert", json=notification())

    assert answer.status_code == 403
    assert "TGK_ALERT_TOKEN" in answer.json()["error"]
    assert [] == gate.world.board.shows


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
async def test_a_page_in_the_operators_browser_cannot_raise_alerts(gate: Gate, header: str) -> None:
    """Loopback trusts programs, not whatever web site a person of this machine looks at."""
    async with gate.client() as client:
        answer = await client.post("/alert", json=notification(), headers={header: "https://x.y"})

    assert answer.status_code == 403
    assert [] == gate.world.board.shows


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"bearer {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer ", 401),
        ("Bearer \xe9", 401),
        (None, 401),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7"])
async def test_a_configured_token_is_asked_of_everybody(
    gate: Gate, host: str, given: str | None, status: int
) -> None:
    """Once it is set, it counts on this machine as well, and only in its exact form."""
    headers = {"Authorization": given.encode("latin-1")} if given is not None else {}
    async with gate.client(host, token=TOKEN) as client:
        answer = await client.post("/alert", json=notification(), headers=headers)

    assert answer.status_code == status
    assert len(gate.world.board.shows) == (status == 200)
    assert TOKEN not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"NaN"])
async def test_a_body_that_is_no_json_object_is_refused(gate: Gate, body: bytes) -> None:
    """400 with the reason; Alertmanager does not try that again."""
    async with gate.client() as client:
        answer = await client.post("/alert", content=body)

    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]
    assert gate.count('tgk_webhooks_total{result="refused",source="alert"}') == 1


@pytest.mark.parametrize(
    "payload",
    [{}, {"alerts": []}, {"alerts": [{"status": "odd"}]}, {"alerts": "x"},
     {"alerts": [{"status": "firing", "labels": {"a": {}}}]}],
)  # fmt: skip
async def test_json_of_another_shape_is_refused_with_the_field(
    gate: Gate, payload: dict[str, object]
) -> None:
    """The answer says what is wrong, and it stands in the audit log."""
    async with gate.client() as client:
        answer = await client.post("/alert", json=payload)

    assert answer.status_code == 400
    assert "alerts" in answer.json()["why"]
    assert ["invalid"] == gate.world.journal.results("/alert")
    assert [] == gate.world.board.shows


async def test_a_body_over_the_bound_is_cut_off_while_it_arrives(gate: Gate) -> None:
    """413 after the bound, whatever Content-Length claims, without reading the rest."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b"x" * (1024 * 1024)

    async with gate.client() as client:
        answer = await client.post("/alert", content=endless(), headers={"Content-Length": "2"})

    assert answer.status_code == 413
    assert str(MOST_BYTES) in answer.json()["error"]
    assert sent <= 10


async def test_a_body_that_does_not_come_ends_the_wait(gate: Gate) -> None:
    """408: whoever sends slowly does not keep a place for ever."""
    held = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await held.wait()

    async with gate.client(body_within=0.02) as client:
        answer = await client.post("/alert", content=stalled())

    assert answer.status_code == 408


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/alert", "/git"])
async def test_webhooks_are_only_posted(gate: Gate, method: str, path: str) -> None:
    """405, and nothing runs."""
    async with gate.client() as client:
        answer = await client.request(method, path)

    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


async def test_an_alert_whose_card_cannot_be_kept_is_asked_for_again(gate: Gate) -> None:
    """While the store is down the answer is 503, which makes Alertmanager repeat it."""
    from tgk.errors import Unavailable

    class Down:
        async def show(self, *_: object, **__: object) -> None:
            raise Unavailable("the store", "disk full")

    backends = gate.world.dispatcher.backends
    well = backends.board
    object.__setattr__(backends, "board", Down())
    async with gate.client() as client:
        refused = await client.post("/alert", json=notification())
        object.__setattr__(backends, "board", well)
        repeated = await client.post("/alert", json=notification())

    assert refused.status_code == 503
    assert repeated.status_code == 200
    assert len(gate.world.board.keys) == 1


async def test_two_alertmanagers_at_once_leave_one_card(gate: Gate) -> None:
    """High availability means doubled notifications, not doubled cards."""
    notes = gate.world.notes
    read = notes.get

    async def slow(key: str) -> str | None:
        found = await read(key)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return found

    object.__setattr__(notes, "get", slow)
    async with gate.client() as client:
        answers = await asyncio.gather(
            *(client.post("/alert", json=notification()) for _ in range(8))
        )

    assert {answer.status_code for answer in answers} == {200}
    assert len(gate.world.board.keys) == 1


async def test_a_thousand_alerts_in_twenty_groups_are_twenty_cards(gate: Gate) -> None:
    """At most one live message a group, and every alert is in one of them, none cut."""
    groups = [notification(group=f"g{n}", name=f"Alert{n}", count=50) for n in range(20)]

    async with gate.client() as client:
        await asyncio.gather(*(client.post("/alert", json=group) for group in groups))

    board = gate.world.board
    assert len(board.keys) == 20
    lines = [line for key in board.keys for line in board.last(key).blocks[-1].lines]
    assert len(lines) == 1000
    assert all(board.last(key).data["alerts"] == 50 for key in board.keys)


async def test_five_hundred_single_alerts_are_routed_within_a_second_and_more(gate: Gate) -> None:
    """A generous bar for a busy machine: 500 notifications of one alert each in 5 s."""
    payloads = [orjson.dumps(notification(group=f"g{n % 20}")) for n in range(500)]
    began = time.process_time()

    async with gate.client() as client:
        for payload in payloads:
            answer = await client.post("/alert", content=payload)
            assert answer.status_code == 200

    assert time.process_time() - began < 5.0
    assert len(gate.world.board.keys) == 20
    assert gate.count('tgk_webhooks_total{result="success",source="alert"}') == 500
