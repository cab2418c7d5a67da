"""The HTTP doors against senders who lie about where they are, and bodies that do harm."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr

from bot.gateway.app import gateway
from bot.gateway.body import SMALL_BYTES
from bot.gateway.metrics import Metrics
from bot.gateway.server import listener, serving
from bot.gateway.starts import Starts
from bot.gateway.triggers import Triggers
from bot.gateway.webhooks import Webhooks
from orchestration.runs.shelf import FolderPlaybooks
from tgk.testing.deliveries import FakeDeliveries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import World

SECRET = "a secret of the webhook"
ALERT = {
    "version": "4",
    "groupKey": "g",
    "status": "firing",
    "alerts": [{"status": "firing", "labels": {"alertname": "A"}, "fingerprint": "1"}],
}


@pytest.fixture
async def client(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A client of this machine, where the server was told to believe every proxy."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    metrics = Metrics()
    starts = Starts(
        world.dispatcher,
        world.policy.directory,
        FolderPlaybooks([]),
        world.operations,
        bounds={},
        clock=world.clock,
        metrics=metrics,
    )
    app = gateway(
        webhooks=Webhooks(
            dispatcher=world.dispatcher,
            directory=world.policy.directory,
            deliveries=FakeDeliveries(),
            starts=starts,
            metrics=metrics,
            git_secret=SecretStr(SECRET),
            alert_token=None,
        ),
        triggers=Triggers(
            starts=starts,
            metrics=metrics,
            event_secret=SecretStr(SECRET),
            hook_secret=SecretStr(SECRET),
        ),
        metrics=metrics,
        alive=lambda: (True, {}),
        ready=lambda: (True, {}),
    )
    with listener("127.0.0.1:0") as bound:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        async with serving(app, bound), httpx.AsyncClient(base_url=address) as opened:
            yield opened


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "::1"},
        {"X-Forwarded-For": "192.0.2.7"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_what_a_proxy_of_this_machine_hands_on_is_not_of_this_machine(
    client: httpx.AsyncClient, world: World, headers: dict[str, str]
) -> None:
    """No header makes a request local, and whatever passed a proxy needs the token."""
    own = await client.post("/alert", json=ALERT)
    handed_on = await client.post("/alert", json=ALERT, headers=headers)

    assert [200, 403] == [own.status_code, handed_on.status_code]
    assert 1 == len(world.board.shows)


@pytest.mark.parametrize("depth", [300, 1000, 100_000])
async def test_deep_json_is_refused_and_not_a_fault(client: httpx.AsyncClient, depth: int) -> None:
    """400 at both doors, signed or not."""
    body = b'{"alerts":' * depth + b"1" + b"}" * depth
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "d",
        "X-Hub-Signature-256": f"sha256={digest}",
    }

    alert = await client.post("/alert", content=body)
    event = await client.post("/git", content=body, headers=headers)

    assert [400, 400] == [alert.status_code, event.status_code]


async def test_large_bodies_that_nobody_vouches_for_are_few_at_once(
    client: httpx.AsyncClient,
) -> None:
    """Beyond that 503, and small ones pass as ever; once they are gone there is room again."""
    sent: list[int] = []
    held = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * (SMALL_BYTES + 1)
        sent.append(1)
        await held.wait()

    async with asyncio.TaskGroup() as group:
        posts = [group.create_task(client.post("/git", content=slow())) for _ in range(12)]
        while len(sent) < len(posts):
            await asyncio.sleep(0.01)
        small = [await client.post("/git", content=b"{}") for _ in range(3)]  # time to read them
        held.set()

    assert sorted(post.result().status_code for post in posts) == [401] * 8 + [503] * 4
    assert [each.status_code for each in small] == [401] * 3
    assert (await client.post("/git", content=b"x" * (SMALL_BYTES + 1))).status_code == 401


async def test_a_delivery_id_of_a_sender_names_no_operation_of_others(
    client: httpx.AsyncClient, world: World
) -> None:
    """GitHub's header is chosen by the sender; its records never join those of other doors."""
    await world.run("/scale event-gateway 3 production", "dana", delivery="telegram:1")
    body = b'{"ref":"refs/heads/main","commits":[]}'
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()

    for delivery in ("telegram:1", "../telegram:1", "1"):
        answer = await client.post(
            "/git",
            content=body,
            headers={
                "X-GitHub-Event": "push",
                "X-GitHub-Delivery": delivery,
                "X-Hub-Signature-256": f"sha256={digest}",
            },
        )
        assert answer.status_code == 200

    seen = [attempt.corr for attempt, _ in world.journal.conclusions]
    assert len(seen) == len(set(seen))
