"""What ``/healthz`` tells of a process."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from bot.process import Process
from bot.runtime.supervise import Supervisor
from tgk.testing.clock import FakeClock


def process(*, away: str = "", shared: bool = True) -> Process:
    """Return a process whose platforms are all well."""
    ready = asyncio.Event()
    ready.set()
    core: Any = SimpleNamespace(
        journal=SimpleNamespace(damages=(), stats=SimpleNamespace(records=4)),
        settings=SimpleNamespace(simulated=True),
        engine=SimpleNamespace(ready=ready),
        memory=SimpleNamespace(store=SimpleNamespace(away=away, shared=shared)),
        off={},
    )
    metrics: Any = None
    return Process(core, Supervisor(FakeClock()), {}, metrics)


def test_the_records_are_named_as_those_since_the_start() -> None:
    """A count that begins anew with every start does not read like the length of the log."""
    alive, details = process().alive()

    assert alive
    assert {"damages": [], "records_since_start": 4} == details["audit"]


@pytest.mark.parametrize(
    ("away", "shared", "well"), [("", True, True), ("It is gone.", True, False),
                                 ("It is full.", False, True)],
)  # fmt: skip
def test_a_store_that_is_away_is_no_death_but_nothing_is_taken(
    away: str, *, shared: bool, well: bool
) -> None:
    """Both probes say why; what a file was like at the last write says nothing of the next."""
    process_ = process(away=away, shared=shared)
    told = {"state": "away" if away else "up", "why": away}

    alive, details = process_.alive()
    ready, more = process_.ready()

    assert (True, well) == (alive, ready)
    assert told == details["store"] == more["store"]
