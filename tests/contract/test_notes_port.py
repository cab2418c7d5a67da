"""What every implementation of Notes promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestration.notes import StoredNotes
from orchestration.store import Store
from tests.stores import KINDS, place
from tgk.testing.notes import FakeNotes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tgk.ports.notes import Notes


@pytest.fixture(params=["fake", *KINDS])
async def notes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Notes]:
    """Give each implementation in turn."""
    if request.param == "fake":
        yield FakeNotes()
        return
    async with Store(place(request.param, request, tmp_path)) as store:
        yield StoredNotes(store)


async def test_the_last_value_put_is_returned(notes: Notes) -> None:
    """A second put replaces the first."""
    await notes.put("alert:1", "firing")
    await notes.put("alert:1", "resolved")

    assert await notes.get("alert:1") == "resolved"


async def test_a_dropped_note_is_forgotten(notes: Notes) -> None:
    """Dropping twice is no error, and other notes stay."""
    await notes.put("alert:1", "firing")
    await notes.put("alert:2", "firing")
    await notes.drop("alert:1")
    await notes.drop("alert:1")

    assert (await notes.get("alert:1"), await notes.get("alert:2")) == (None, "firing")
