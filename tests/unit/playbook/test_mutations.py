"""A slip of the pen is told on the line where it was made."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from orchestration.playbook.load import load
from tests.conftest import ROOT
from tests.unit.playbook.checking import found
from tests.unit.playbook.mutations import slips

FILES = [
    *sorted((Path(__file__).parent / "examples").glob("*.yml")),
    *sorted((ROOT / "playbooks").rglob("*.yml")),
]
EVERY = 7
"""Of all slips that there is room for, one in so many is tried."""


def test_nineteen_of_twenty_slips_are_told_on_their_line() -> None:
    """Misspelt keys and values, lines taken away or doubled, tabs and names that do not exist."""
    loaded = [load(path.read_bytes(), path.name).playbook for path in FILES]
    books = {book.name: book for book in loaded if book}
    tried: Counter[str] = Counter()
    missed: list[str] = []
    kinds: Counter[str] = Counter()
    for path in FILES:
        text = path.read_text()
        usual = {(one.code, one.message) for one in found(text, books)}
        for slip in list(slips(text))[::EVERY]:
            news = [one for one in found(slip.text, books) if (one.code, one.message) not in usual]
            if slip.silent and not news:
                continue
            tried[slip.kind] += 1
            if not any(one.span.line in slip.lines for one in news):
                missed.append(f"{path.name}:{max(slip.lines)} {slip.kind}")
                kinds[slip.kind] += 1

    assert set(tried) == {"key", "value", "reference", "duplicate", "deleted", "tab"}
    assert len(missed) <= 0.05 * tried.total(), missed
    assert all(kinds[kind] <= 0.1 * count for kind, count in tried.items()), missed
