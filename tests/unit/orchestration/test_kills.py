"""Killed at the worst moment, started again: nothing is lost and nothing is done twice."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("dying.py")
ROOT = Path(__file__).parents[3]


async def live(story: str, directory: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
    """Run one life of a process; return how it ended and what the world saw."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        story,
        str(directory),
        *more,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    return process.returncode or 0, json.loads(out) if out else []


async def killed_and_resumed(story: str, directory: Path) -> list[dict[str, Any]]:
    """Kill the first life, let the second one end; return what the world saw of both."""
    ended, _ = await live(story, directory, "die")
    assert ended == -signal.SIGKILL
    code, seen = await live(story, directory)
    assert code == 0
    return seen


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_message_cut_off_in_sending_stands_once(tmp_path: Path, moment: str) -> None:
    """Whether or not it arrived before the kill, it is there once, and the others in order."""
    seen = await killed_and_resumed(f"board {moment}", tmp_path)

    assert [line["key"] for line in seen] == ["a", "b", "c"]


async def test_a_change_goes_on_after_its_last_remembered_step(tmp_path: Path) -> None:
    """A step that had returned is not done again; the rest follows."""
    seen = await killed_and_resumed("between steps", tmp_path)

    assert [line["step"] for line in seen if "returned" not in line["step"]] == [
        "lock",
        "dispatch",
        "unlock",
        "deployed",
    ]


async def test_a_step_cut_off_is_repeated_and_finds_its_trace(tmp_path: Path) -> None:
    """The effect of the cut step happens once, because the act looks before it repeats."""
    seen = await killed_and_resumed("within a step", tmp_path)

    assert [line["step"] for line in seen if "returned" not in line["step"]] == [
        "lock",
        "dispatch",
        "unlock",
        "deployed",
    ]


async def test_a_change_that_waits_for_the_council_survives(tmp_path: Path) -> None:
    """Killed while waiting, it meets the same question again and goes on with the vote."""
    seen = await killed_and_resumed("council", tmp_path)

    assert [line["step"] for line in seen] == [
        "asked abcdefghij",
        "asked abcdefghij",
        "approved",
        "deployed",
    ]


async def test_a_vote_stands_although_its_card_was_not_drawn(tmp_path: Path) -> None:
    """Killed between the vote and the card, the next life shows the decision."""
    seen = await killed_and_resumed("vote", tmp_path)

    assert [line["step"] for line in seen] == ["open", "approved"]


async def test_a_process_that_keeps_dying_still_shows_every_message_once(tmp_path: Path) -> None:
    """Over ten lives each message is sent once, in order, and shows its end at last."""
    for calls in (1, 2, 3, 8, 1, 4, 7, 2, 9):
        ended, _ = await live(f"storm {calls}", tmp_path, "die")
        assert ended == -signal.SIGKILL
    code, seen = await live("storm 0", tmp_path)

    assert code == 0
    assert [line["key"] for line in seen if "key" in line] == [f"k{number}" for number in range(30)]
    shows = {line.get("key", line.get("edit")): line["title"] for line in seen}
    assert set(shows.values()) == {"ended"}
