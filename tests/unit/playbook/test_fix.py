"""What is certain is mended by single edits; everything else of a file stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestration.playbook.fix import mend
from orchestration.playbook.surroundings import Surroundings
from tests.conftest import ROOT
from tests.unit.playbook.checking import REGISTRY
from tests.unit.playbook.mutations import slips

if TYPE_CHECKING:
    from pathlib import Path

AROUND = Surroundings(registry=REGISTRY)
BROKEN = """\
# a comment   with   spaces
name:    broken
version: 1.10   # kept

steps:
    -   name: one
        tpye: paralel
        branches:
            - steps: [ {command: "/infra rollback --imediate"} ]
    -   name: two
        command: /infra deploy --version ${verison}
"""


def test_only_the_wanted_characters_change() -> None:
    """Comments, spaces and quotes stay."""
    mended = mend(BROKEN.encode(), "b.yml", AROUND)

    assert mended.text == (
        BROKEN.replace("1.10", '"1.10"')
        .replace("tpye: paralel", "type: parallel")
        .replace("--imediate", "--immediate")
    )
    assert '+version: "1.10"   # kept\n' in mended.diff
    assert mended.diff.startswith("--- a/b.yml\n+++ b/b.yml\n")


def test_names_in_expressions_are_never_changed() -> None:
    """Nobody but the author knows what was meant."""
    text = BROKEN.replace("steps:", "parameters: [version]\nsteps:", 1)

    mended = mend(text.encode(), "b.yml", AROUND)

    assert "${verison}" in mended.text
    assert [one.code for one in mended.left] == ["E031"]


def test_mending_twice_changes_nothing() -> None:
    """Not even what cannot be mended."""
    once = mend(BROKEN.encode(), "b.yml", AROUND).text

    again = mend(once.encode(), "b.yml", AROUND)

    assert (again.text, again.diff, again.mended) == (once, "", ())


def test_tabs_become_spaces_and_a_name_is_added() -> None:
    """What moves everything is mended first."""
    mended = mend(b"steps:\n\t- command: /status\n\t  retires: 3\n", "my-book.yml", AROUND)

    assert mended.text == "name: my-book\nsteps:\n  - command: /status\n    retires: 3\n"


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf"])
def test_a_mark_at_the_start_stays(lead: bytes) -> None:
    """Editors of Windows write one."""
    mended = mend(lead + b"name: x\nstesp: [{command: /status}]\n", "x.yml")

    assert mended.text.encode() == lead + b"name: x\nsteps: [{command: /status}]\n"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "playbooks" / "library").glob("*.yml"))[:3], ids=lambda path: path.stem
)
def test_mending_never_makes_a_file_worse(path: Path) -> None:
    """Slips in shipped playbooks: the mended text has no more errors, and is a fixed point."""
    for slip in list(slips(path.read_text()))[::40]:
        once = mend(slip.text.encode(), path.name, AROUND)
        again = mend(once.text.encode(), path.name, AROUND)

        assert once.text == again.text, slip.kind


def test_more_tabs_than_are_told_are_mended_at_once() -> None:
    """Mending again changes nothing, however many there were."""
    text = "name: x\nvariables:\n" + "".join(f"\tv{number}: 1\n" for number in range(3000))
    text += "steps: [/status]\n"

    once = mend(text.encode(), "x.yml")

    assert once.text == text.replace("\t", "  ")
    assert mend(once.text.encode(), "x.yml").diff == ""
