"""P3: any change inside is found at its line. P4: what is before an anchor cannot be rewritten."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.anchors import Anchor, keep, load
from audit.chain import Keyring
from audit.verify import verify
from tests.unit.audit.conftest import Desk
from tgk.errors import InvalidRequest

if TYPE_CHECKING:
    from pathlib import Path


TAMPERING = {
    "an edit": lambda lines: [*lines[:4], lines[4].replace(b"dana", b"vik_"), *lines[5:]],
    "a deletion": lambda lines: [*lines[:4], *lines[5:]],
    "two swapped": lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
    "a duplicate": lambda lines: [*lines[:4], lines[3], *lines[4:]],
    "an insertion": lambda lines: [*lines[:4], lines[8], *lines[4:]],
    "an invention": lambda lines: [*lines[:4], b'{"user":"mallory"}\n', *lines[4:]],
    "no JSON": lambda lines: [*lines[:4], b"\x00\xff\n", *lines[4:]],
    "an empty line": lambda lines: [*lines[:4], b"\n", *lines[4:]],
    "a cut inside": lambda lines: [*lines[:4], lines[4][:50] + b"\n", *lines[5:]],
    "a space added": lambda lines: [*lines[:4], lines[4].replace(b"}\n", b"} \n"), *lines[5:]],
}


@pytest.mark.parametrize("name", TAMPERING)
async def test_tampering_is_found_at_its_line(desk: Desk, name: str) -> None:
    """Whatever is done to the fifth line, the verdict names the fifth line."""
    await desk.write(12)
    assert desk.verdict().intact

    desk.put(TAMPERING[name](desk.lines()))

    assert [damage.line for damage in desk.verdict().damages] == [5]


async def test_removing_the_first_records_is_found(desk: Desk) -> None:
    """A log must begin with its beginning."""
    await desk.write(5)

    desk.put(desk.lines()[1:])

    assert [(each.line, each.kind) for each in desk.verdict().damages] == [(1, "missing")]


async def test_removing_a_whole_segment_is_found(desk: Desk) -> None:
    """Every segment continues the one before it."""
    desk.setting(rotate_bytes=2000)
    await desk.write(30)
    second = sorted(desk.path.parent.glob("audit.0*.jsonl"))[1]

    second.unlink()

    assert [(each.line, each.kind) for each in desk.verdict().damages] == [(1, "missing")]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject, sealed_log: Any) -> None:
    """Any byte of any whole line may be changed to any other: it is found at that line."""
    whole = b"".join(sealed_log.lines())
    place = data.draw(st.integers(0, len(whole) - 2))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
    changed = whole[:place] + bytes([other]) + whole[place + 1 :]
    copy = sealed_log.path.with_name("copy.jsonl")
    copy.write_bytes(changed)

    verdict = verify(copy, sealed_log.settings.keyring)

    assert [whole[:place].count(b"\n") + 1] == [damage.line for damage in verdict.damages]


@pytest.fixture(name="sealed_log")
def written_log(desk: Desk) -> Desk:
    """A log of ten records."""
    asyncio.run(desk.write(8))
    return desk


@pytest.mark.parametrize("keyring", [Keyring(), Keyring.of(b"a key of mallory")])
async def test_a_rewrite_without_the_key_is_found(desk: Desk, keyring: Keyring) -> None:
    """Somebody who computes every seal anew, with no key or another one, is found."""
    await desk.write(5)
    keyed = desk.settings.keyring
    assert verify(desk.path, keyed).intact
    desk.path.unlink()
    desk.setting(keyring=keyring)
    await desk.write(5)
    assert verify(desk.path, keyring).intact

    forged = verify(desk.path, keyed)

    assert [(damage.line, damage.kind) for damage in forged.damages] == [(7, "wrong key")]
    assert forged.unkeyed + forged.unchecked == 7


async def test_without_the_key_at_hand_the_order_is_still_checked(desk: Desk) -> None:
    """Somebody without the key sees that no record is missing, and that seals were not checked."""
    await desk.write(5)
    assert verify(desk.path, Keyring()).unchecked == 7

    desk.put([*desk.lines()[:3], *desk.lines()[4:]])

    assert [each.line for each in verify(desk.path, Keyring()).damages] == [4]


async def test_a_stretch_sealed_without_the_key_is_found(desk: Desk) -> None:
    """Falling back to plain hashes in the middle is not accepted."""
    await desk.write(4)
    kept = desk.lines()
    other = Desk(desk.settings.__class__(path=desk.path.with_name("x.jsonl")))
    await other.write(8)

    desk.put([*kept, *other.lines()[len(kept) :]])

    assert [len(kept) + 1] == [damage.line for damage in desk.verdict().damages]


async def test_cutting_the_end_is_found_with_an_anchor(desk: Desk) -> None:
    """A log alone cannot show that its end is gone; a witness can."""
    async with desk.journal() as journal:
        await desk.write(9, journal)
        anchor = journal.anchor()
    cut = desk.lines()[:6]
    assert desk.verdict([anchor]).intact

    desk.put(cut)

    assert desk.verdict().intact
    assert [damage.kind for damage in desk.verdict([anchor]).damages] == ["truncated"]


async def test_rewriting_with_the_key_is_found_with_an_anchor(desk: Desk) -> None:
    """Even whoever has the key cannot change what was told to a witness."""
    async with desk.journal() as journal:
        await desk.write(9, journal)
        anchor = journal.anchor()
    desk.path.unlink()
    await desk.write(20)
    assert desk.verdict().intact

    found = desk.verdict([anchor]).damages

    assert [(anchor.size, "rewritten")] == [(damage.line, damage.kind) for damage in found]


async def test_anchors_are_kept_in_a_file_and_read_back(desk: Desk, tmp_path: Path) -> None:
    """What is posted to a chat is the same text that the file holds."""
    async with desk.journal() as journal:
        anchor = journal.anchor()
        keep(tmp_path / "anchors", anchor)
        await journal.anchored(anchor, {"telegram:council"})
        keep(tmp_path / "anchors", journal.anchor())

    kept = load(tmp_path / "anchors")

    assert kept[0] == Anchor.parse(str(anchor)) == anchor
    assert desk.verdict(kept).anchors == 2
    with pytest.raises(InvalidRequest):
        Anchor.parse("tgk 12 not-a-seal")


async def test_an_anchor_is_due_after_records_or_time(desk: Desk) -> None:
    """Every quarter of an hour with something new, and every thousand records."""
    async with desk.journal() as journal:
        assert not journal.anchor_is_due()
        await desk.clock.sleep(901)
        assert journal.anchor_is_due()
        await journal.anchored(journal.anchor(), {"telegram:council"})
        assert not journal.anchor_is_due()
        await asyncio.gather(*(desk.write(10, journal) for _ in range(101)))
        assert journal.anchor_is_due()
