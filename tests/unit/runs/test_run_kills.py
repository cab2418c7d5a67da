"""Killed at any event of a nested run and started again: each step's effect is there once."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.runs.runs_world import Effects

SCRIPT = Path(__file__).with_name("runs_world.py")
ROOT = Path(__file__).parents[3]
NEVER = 1_000_000
STORY = """
name: story
transaction: true
variables: {kind: full}
steps:
  - {name: start, command: /mark start, undo: [/mark undo-start]}
  - name: check
    condition: start.success
    steps:
      - {name: c1, command: /mark c1}
      - {name: never, command: /mark never, condition: "kind == 'no'"}
  - name: fan
    branches:
      - name: left
        steps:
          - {name: l1, command: /mark l1, undo: [/mark undo-l1]}
          - {name: l2, command: /mark l2 --fails 1, retry: {max: 2, delay: 0.01}}
          - name: deep
            branches:
              - {name: x, steps: [{name: x1, command: /mark x1}, {name: x2, command: /mark x2}]}
              - {name: y, steps: [{name: y1, command: /mark y1}]}
      - name: right
        steps:
          - {name: ok, type: approval, prompt: "Go on?"}
          - {name: r1, command: /mark r1}
  - {name: each, items: [a, b], as: it, steps: [{name: do, command: "/mark e-${it}"}]}
  - name: wide
    items: [a, b, c]
    as: it
    max_parallel: 2
    steps: [{name: go, command: "/mark w-${it}"}, {name: nx, command: "/mark v-${it}"}]
  - name: side
    type: conditional
    condition: kind == "full"
    then: [{name: t1, command: /mark t1}]
    else: [{name: t2, command: /mark t2}]
  - {name: heal, command: /mark heal --fails 9, recover: true, on_failure: [/mark healed]}
  - {name: bad, command: /mark bad --fails 9, on_failure: [/mark told]}
  - /mark unreached
finally: [/mark last]
"""
DONE = {
    "start", "c1", "l1", "l2", "x1", "x2", "y1", "r1", "e-a", "e-b", "w-a", "w-b", "w-c", "v-a",
    "v-b", "v-c", "t1", "healed", "told", "undo-l1", "undo-start", "last",
}  # fmt: skip


async def live(folder: Path, fuse: int) -> tuple[int, dict[str, object]]:
    """Run one life; return how it ended and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(folder), str(fuse),
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(90):
        out, _ = await process.communicate()
    return process.returncode or 0, json.loads(out) if out else {}


def told(folder: Path) -> tuple[set[str], list[str]]:
    """Return what was done, and what was done more than once."""
    names = Effects(folder).names
    return set(names), [name for name, count in Counter(names).items() if count > 1]


@pytest.mark.parametrize("step", [11, 17, 29])
async def test_a_run_killed_again_and_again_does_each_step_once(tmp_path: Path, step: int) -> None:
    """Every life ends a few events further on; the last one reaches the end."""
    (tmp_path / "story.yaml").write_text(STORY)
    lives, fuse, code, end = 0, 2 + step % 7, -signal.SIGKILL, {}
    while code == -signal.SIGKILL and lives < 40:
        code, end = await live(tmp_path, fuse)
        fuse, lives = fuse + step, lives + 1

    done, twice = told(tmp_path)
    assert (code, end.get("state")) == (0, "rolled_back"), end
    assert lives > 2
    assert (done, twice) == (DONE, [])


@pytest.mark.parametrize("share", [0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95])
async def test_one_kill_anywhere_loses_and_doubles_nothing(tmp_path: Path, share: float) -> None:
    """The fuse burns down at a share of all the events of an undisturbed run."""
    (tmp_path / "story.yaml").write_text(STORY)
    code, _ = await live(tmp_path, int(share * 190))
    assert code == -signal.SIGKILL
    code, end = await live(tmp_path, NEVER)

    done, twice = told(tmp_path)
    assert (code, end.get("state")) == (0, "rolled_back"), end
    assert (done, twice) == (DONE, [])


@pytest.mark.bench
@pytest.mark.timeout(3600)
async def test_a_kill_at_every_single_event_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """One run for each event there is: killed exactly there, started again, looked at."""
    turn, faults = asyncio.Semaphore(2), []

    async def killed_at(event: int) -> bool:
        async with turn:
            folder = tmp_path / str(event)
            folder.mkdir()
            (folder / "story.yaml").write_text(STORY)
            first, _ = await live(folder, event)
            code, end = (await live(folder, NEVER)) if first else (0, {"state": "rolled_back"})
            done, twice = told(folder)
            if (code, end.get("state"), done, twice) != (0, "rolled_back", DONE, []):
                faults.append((event, code, end, DONE - done, twice))
            return first == -signal.SIGKILL

    events, killed = 0, [True]
    while all(killed):
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(killed_at(events + each)) for each in range(1, 21)]
        killed = [each.result() for each in lives]
        events += sum(killed)

    print(f"{events} events, a kill at each")  # noqa: T201 - the figure
    assert events > 150
    assert faults == []
