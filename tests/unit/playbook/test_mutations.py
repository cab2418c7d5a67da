"""A slip of the pen is told on the line where it was made."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from orchestration.playbook.load import load
from tests.conftest import ROOT
from tests.unit.playbook.checking import found
from tests.unit.playbook.mutations import Slip, is_still_right, slips

FILES = [
    *sorted((Path(__file__).parent / "examples").glob("*.yml")),
    *sorted((ROOT / "playbooks").rglob("*.yml")),
]
EVERY = {"deleted": 3, "reference": 5, "value": 5}
OTHERS = 10
"""Of all slips of a kind that there is room for, one in so many is tried."""
RULE = """\
A slip is told if a diagnostic that was not there before stands on its line: on the second of two
keys, on whichever of two names was changed, and for a line that is gone on the line that now
stands there or on the one with which the block begins that it stood in. A line that is gone and
not missed counts as told nowhere, unless the values show that the playbook is right without it."""


def test_nineteen_of_twenty_slips_of_every_kind_are_told_on_their_line() -> None:
    """Misspelt keys and values, lines taken away or doubled, tabs and names that do not exist."""
    loaded = [load(path.read_bytes(), path.name).playbook for path in FILES]
    books = {book.name: book for book in loaded if book}
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    missed: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        text = path.read_text()
        usual = {(one.code, one.message) for one in found(text, books)}
        for slip in chosen(text):
            news = [one for one in found(slip.text, books) if (one.code, one.message) not in usual]
            if slip.kind == "deleted" and not news and is_still_right(text, slip.text):
                right[slip.kind] += 1
                continue
            tried[slip.kind] += 1
            if not any(one.span.line in slip.lines for one in news):
                missed[slip.kind].append(f"{path.name}:{max(slip.lines)}")

    sys.stdout.write(f"\n{table(tried, right, missed)}\n")
    assert set(tried) == {"key", "value", "reference", "duplicate", "deleted", "tab"}
    assert all(len(missed[kind]) <= 0.05 * count for kind, count in tried.items()), missed


def chosen(text: str) -> list[Slip]:
    """Return some slips of each kind."""
    by_kind: dict[str, list[Slip]] = defaultdict(list)
    for slip in slips(text):
        by_kind[slip.kind].append(slip)
    return [one for kind, some in by_kind.items() for one in some[:: EVERY.get(kind, OTHERS)]]


def table(tried: Counter[str], right: Counter[str], missed: dict[str, list[str]]) -> str:
    """Return what was tried, told and missed, kind by kind."""
    rows = [f"{'slip':10}{'tried':>7}{'on line':>9}{'share':>8}{'still right':>13}  missed"]
    for kind, count in sorted(tried.items()):
        hits = count - len(missed[kind])
        share = f"{hits / count:.1%}"
        rows.append(
            f"{kind:10}{count:7}{hits:9}{share:>8}{right[kind]:13}  {' '.join(missed[kind])}"
        )
    return "\n".join([RULE, *rows])


@pytest.mark.parametrize(
    ("taken", "is_right"),
    [
        ("    timeout: 5m\n", True),
        ("  - name: two\n", False),
        ("    command: /status\n", False),
        ("name: x\n", False),
    ],
)
def test_the_measure_knows_what_a_playbook_can_do_without(taken: str, is_right: bool) -> None:
    """So that a checker which overlooks a missing line cannot look good."""
    text = (
        "name: x\nsteps:\n  - name: one\n    command: /status\n"
        "  - name: two\n    command: /queue\n    timeout: 5m\n"
    )

    assert is_still_right(text, text.replace(taken, "")) is is_right
