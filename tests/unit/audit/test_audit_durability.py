"""P1: no side effect without a durable intent. P2: what is acknowledged survives a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.chain import Keyring
from audit.verify import verify
from tgk.errors import JournalUnavailable

if TYPE_CHECKING:
    import threading

    from tests.unit.audit.conftest import Desk

ROOT = Path(__file__).parents[3]
WRITER = Path(__file__).with_name("audit_writer_process.py")


async def test_an_intent_is_on_disk_when_intend_returns(desk: Desk) -> None:
    """Whoever reads the file at that moment finds the intent, with everything needed."""
    async with desk.journal() as journal:
        await journal.intend(desk.attempt(7, command="/deploy", args={"env": "staging"}))

        found = desk.records(phases=frozenset({"intent"}))

    assert [(each.corr, each.command, each.args, each.result) for each in found] == [
        ("corr000000000007", "/deploy", {"env": "staging"}, "pending")
    ]


async def test_an_intent_that_cannot_be_written_is_refused(desk: Desk) -> None:
    """A journal that was closed says so instead of letting the change begin."""
    journal = desk.journal()
    async with journal:
        await journal.intend(desk.attempt())

    with pytest.raises(JournalUnavailable, match="closing"):
        await journal.intend(desk.attempt(1))

    assert journal.stats.blocked == 1


async def test_a_disk_that_hangs_refuses_after_the_time_limit(
    desk: Desk, hanging_disk: threading.Event
) -> None:
    """An intent is not waited for without end."""
    async with desk.journal(timeout=0.05) as journal:
        hanging_disk.clear()

        with pytest.raises(JournalUnavailable, match=r"within 0\.05 s"):
            await journal.intend(desk.attempt())
        hanging_disk.set()


async def test_a_full_queue_refuses_at_once(desk: Desk, hanging_disk: threading.Event) -> None:
    """The queue is bounded: beyond it nobody waits."""
    async with desk.journal(queue_bound=2, timeout=0.2) as journal:
        hanging_disk.clear()
        results = await asyncio.gather(
            *(journal.intend(desk.attempt(number)) for number in range(6)), return_exceptions=True
        )
        hanging_disk.set()

    whys = [error.why for error in results if isinstance(error, JournalUnavailable)]
    assert "Its queue is full." in whys


def test_every_acknowledged_record_survives_kills(tmp_path: Path) -> None:
    """Killed at various moments, again and again, the log has each of them and verifies."""
    path, acknowledged = tmp_path / "audit.jsonl", []

    for lines in (20, 331, 74, 613, 158, 902):
        acknowledged += killed_after(path, lines)

    text = b"".join(file.read_bytes() for file in sorted(tmp_path.glob("audit*.jsonl"))).decode()
    written = {line.split('"corr":"')[1].split('"')[0] for line in text.splitlines() if line}
    assert set(acknowledged) - written == set()
    assert len(acknowledged) > 100
    verdict = verify(path, Keyring())
    assert verdict.damages == ()
    assert verdict.segments > 1


def killed_after(path: Path, lines: int) -> list[str]:
    """Run a writer, kill it after so many acknowledgements, and return all that were printed."""
    with subprocess.Popen(
        [sys.executable, str(WRITER), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout
        seen = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        seen += process.stdout.readlines()
    return [line.strip() for line in seen if line.endswith("\n")]


async def test_a_torn_last_line_is_cut_and_the_cut_is_recorded(desk: Desk) -> None:
    """What a kill left half-written was acknowledged to nobody; the log says how much it was."""
    await desk.write(3)
    with desk.path.open("ab") as file:
        file.write(b'{"v":1,"seq":')

    await desk.write(1)

    recovered = desk.records(phases=frozenset({"recover"}))
    assert [dict(each.data) for each in recovered] == [{"event": "torn end", "bytes": 13}]
    assert desk.verdict().intact


async def test_a_log_torn_in_its_first_line_begins_anew(desk: Desk) -> None:
    """A kill in the very first write leaves nothing that anybody relied on."""
    desk.path.write_bytes(b'{"v":1,"se')

    await desk.write(1)

    assert desk.verdict().intact
    assert desk.records()[1].data["event"] == "torn end"


async def test_a_batch_costs_one_sync(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred records that come together are made durable by a handful of syncs."""
    syncs, real = [], os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda handle: (syncs.append(handle), real(handle)))

    async with desk.journal() as journal:
        await asyncio.gather(*(desk.write(1, journal) for _ in range(200)))

    assert len(syncs) < 20
    assert desk.verdict().records == 202
