"""The README: its example works as printed, and its links lead somewhere."""

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
PAGES = (
    "README.md", "CONTRIBUTING.md", "docs/operations.md", "docs/deploy-workflow.md",
    "docs/playbooks.md", "docs/first-playbook.md", "docs/triggers.md", "docs/providers.md",
)  # fmt: skip


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
    """A stranger who clicks finds a page."""
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    local = [link for link in links if "://" not in link]

    missing = [link for link in local if not ((ROOT / page).parent / link).exists()]

    assert missing == []
