"""A change that a kill cut off after its outcome, and that the next process runs again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.chain import Keyring
from audit.journal import AuditJournal
from audit.log import LogSettings
from audit.record import Record
from tgk.caller import Caller
from tgk.ports.journal import Attempt, Conclusion
from tgk.redaction import Redactor
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

CALLER = Caller(person="dana", user_id="7000002", platform="telegram", channel="council")
CHANGE = Attempt("abc", "/scale", {"replicas": "3"}, CALLER, "telegram:1")


async def life(path: Path, *, ends: bool) -> None:
    """Begin the change in a process of its own, and record its end if it comes to that."""
    settings = LogSettings(path=path, keyring=Keyring.of(None))
    async with AuditJournal(settings, redactor=Redactor(b"salt"), clock=FakeClock()) as journal:
        await journal.intend(CHANGE)
        if ends:
            await journal.conclude(CHANGE, Conclusion("success", allowed=True))


@pytest.mark.parametrize(
    ("first_ends", "phases"),
    [(True, ["intent", "outcome"]), (False, ["intent", "intent", "outcome"])],
)
async def test_an_outcome_is_recorded_once_over_restarts(
    tmp_path: Path, first_ends: bool, phases: list[str]
) -> None:
    """Run again after its end nothing is added; run again before it, its end is recorded then."""
    path = tmp_path / "audit.jsonl"

    await life(path, ends=first_ends)
    await life(path, ends=True)

    records = [Record.read(line) for line in path.read_bytes().splitlines()]
    assert phases == [each.phase for each in records if each and each.corr == "abc"]
