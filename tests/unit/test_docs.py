"""The generated pages are what the program says, and say everything."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import commands
from bot.runtime.settings import Settings
from tgk.discovery import Discovery
from tgk.registry import collect
from tgk.typed import parse_line

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
NAMED = r'"((?:VAULT|JIRA|DATADOG)_[A-Z_]+)"'


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The script that writes the pages."""
    path = ROOT / "scripts" / "generate_docs.py"
    spec = importlib.util.spec_from_file_location("generate_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["docs/commands.md", "docs/configuration.md"])
def test_the_published_page_is_the_generated_one(page: str, generator: ModuleType) -> None:
    """Run scripts/generate_docs.py after changing a command, a key or a variable."""
    assert (ROOT / page).read_text(encoding="utf-8") == generator.pages()[page]


def test_every_command_and_option_is_on_the_page(generator: ModuleType) -> None:
    """Nobody needs the source to know what can be asked."""
    text = generator.pages()["docs/commands.md"]

    for entry in collect(commands):
        assert f"/{entry.name}" in text
        assert entry.summary in text


def test_every_example_is_a_line_of_a_command_that_exists(generator: ModuleType) -> None:
    """The first line of an example can be typed as it stands."""
    names = [entry.name for entry in collect(commands)]

    for name, example in generator.EXAMPLES.items():
        assert parse_line(example.splitlines()[0], names)[0] == name


def test_every_variable_and_key_has_a_meaning(generator: ModuleType) -> None:
    """A row without an explanation would be a row for nobody."""
    text = generator.pages()["docs/configuration.md"]

    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert not [row for row in rows if row.endswith(("|  |", "None |"))]
    assert all(f"`{field.alias}`" in text for field in Settings.model_fields.values())
    assert all(f"| {name} |" in text or f"**{name}**" in text for name in Discovery.model_fields)


def test_every_variable_that_integrations_read_is_on_the_page() -> None:
    """Nobody learns of one from an error alone, nor of a setting of what hears of runs."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "integrations").rglob("*.py")]
    configuration = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    language = (ROOT / "docs/playbooks.md").read_text(encoding="utf-8")
    folder = ROOT / "integrations" / "heralds"
    heralds = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]

    variables = {name for text in sources for name in re.findall(NAMED, text)}
    settings = {
        name
        for text in heralds
        for name in re.findall(r'(?:settings\.get\(|(?:needed|is_on)\(settings, )"(\w+)"', text)
    }

    assert variables >= {"VAULT_ADDR", "JIRA_API_TOKEN", "DATADOG_API_URL"}
    assert settings >= {"webhook", "project", "api_key", "mention"}
    assert [name for name in sorted(variables) if f"| `{name}` |" not in configuration] == []
    assert [name for name in sorted(settings) if f"`{name}`" not in language] == []
