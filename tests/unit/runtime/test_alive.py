"""What ``/healthz`` tells of a process."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from bot.process import Process
from bot.runtime.supervise import Supervisor
from tgk.testing.clock import FakeClock


def test_the_records_are_named_as_those_since_the_start() -> None:
    """A count that begins anew with every start does not read like the length of the log."""
    core: Any = SimpleNamespace(
        journal=SimpleNamespace(damages=(), stats=SimpleNamespace(records=4)),
        settings=SimpleNamespace(simulated=True),
        engine=SimpleNamespace(ready=asyncio.Event()),
        off={},
    )
    metrics: Any = None

    alive, details = Process(core, Supervisor(FakeClock()), {}, metrics).alive()

    assert alive
    assert {"damages": [], "records_since_start": 4} == details["audit"]
