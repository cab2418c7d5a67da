"""Nothing happens, and nothing is refused, without a record; and no record can be forged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from audit.journal import AuditJournal
from audit.log import LogSettings
from audit.verify import verify
from tgk.dispatcher import Dispatcher
from tgk.redaction import Redactor
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

TOKEN = "ghp_" + "a1B2" * 9
ODD: list[Any] = [
    "\ud800 half a character",
    'a\nb\r\n{"v":1,"seq":2}\u2028\x00\x1b[2J',
    "x" * 1_000_000,
    10**30,
    float("nan"),
    b"\xff",
    {1, 2},
    object(),
    {"a": {"b": ["\udfff"]}},
    TOKEN,
]  # fmt: skip


def nested(depth: int) -> object:
    """Return lists in lists."""
    found: object = "end"
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize("odd", [*ODD, nested(900)], ids=lambda odd: type(odd).__name__)
async def test_every_argument_whatever_it_is_leaves_one_whole_record(
    world: World, tmp_path: Path, odd: Any
) -> None:
    """A refused request and a refused change are each one line, and the chain holds."""
    log = tmp_path / "audit.jsonl"
    redactor = Redactor(b"s" * 32)
    settings = LogSettings(path=log)
    async with AuditJournal(settings, redactor=redactor, clock=FakeClock()) as journal:
        door = Dispatcher(
            admission=world.dispatcher.admission,
            journal=journal,
            operations=world.operations,
            backends=world.dispatcher.backends,
            clock=world.clock,
            redact=redactor.text,
        )
        before = log.read_bytes().count(b"\n")
        raws: list[dict[str, Any]] = [
            {"service": odd, "replicas": 3},
            {"service": "event-gateway", "replicas": 3, "more": odd},
        ]
        for raw in raws:
            outcome = await door.run(world.asked("scale", raw, world.caller("dana")))
            assert outcome.result in ("invalid", "denied", "failure")

    lines = log.read_bytes().split(b"\n")[before:-1]
    assert 2 == len(lines)
    assert ["outcome", "outcome"] == [orjson.loads(line)["phase"] for line in lines]
    assert all(len(line) < 20_000 for line in lines)
    assert TOKEN.encode() not in log.read_bytes()
    assert () == tuple(verify(log, settings.keyring).damages)
    assert [] == world.cluster.scaled


@pytest.mark.parametrize(
    "name", ["no\nsuch", "scale\x00", "\u202eelacs", "S\u212aALE", "", "x" * 99]
)
async def test_a_name_that_is_no_command_is_recorded_and_runs_nothing(
    world: World, name: str
) -> None:
    """Line breaks, look-alikes and nothing at all."""
    raw = {"service": "event-gateway", "replicas": 3}

    outcome = await world.dispatcher.run(world.asked(name, raw, world.caller("alex")))

    assert outcome.result == "invalid"
    assert ["invalid"] == world.journal.results()
    assert [] == world.cluster.scaled


async def test_without_a_working_journal_nothing_is_changed(world: World) -> None:
    """The intent comes first."""
    world.journal.broken = "disk full"

    outcome = await world.run("/scale event-gateway 3 production", "dana")

    assert outcome.result == "unavailable"
    assert [] == world.cluster.scaled
