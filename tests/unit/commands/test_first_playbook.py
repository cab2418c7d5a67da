"""The tutorial's checks: the page prints what the program prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.conftest import ROOT
from tgk.plain import plain_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

PAGE = ROOT / "docs" / "first-playbook.md"


def written(page: str, folder: Path, *, mended: bool) -> None:
    """Save the playbook of the page as it tells to."""
    [text] = re.findall(r"```yaml\n(name: first\n.*?)```", page, re.DOTALL)
    if mended:
        text = text.replace("instancs", "instances").replace("retires", "retry")
    (folder / "playbooks").mkdir(exist_ok=True)
    (folder / "playbooks" / "first.yml").write_text(text)


def printed(page: str, line: str) -> list[str]:
    """Return what the page says that a line prints."""
    [block] = re.findall(rf"{re.escape(line)}\n```\n\n```text\n(.*?)```", page, re.DOTALL)
    return str(block).splitlines()


async def test_the_slips_of_the_first_playbook_are_told_as_the_page_prints_them(
    world: World, tmp_path: Path
) -> None:
    """From the first line to the last; mended, it is in order in the words of the page."""
    page = PAGE.read_text(encoding="utf-8")

    written(page, tmp_path, mended=False)
    slips = await world.run("/orchestrate validate first", "dana")
    written(page, tmp_path, mended=True)
    mended = await world.run("/orchestrate validate first", "dana")

    told = [line.replace(f"{tmp_path}/", "") for line in plain_lines(slips.reply)]
    assert told == printed(page, "tgk orchestrate validate first")
    [sound] = plain_lines(mended.reply)
    assert f"`{sound}`" in page.replace("\n", " ")


async def test_the_first_playbook_is_simulated_as_the_page_prints_it(
    world: World, tmp_path: Path
) -> None:
    """With its slips mended, and with the ends that the page assumes."""
    page = PAGE.read_text(encoding="utf-8")
    written(page, tmp_path, mended=True)
    [line] = re.findall(r"^tgk (orchestrate validate first --simulate .*)$", page, re.MULTILINE)

    outcome = await world.run(f"/{line}", "dana")

    assert printed(page, f"tgk {line}") == list(plain_lines(outcome.reply))
