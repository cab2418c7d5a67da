"""The tutorial's run: what its lines do, and what they print."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tgk.plain import plain_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.journeys.playbook_stage import Stage

PAGE = (ROOT / "docs" / "first-playbook.md").read_text(encoding="utf-8")
_DIFFERS = r"\d{4}-\d\d-\d\d|\d\d:\d\d|(?<=approval )\w{10}|(\d+ m )?\d+(\.\d)?(?= s\b)"
"""Only times and ids differ, as the page says."""


def _same(lines: list[str]) -> list[str]:
    return [re.sub(r"WF-\d+-\d+", "WF", re.sub(_DIFFERS, "#", line)) for line in lines]


def _blocks() -> list[list[str]]:
    """Return the two looks at the run that the page prints."""
    found = re.findall(r"```text\n(🧩 WF-.*?)```", PAGE, re.DOTALL)
    return [_same(block.splitlines()) for block in found]


@pytest.mark.parametrize("stage", [20.0], indirect=True)  # a quicker clock misses a rollout's end
async def test_the_first_playbook_runs_as_the_page_prints_it(stage: Stage, tmp_path: Path) -> None:
    """Each line that follows the checks, in order; in the end one fails and is gone on with."""
    [text] = re.findall(r"```yaml\n(name: first\n.*?)```", PAGE, re.DOTALL)
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / "first.yml").write_text(
        text.replace("instancs", "instances").replace("retires", "retry")
    )

    async def typed(line: str, run: str = "") -> list[str]:
        """Return what a line of the page prints, said of this run."""
        assert f"tgk {line}" in PAGE
        line = re.sub(r"WF-\d+-\d+", run, line)
        outcome = await stage.dispatcher.run(stage.world.invocation(f"/{line}", "dana"))
        return list(plain_lines(outcome.reply))

    def run_of(lines: list[str]) -> str:
        """Return the run that an answer is about."""
        return re.findall(r"WF-[\d-]+(?:\.\d+)?", lines[0])[0]

    stage.approvals.answer = None
    going = asyncio.ensure_future(typed("orchestrate run first --parameters instances=4"))
    async with asyncio.timeout(20):
        while not (asked := await stage.approvals.open()):
            await asyncio.sleep(0.02)
    waits = await typed("orchestrate status current")
    await stage.approvals.vote(asked[0].id, stage.world.caller("ana"), approve=True)
    run = run_of(await going)
    end = await typed("orchestrate status WF-2026-002", run)
    times = await typed("orchestrate analyze WF-2026-002", run)

    assert [_same(waits), _same(end)] == _blocks()
    assert "Critical path: before → ask → scale → after → finally/#1" in times

    stage.simulated.faults.operations = True
    failed = await stage.run("first", "instances=4")
    stage.simulated.faults.operations = False
    stage.approvals.answer = True
    resumed = await typed("orchestrate resume WF-2026-003", failed["id"])

    assert (failed["state"], failed["steps"][0]["state"]) == ("failed", "failed")
    assert run_of(resumed) == f"{failed['id']}.2"
    assert "succeeded" in resumed[0]
