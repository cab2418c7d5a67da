"""What the pages tell people to write and to type: it works as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.playbook.expression.functions import FUNCTIONS
from orchestration.playbook.kinds import KEYS, KINDS
from orchestration.playbook.schema import schema
from tests.unit.playbook.checking import REGISTRY, found

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "first-playbook.md"
LANGUAGE = ROOT / "docs" / "playbooks.md"
README = ROOT / "README.md"


def playbooks(page: Path) -> list[str]:
    """Return what a page shows of playbooks; a list of steps alone gets a head."""
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    shown = [block for block in blocks if re.search(r"^steps:", block, re.MULTILINE)]
    head = "name: shown\nparameters: [{name: version, default: v1.4.0}]\n"
    return [block if block.startswith("name:") else head + block for block in shown]


def test_the_first_playbook_has_the_slips_that_the_page_shows() -> None:
    """Told on the printed lines; mended as the page says it is in order."""
    (text,) = playbooks(TUTORIAL)

    told = {f"error[{one.code}]: {one.message}": one.span for one in found(text)}
    mended = found(text.replace("instancs", "instances").replace("retires", "retry"))

    printed = TUTORIAL.read_text(encoding="utf-8")
    assert len(told) == 2
    for message, span in told.items():
        assert f"{message}\n  --> playbooks/first.yml:{span.line}:{span.column}\n" in printed
    assert mended == ()


@pytest.mark.parametrize("page", [LANGUAGE, README], ids=lambda page: page.stem)
def test_every_playbook_on_a_page_is_in_order(page: Path) -> None:
    """Copied as printed, the checker has nothing to say."""
    shown = playbooks(page)

    assert shown
    for text in shown:
        assert found(text, http=True) == (), text


def test_the_page_of_the_language_names_every_key_function_and_verb() -> None:
    """Nobody needs the source to know what can be written."""
    text = LANGUAGE.read_text(encoding="utf-8")
    off = {key for name in ("http", "shell") for key in KINDS[name].keys}
    wanted = {*KEYS, *schema()["properties"], *FUNCTIONS, "default", "has"} - off

    wanted |= {entry.name for entry in REGISTRY if entry.family == "orchestrate"}
    missing = [word for word in sorted(wanted) if not re.search(rf"\b{word}\b", text)]
    assert missing == []
