"""P6: a full disk blocks changes and corrupts nothing."""

from __future__ import annotations

import resource
from collections import deque
from typing import TYPE_CHECKING

import pytest

from audit.space import SpaceRules
from tgk.errors import JournalUnavailable
from tgk.ports.journal import Conclusion

if TYPE_CHECKING:
    from pathlib import Path

    from audit.journal import AuditJournal
    from tests.unit.audit.conftest import Desk


async def test_a_full_disk_refuses_changes_but_concludes_what_began(
    desk: Desk, small_disk: Path
) -> None:
    """The reserve holds the news and the outcomes; then nothing; room brings changes back."""
    desk.setting(path=small_disk / "audit.jsonl", space=SpaceRules(0, 0, 16384))
    async with desk.journal() as journal:
        began = desk.attempt(1, command="/deploy")
        await journal.intend(began)
        filler = small_disk / "filler"
        fill(filler)
        refused = await until_refused(journal, desk)
        await journal.conclude(began, Conclusion("success"))
        level = journal._log.level
        filler.unlink()
        await journal.intend(desk.attempt(3, command="/deploy"))

    assert level == "full"
    assert "MiB are left" in refused
    events = [(each.data["event"], each.result) for each in desk.records(phases=CONFIG)]
    assert ("space", "failure") in events
    assert ("space", "success") in events
    assert [(each.command, each.result) for each in desk.records(corr=began.corr)[1:]] == [
        ("/deploy", "success")
    ]
    assert desk.verdict().intact


CONFIG = frozenset({"config"})


async def until_refused(journal: AuditJournal, desk: Desk) -> str:
    """Write intents until one is refused, and return why."""
    for number in range(100, 400):
        try:
            await journal.intend(desk.attempt(number))
        except JournalUnavailable as error:
            return error.why
    raise AssertionError(desk.path)


def fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        deque(iter(lambda: file.write(b"x" * 1024), 0), maxlen=0)


async def test_a_write_that_stops_half_way_leaves_a_whole_file(desk: Desk) -> None:
    """A limit on the file's size cuts a write in the middle: nothing of it stays."""
    async with desk.journal() as journal:
        await desk.write(3, journal)
        size = desk.path.stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
        try:
            with pytest.raises(JournalUnavailable):
                await journal.intend(desk.attempt(9))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert desk.path.stat().st_size == size
        await journal.intend(desk.attempt(10))

    assert desk.verdict().intact


async def test_little_room_lets_only_administrators_change_things(desk: Desk) -> None:
    """Below the second mark an administrator may still act, to make room."""
    desk.setting(space=SpaceRules(low=1 << 60, admin=1 << 60, reserve=0))
    async with desk.journal(privileged=lambda caller: caller.person == "alex") as journal:
        await journal.intend(
            desk.attempt(1, caller=desk.attempt().caller.model_copy(update={"person": "alex"}))
        )
        with pytest.raises(JournalUnavailable, match="MiB are left"):
            await journal.intend(desk.attempt(2))
        await journal.conclude(desk.attempt(3), Conclusion("success"))


async def test_a_start_on_a_full_disk_is_refused_in_words(desk: Desk, small_disk: Path) -> None:
    """Nothing can be kept, so nothing may change; and the lock is given back."""
    desk.setting(path=small_disk / "audit.jsonl", space=SpaceRules(0, 0, 16384))
    fill(small_disk / "filler")

    with pytest.raises(JournalUnavailable, match="No space left"):
        async with desk.journal():
            pass

    (small_disk / "filler").unlink()
    await desk.write(1)
    assert desk.verdict().intact
