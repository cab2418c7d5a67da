"""The README's example works as printed, and the links of every page lead somewhere."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tgk.command import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix() for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)
_BLOCK = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return what the headings of a page are called in links."""
    heads = re.findall(r"^#+ (.*)$", _BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.strip().lower()).replace(" ", "-") for head in heads}


@pytest.fixture
def example() -> Iterator[types.ModuleType]:
    """The command that the README tells people to write, as a module."""
    found = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    module = types.ModuleType("commands.oncall")
    sys.modules[module.__name__] = module
    exec(compile(found[1], "README.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    yield module
    del sys.modules[module.__name__]


def test_the_example_is_a_whole_command(example: types.ModuleType) -> None:
    """Copied as printed, it declares one command with its option."""
    declared = [value for value in vars(example).values() if isinstance(value, Command)]

    assert [entry.name for entry in declared] == ["oncall"]
    assert [option.known for option in declared[0].options] == ["service"]


@pytest.mark.parametrize("page", PAGES)
def test_links_within_the_project_lead_somewhere(page: str) -> None:
    """A stranger who clicks finds a page, and the heading on it."""
    links = re.findall(r"\]\(([^)\s]+)[^)]*\)", (ROOT / page).read_text())

    for link in (each for each in links if "://" not in each):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
