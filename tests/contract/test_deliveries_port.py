"""What every implementation of Deliveries promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestration.deliveries import StoredDeliveries
from orchestration.store import Store
from tests.stores import KINDS, place
from tgk.testing.clock import FakeClock
from tgk.testing.deliveries import FakeDeliveries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tgk.ports.deliveries import Deliveries


@pytest.fixture(params=["fake", *KINDS])
async def deliveries(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Deliveries]:
    """Give each implementation in turn."""
    if request.param == "fake":
        yield FakeDeliveries()
        return
    async with Store(place(request.param, request, tmp_path)) as store:
        yield StoredDeliveries(store, FakeClock())


async def test_only_what_was_not_seen_before_is_accepted(deliveries: Deliveries) -> None:
    """A repeated delivery is left out, within one call and over several."""
    first = await deliveries.accept("telegram", [("1", b"a"), ("2", b"b"), ("1", b"a")])
    again = await deliveries.accept("telegram", [("2", b"b"), ("3", b"c")])

    assert (first, again) == (["1", "2"], ["3"])


async def test_an_empty_batch_is_accepted(deliveries: Deliveries) -> None:
    """A poll that brought nothing is no special case."""
    assert await deliveries.accept("telegram", []) == []


async def test_sources_do_not_know_each_other(deliveries: Deliveries) -> None:
    """The same id from another platform is another delivery."""
    await deliveries.accept("telegram", [("1", b"a")])

    assert await deliveries.accept("git", [("1", b"x")]) == ["1"]
    assert await deliveries.waiting("git") == [("1", b"x")]


async def test_what_was_not_done_waits_in_order(deliveries: Deliveries) -> None:
    """After a restart the unhandled rest is read, oldest first."""
    await deliveries.accept("telegram", [("9", b"i"), ("2", b"b"), ("5", b"e")])
    await deliveries.done("telegram", "2")

    assert await deliveries.waiting("telegram") == [("9", b"i"), ("5", b"e")]


async def test_a_done_delivery_is_recognised_but_its_payload_is_gone(
    deliveries: Deliveries,
) -> None:
    """Handling drops the payload and keeps the id."""
    await deliveries.accept("telegram", [("1", b"a")])
    before = await deliveries.recall("telegram", "1")
    await deliveries.done("telegram", "1")

    assert (before, await deliveries.recall("telegram", "1")) == (b"a", None)
    assert await deliveries.accept("telegram", [("1", b"a")]) == []


async def test_an_unknown_delivery_is_no_error(deliveries: Deliveries) -> None:
    """Asking for or ending what never came changes nothing."""
    await deliveries.done("telegram", "404")

    assert await deliveries.recall("telegram", "404") is None
    assert await deliveries.accept("telegram", [("404", b"n")]) == ["404"]
