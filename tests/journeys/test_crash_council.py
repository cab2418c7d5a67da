"""A deployment that the council decides, and the bot killed at every turn of it."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the scene is no package of its own

from crash_world import Scene, scene

if TYPE_CHECKING:
    from sandbox.telegram.state import Message

DANA = 7000002
LINE = "/deploy production v1.4.0 refinory-api"
DONE = "v1.4.0"
LONG_FLOOD = 600.0

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


def button(messages: list[Message], label: str) -> tuple[Message, str] | None:
    """Return the newest message with a button of that label, and what the button sends."""
    for message in reversed(messages):
        for each in message.buttons:
            if each["text"].endswith(label):
                return message, str(each["callback_data"])
    return None


async def press(played: Scene, who: str, chat: int, label: str) -> None:
    """Wait for a button and press it."""
    telegram = played.stage.telegram
    await played.until(lambda: button(telegram.messages(chat), label) is not None)
    found = button(telegram.messages(chat), label)
    assert found is not None
    await telegram.press(who, chat, found[0].id, found[1])


async def asked(played: Scene) -> None:
    """Let dana ask for the deployment and confirm it, until the council has the card."""
    await played.started()
    await played.say("dana", LINE)
    await press(played, "dana", DANA, "Deploy")
    council, telegram = played.stage.cast.council_chat, played.stage.telegram
    await played.until(lambda: button(telegram.messages(council), "Approve") is not None)


def decision(played: Scene) -> str:
    """Return what the bot has stored of the council's decision."""
    with sqlite3.connect(f"file:{played.folder}/state/tgk.sqlite?mode=ro", uri=True) as store:
        rows = store.execute("SELECT state FROM approvals").fetchall()
    return str(rows[0][0]) if rows else ""


async def ended(played: Scene) -> None:
    """Wait for every report, and let what else may come, come."""

    def reported() -> bool:
        council, discord = played.mirrored()
        here = [m.text for m in played.said() if m.chat == DANA]
        shown = [any("Result: done" in text for text in texts) for texts in (here, council)]
        return all(shown) and any("done in" in text for text in discord)

    await played.until(reported, every=0.05)
    await played.until(
        lambda: any(r.command == "/deploy" and r.result == "success" for r in played.records()),
        every=0.05,
    )
    await played.stop()


def assert_told_once(played: Scene) -> None:
    """One run, one report in each place, one voice, one outcome, and a whole audit log."""
    council, discord = played.mirrored()
    council = [text for text in council if "Your voice" not in text]  # a late answer to the press
    here = [message.text for message in played.said() if message.chat == DANA]

    assert ["v1.4.0"] == [run.inputs["tag"] for run in played.stage.world.runs]
    assert 1 == played.greetings()
    assert 1 == sum("Result: done" in text for text in here)
    assert [2, 2] == [len(council), len(discord)], (council, discord)
    assert 1 == sum("Approved by ana" in text for text in council)
    assert 1 == sum("Approved by ana" in text for text in discord)
    assert 1 == sum("Result: done" in text for text in council)
    ends = Counter(
        (record.command, record.result)
        for record in played.records()
        if record.phase == "outcome" and record.command in ("/deploy", "/approve")
    )
    assert {
        ("/deploy", "pending"): 1,
        ("/deploy", "success"): 1,
        ("/approve", "success"): 1,
    } == ends
    assert played.proved()


async def test_a_kill_while_the_council_is_asked_keeps_the_question(tmp_path: Path) -> None:
    """The card of the first life decides in the second."""
    async with scene(tmp_path) as played:
        await asked(played)
        await played.kill()

        await played.started()
        await press(played, "ana", played.stage.cast.council_chat, "Approve")
        await ended(played)

        assert_told_once(played)


async def test_a_voice_given_while_the_bot_is_dead_counts(tmp_path: Path) -> None:
    """Telegram keeps the press; the next life counts it."""
    async with scene(tmp_path) as played:
        await asked(played)
        await played.kill()
        await press(played, "ana", played.stage.cast.council_chat, "Approve")

        await played.started()
        await ended(played)

        assert_told_once(played)


async def test_a_kill_between_the_voice_and_the_card_loses_neither(tmp_path: Path) -> None:
    """The voice is stored while Telegram takes no edit; the next life shows it and goes on."""
    async with scene(tmp_path) as played:
        await asked(played)
        played.stage.telegram.faults.flood(LONG_FLOOD)
        await press(played, "ana", played.stage.cast.council_chat, "Approve")
        await played.until(lambda: decision(played) == "approved", every=0.001)
        await played.kill()
        assert not any("Approved by" in text for text in played.mirrored()[0])
        played.stage.telegram.faults.clear()

        await played.started()
        await ended(played)

        assert_told_once(played)


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.1, 1.0])
async def test_a_kill_after_the_dispatch_starts_no_second_run(tmp_path: Path, delay: float) -> None:
    """The next life finds the run that was started, follows it, and reports once."""
    async with scene(tmp_path) as played:
        await asked(played)
        await press(played, "ana", played.stage.cast.council_chat, "Approve")
        await played.until(lambda: bool(played.stage.world.runs), every=0.0)
        await played.wait(delay)
        await played.kill()

        await played.started()
        await ended(played)

        assert_told_once(played)
