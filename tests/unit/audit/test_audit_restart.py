"""What a new process finds: orphans, other writers, damage, segments, keys."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from loguru import logger

from audit.acknowledge import request_acknowledgement
from audit.chain import Keyring
from audit.verify import verify
from tgk.errors import ConfigurationInvalid, Conflict, JournalUnavailable
from tgk.ports.journal import Conclusion

if TYPE_CHECKING:
    from tests.unit.audit.conftest import Desk

OUTCOMES = frozenset({"outcome"})


async def test_intents_without_outcome_are_orphans_after_a_restart(desk: Desk) -> None:
    """What the engine goes on with stays open; the rest is recorded as unknown."""
    async with desk.journal() as journal:
        for number in range(3):
            await journal.intend(desk.attempt(number, command="/deploy", args={"env": "staging"}))
        await journal.conclude(desk.attempt(1), Conclusion("success"))

    async with desk.journal() as journal:
        orphans = [orphan.corr[-1] for orphan in journal.orphans]
        lost = await journal.close_orphans(keep={desk.attempt(2).corr})
        kept = [orphan.corr[-1] for orphan in journal.orphans]

    assert orphans == ["0", "2"]
    assert [orphan.corr[-1] for orphan in lost] == ["0"]
    assert kept == ["2"]
    unknown = desk.records(result="unknown")
    assert [(each.command, each.user, dict(each.args)) for each in unknown] == [
        ("/deploy", "dana", {"env": "staging"})
    ]
    assert desk.verdict().intact


async def test_orphans_are_found_over_segments_and_restarts(desk: Desk) -> None:
    """Each segment begins with what the one before it left open."""
    desk.setting(rotate_bytes=2000)
    async with desk.journal() as journal:
        await journal.intend(desk.attempt(77, command="/deploy"))
        await desk.write(30, journal)
    await desk.write(30)

    async with desk.journal() as journal:
        found = [(orphan.corr, orphan.command) for orphan in journal.orphans]

    assert found == [(desk.attempt(77).corr, "/deploy")]


async def test_an_operation_that_goes_on_is_no_orphan_any_more(desk: Desk) -> None:
    """Its intent is written again, its outcome closes both."""
    async with desk.journal() as journal:
        await journal.intend(desk.attempt(5))
    async with desk.journal() as journal:
        await journal.intend(desk.attempt(5))
        await journal.conclude(desk.attempt(5), Conclusion("success"))
        assert journal.orphans == ()

    async with desk.journal() as journal:
        assert journal.orphans == ()


async def test_only_one_process_writes(desk: Desk) -> None:
    """The second one is told which process has the log."""
    async with desk.journal():
        with pytest.raises(Conflict, match=str(os.getpid())):
            async with desk.journal():
                pass

    await desk.write(1)


async def test_a_short_command_that_holds_the_log_is_waited_for(desk: Desk) -> None:
    """A bot that starts meanwhile goes on once it is free, and says in its log why it waits."""
    said: list[str] = []
    shown = logger.add(lambda line: said.append(str(line)), level="INFO")
    first = desk.journal()
    await first.__aenter__()

    async def end_first() -> None:
        while not said:
            await asyncio.sleep(0)
        await first.__aexit__(None, None, None)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(end_first())
        async with desk.journal(patience=1e6):
            logger.remove(shown)

    assert 1 == sum("waiting for it" in line for line in said)


async def test_a_log_that_is_held_for_long_is_not_waited_for_any_longer(desk: Desk) -> None:
    """The bound holds; the refusal is the one that came at once before."""
    async with desk.journal():
        before = desk.clock.monotonic()
        with pytest.raises(Conflict, match=str(os.getpid())):
            async with desk.journal(patience=10.0):
                pass

    assert desk.clock.monotonic() - before == pytest.approx(10.0, abs=0.5)


async def test_files_are_for_their_owner_only(desk: Desk) -> None:
    """The growing file is 0600; closed ones nobody may write."""
    desk.setting(rotate_bytes=2000)
    await desk.write(20)

    modes = {path.name: path.stat().st_mode & 0o777 for path in desk.path.parent.glob("*.jsonl")}

    assert modes.pop("audit.jsonl") == 0o600
    assert set(modes.values()) == {0o400}


async def test_a_new_day_begins_a_new_segment(desk: Desk) -> None:
    """The first record names the closed file, its size and its head."""
    async with desk.journal() as journal:
        await desk.write(2, journal)
        before = journal.anchor()
        desk.clock.jump(datetime(2026, 1, 16, 0, 0, 1, tzinfo=UTC))
        await desk.write(1, journal)

    first = desk.records(phases=frozenset({"rotate"}))[0]
    assert first.data["segment"] == "audit.000000000001.jsonl"
    assert (first.data["size"], first.data["head"]) == (before.size, before.head)
    assert desk.verdict().segments == 2
    assert desk.verdict().intact


async def test_a_kill_between_two_segments_is_mended(desk: Desk) -> None:
    """The old file has its name and the new one is not there yet: nothing is lost."""
    async with desk.journal() as journal:
        await journal.intend(desk.attempt(4))
    desk.path.rename(desk.path.with_name("audit.000000000001.jsonl"))

    async with desk.journal() as journal:
        assert [orphan.corr for orphan in journal.orphans] == [desk.attempt(4).corr]

    assert desk.verdict().intact
    assert desk.verdict().segments == 2


async def test_damage_refuses_changes_until_somebody_acknowledges_it(desk: Desk) -> None:
    """Reads are recorded meanwhile; the evidence stays; after a note by name changes go on."""
    await desk.write(8)
    lines = desk.lines()
    desk.put([*lines[:4], lines[4].replace(b"dana", b"vik_"), *lines[5:]])

    async with desk.journal() as journal:
        await journal.conclude(desk.attempt(50), Conclusion("success"))
        with pytest.raises(JournalUnavailable, match=r"000000000001\.jsonl line 5 was changed"):
            await journal.intend(desk.attempt(51))
    async with desk.journal() as journal:
        assert len(journal.damages) == 1
        with pytest.raises(JournalUnavailable):
            await journal.intend(desk.attempt(52))
        request_acknowledgement(desk.path, "alex", desk.verdict().unsettled)
        await journal.intend(desk.attempt(53))
        assert journal.damages == ()

    verdict = desk.verdict()
    assert [(damage.line, damage.kind) for damage in verdict.damages] == [(5, "changed")]
    assert verdict.unsettled == frozenset()
    assert desk.records(phases=frozenset({"recover"}))[-1].data["by"] == "alex"


async def test_a_note_about_other_damage_acknowledges_nothing(desk: Desk) -> None:
    """An old note cannot excuse new damage."""
    await desk.write(8)
    lines = desk.lines()
    desk.put([*lines[:4], *lines[5:]])
    request_acknowledgement(desk.path, "alex", ["audit.000000000001.jsonl:2:changed"])

    async with desk.journal() as journal:
        with pytest.raises(JournalUnavailable):
            await journal.intend(desk.attempt(1))


@pytest.mark.parametrize("what", ["cut", "grown", "removed", "replaced"])
async def test_meddling_with_the_file_in_use_refuses_changes(desk: Desk, what: str) -> None:
    """Nothing is written into a file that is not the one this process left."""
    async with desk.journal() as journal:
        await desk.write(4, journal)
        whole = desk.path.read_bytes()
        if what in ("removed", "replaced"):
            desk.path.unlink()
        if what != "removed":
            changed = {"cut": whole[:-300], "grown": whole + b"{}\n", "replaced": whole}[what]
            desk.path.write_bytes(changed)

        with pytest.raises(JournalUnavailable, match="while in use"):
            await journal.intend(desk.attempt(9))
        await journal.acknowledge("alex")
        await journal.intend(desk.attempt(10))

    assert desk.verdict().unsettled == frozenset()
    assert desk.records()[-1].corr == desk.attempt(10).corr


async def test_inspection_finds_damage_in_closed_segments(desk: Desk) -> None:
    """A look at everything, beside the writing, refuses changes when an old file was edited."""
    desk.setting(rotate_bytes=2000)
    await desk.write(20)
    oldest = min(desk.path.parent.glob("audit.0*.jsonl"))
    async with desk.journal() as journal:
        assert (await journal.inspect()).intact
        oldest.chmod(0o600)
        oldest.write_bytes(oldest.read_bytes().replace(b"dana", b"vik_"))

        await journal.inspect()

        with pytest.raises(JournalUnavailable, match=oldest.name):
            await journal.intend(desk.attempt(1))
        assert await journal.acknowledge("alex")
        await journal.inspect()
        await journal.intend(desk.attempt(2))


async def test_a_key_is_introduced_and_changed_with_an_announcement(desk: Desk) -> None:
    """The old seal vouches for the new key; both verify what they sealed."""
    old, new = b"the old key", b"the new key"
    desk.setting(keyring=Keyring())
    await desk.write(2)
    desk.setting(keyring=Keyring.of(old))
    await desk.write(2)
    desk.setting(keyring=Keyring.of(new, [old]))
    await desk.write(2)

    verdict = desk.verdict()
    assert verdict.intact
    assert verdict.unkeyed == 5
    assert verdict.unchecked == 0
    assert verify(desk.path, Keyring.of(new)).unchecked == 3


async def test_a_missing_key_is_a_fault_of_the_configuration(desk: Desk) -> None:
    """Without the earlier key the chain cannot be continued, and the start says so."""
    await desk.write(2)
    desk.setting(keyring=Keyring.of(b"another key"))

    with pytest.raises(ConfigurationInvalid, match="earlier key"):
        async with desk.journal():
            pass

    desk.setting(keyring=Keyring.of(b"0123456789abcdef0123456789abcdef"))
    await desk.write(1)
    assert desk.verdict().intact


async def test_simulation_and_policy_stand_in_every_record(desk: Desk) -> None:
    """Nobody can mistake a rehearsal for the real thing."""
    async with desk.journal(simulated=True, policy=lambda: "abc123") as journal:
        await journal.conclude(desk.attempt(), Conclusion("denied", allowed=False, rule="no rule"))

    record = desk.records(phases=OUTCOMES)[0]
    assert record.simulated
    assert (record.allowed, record.rule, record.code) == (False, "no rule", "TGK1003W")
    assert b'"policy":{"sha":"abc123"}' in record.line
