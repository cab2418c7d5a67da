"""Anchors: posted to chats, kept beside the log, and able to show a rewrite."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from audit.anchors import load
from audit.chain import Keyring
from audit.journal import AuditJournal
from audit.log import LogSettings
from audit.verify import verify
from bot.runtime.settings import ANCHORS
from bot.runtime.witness import Witness
from tgk.caller import Caller
from tgk.ports.journal import Attempt, Conclusion
from tgk.redaction import Redactor
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from tgk.discovery import Discovery

CALLER = Caller(person="dana", user_id="1", platform="cli")


async def test_an_anchor_is_posted_on_both_platforms_and_shows_a_cut(
    tmp_path: Path, discovery: Discovery
) -> None:
    """What the chat remembers, nobody can cut off unseen."""
    clock, board = FakeClock(), FakeBoard()
    path = tmp_path / "audit.jsonl"
    settings = LogSettings(path=path)
    async with AuditJournal(settings, redactor=Redactor(b"salt"), clock=clock) as journal:
        for n in range(5):
            attempt = Attempt(f"corr{n}", "/status", {}, CALLER)
            await journal.conclude(attempt, Conclusion(result="success"))
        witness = Witness(journal, board, discovery, clock=clock, state=tmp_path)
        anchor = await witness.post()

    assert {f"anchor:{anchor.size}:telegram", f"anchor:{anchor.size}:discord"} == set(board.keys)
    anchors = load(tmp_path / ANCHORS)
    assert verify(path, Keyring(), anchors).intact
    path.chmod(0o600)
    kept = path.read_bytes().splitlines(keepends=True)[: anchor.size - 2]
    path.write_bytes(b"".join(kept))
    assert not verify(path, Keyring(), anchors).intact


async def test_nothing_is_posted_while_nothing_happens(
    tmp_path: Path, discovery: Discovery
) -> None:
    """A quiet night stays quiet in the council's chat."""
    clock, board = FakeClock(flows=True), FakeBoard()
    settings = LogSettings(path=tmp_path / "audit.jsonl")
    async with AuditJournal(settings, redactor=Redactor(b"salt"), clock=clock) as journal:
        await journal.anchored(journal.anchor(), ["start"])
        witness = Witness(journal, board, discovery, clock=clock, state=tmp_path)
        task = asyncio.ensure_future(witness.run())
        for _ in range(300):
            await asyncio.sleep(0)
        task.cancel()

    assert () == tuple(board.keys)
