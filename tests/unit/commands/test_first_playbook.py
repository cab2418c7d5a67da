"""The tutorial's simulation: the page prints what the program prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.conftest import ROOT
from tgk.plain import plain_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

PAGE = ROOT / "docs" / "first-playbook.md"


async def test_the_first_playbook_is_simulated_as_the_page_prints_it(
    world: World, tmp_path: Path
) -> None:
    """With its slips mended, and with the ends that the page assumes."""
    page = PAGE.read_text(encoding="utf-8")
    [text] = re.findall(r"```yaml\n(name: first\n.*?)```", page, re.DOTALL)
    folder = tmp_path / "playbooks"
    folder.mkdir()
    mended = text.replace("instancs", "instances").replace("retires", "retry")
    (folder / "first.yml").write_text(mended)
    [line] = re.findall(r"^tgk (orchestrate validate first --simulate .*)$", page, re.MULTILINE)
    [printed] = re.findall(r"--simulate [^\n]*\n```\n\n```text\n(.*?)```", page, re.DOTALL)

    outcome = await world.run(f"/{line}", "dana")

    assert printed.splitlines() == list(plain_lines(outcome.reply))
