"""A burst of commands, and the process killed in the middle of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.runtime.clock import SystemClock
from sandbox.cast import default_cast
from sandbox.serving import served
from sandbox.telegram import TelegramEmulator

if TYPE_CHECKING:
    from asyncio.subprocess import Process

BOT, COUNCIL, TOPIC = 7000000, -1001234567890, 25782
BURST, KILL_AFTER = 300, 75
ROOT = Path(__file__).parents[3]


async def started(folder: Path, address: str) -> Process:
    """Start the program."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("burst_bot.py")),
        str(folder),
        address,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.DEVNULL,
    )


def answers(emulator: TelegramEmulator) -> Counter[str]:
    """Return how often each number was answered."""
    return Counter(
        message.text.split("#")[1].split()[0]
        for chat in emulator.chats()
        for message in chat.messages.values()
        if message.sender == BOT and "#" in message.text
    )


async def until_answered(emulator: TelegramEmulator, number: int) -> None:
    """Wait for so many different answers."""
    with emulator.subscribe() as changes:
        async with asyncio.timeout(60):
            while len(answers(emulator)) < number:
                await changes.get()


async def burst(emulator: TelegramEmulator) -> None:
    """Let everybody write at once, in private and in the council: reads and changes in turn."""
    people = [person.name for person in emulator.cast.people]
    for number in range(BURST):
        who = people[number % len(people)]
        line = f"/{'count' if number % 2 else 'echo'} {number}"
        if number % 5:
            await emulator.say(who, text=line)
        else:
            await emulator.say(who, COUNCIL, line, thread=TOPIC)


@pytest.mark.journey
async def test_a_kill_in_a_burst_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Every command is answered exactly once and every change is done exactly once."""
    emulator = TelegramEmulator(default_cast(), SystemClock(), flood_limits=False)
    marks = tmp_path / "marks"
    marks.mkdir()
    async with served({"/telegram": emulator.app()}) as address:
        first = await started(tmp_path, f"{address}/telegram")
        await burst(emulator)
        await until_answered(emulator, KILL_AFTER)
        first.kill()
        await first.wait()
        before = len(answers(emulator))

        emulator.faults.drop_connection_after_handling("sendMessage", times=3)
        second = await started(tmp_path, f"{address}/telegram")
        await until_answered(emulator, BURST)
        second.terminate()
        await second.wait()

    counted = answers(emulator)
    assert before < BURST
    assert {str(number): 1 for number in range(BURST)} == dict(counted)
    assert len(list(marks.iterdir())) == BURST // 2
