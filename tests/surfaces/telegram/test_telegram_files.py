"""Playbooks sent to Telegram as files: with a caption, as what a line replies to, as an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.wire import Upload
from tests.surfaces.telegram.conftest import COUNCIL, TOPIC

if TYPE_CHECKING:
    from sandbox.telegram.state import Message
    from tests.surfaces.telegram.conftest import Phone

FILE = b"""\
name: nightly
triggers:
  - {type: schedule, cron: "0 2 * * *"}
steps:
  - {name: look, command: /monitor health}
"""


def upload(content: bytes = FILE) -> Upload:
    """Return a file as somebody chooses it."""
    return Upload("any.yml", content, "application/x-yaml")


async def send(live: Phone, text: str, content: bytes = FILE, who: str = "devi") -> Message:
    """Send a file with a caption, and return the first answer to it."""
    said = await live.emulator.say(who, COUNCIL, text, TOPIC, document=upload(content))
    return (await live.until(lambda: live.answers(said)))[0]


@pytest.mark.parametrize(
    ("caption", "name"),
    [
        ("/orchestrate library --import", "nightly"),
        ("/orchestrate_library@tgk_council_bot --import", "nightly"),
        ("/orchestrate import nightly", "nightly"),
    ],
)
async def test_a_file_with_a_caption_is_imported_as_a_draft(
    live: Phone, caption: str, name: str
) -> None:
    """Nobody can run it, and so nothing can start it, before it is published."""
    answer = await send(live, caption)
    await live.until(lambda: "is a draft" in live.emulator.message(COUNCIL, answer.id).text)
    refused = await live.ask("dana", f"/orchestrate run --playbook {name}")

    source = await live.world.playbooks.source(name)
    assert (source.origin, source.text.encode()) == ("draft", FILE)
    assert "It is a draft." in refused.text


async def test_the_file_that_a_line_replies_to_is_imported(live: Phone) -> None:
    """Only where the line leaves it to a file; a list of the library takes none."""
    shared = await live.emulator.say("dana", COUNCIL, "look", TOPIC, document=upload())
    listed = await live.emulator.say("devi", COUNCIL, "/orchestrate library", TOPIC, shared.id)
    kept = await live.emulator.say(
        "devi", COUNCIL, "/orchestrate library --import", TOPIC, shared.id
    )
    await live.until(lambda: live.answers(listed) and live.answers(kept))
    await live.until(lambda: "/orchestrate import" in str(live.world.journal.conclusions))

    assert (await live.world.playbooks.source("nightly")).text.encode() == FILE
    assert live.world.journal.results("/orchestrate library") == ["success"]
    assert live.world.journal.results("/orchestrate import") == ["success"]


async def test_a_question_is_answered_by_a_file(live: Phone) -> None:
    """What is too long to be typed on a phone."""
    refused = await live.ask("devi", "/orchestrate import nightly")
    await live.press("devi", refused, "Fill in text")
    question = await live.until(
        lambda: next((e for e in live.emulator.messages(COUNCIL) if "Wanted" in e.text), None)
    )
    said = await live.emulator.say("devi", COUNCIL, "", TOPIC, question.id, document=upload())
    await live.until(lambda: live.answers(said))

    assert (await live.world.playbooks.source("nightly")).text.encode() == FILE.strip()


@pytest.mark.parametrize(
    ("content", "told", "fetched"),
    [(b"\xff\xfe", "no text in UTF-8", 1), (b"#" * 262145, "larger than 256 KiB", 0)],
)
async def test_a_file_that_is_no_playbook_is_refused(
    live: Phone, content: bytes, told: str, fetched: int
) -> None:
    """One that is too large is never fetched; the attempt is recorded."""
    answer = await send(live, "/orchestrate library --import", content)

    assert told in answer.text
    assert len(live.emulator.requests.of("getFile")) == fetched
    assert live.world.journal.last.result == "invalid"


async def test_a_file_that_cannot_be_fetched_is_told(live: Phone) -> None:
    """Whoever sent it can send it again."""
    live.emulator.faults.drop_connection_after_handling("getFile", times=5)

    answer = await send(live, "/orchestrate library --import")

    assert "Telegram" in answer.text
    assert live.world.journal.last.result == "unavailable"


async def test_nobody_else_s_files_are_looked_at(live: Phone) -> None:
    """A file without a command, or with one that takes none, is only a file."""
    await live.emulator.say("devi", COUNCIL, "the new one", TOPIC, document=upload())
    await send(live, "/whoami")

    assert live.emulator.requests.of("getFile") == []
