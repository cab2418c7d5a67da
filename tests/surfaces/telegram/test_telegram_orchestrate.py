"""Playbooks typed in Telegram: what is missing is asked for, and answered by replying."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.surfaces.telegram.conftest import COUNCIL, TOPIC
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from sandbox.telegram.state import Message
    from tests.surfaces.telegram.conftest import Phone

RUN = "/orchestrate run --playbook deploy-web-app"


def ending(live: Phone) -> FakeRuns:
    """Let every run succeed the moment it is started."""
    made = FakeRuns(live.world.clock, ends_as="succeeded")
    live.dispatcher.backends = replace(live.dispatcher.backends, runs=made)
    return made


async def test_a_run_is_started_with_pairs(live: Phone) -> None:
    """The end stands where it was asked."""
    runs = ending(live)

    answer = await live.ask("dana", f"{RUN} --parameters version=v1.4.0 watch=60")
    await live.until(lambda: "succeeded" in live.emulator.message(COUNCIL, answer.id).text)

    assert [each.parameters for each in runs.requests] == [{"version": "v1.4.0", "watch": "60"}]


async def test_what_is_missing_is_asked_for_and_answered_by_a_reply(live: Phone) -> None:
    """The question says what the parameter is for; the reply is its value, nothing more."""
    runs = ending(live)
    refused = await live.ask("dana", RUN)
    await live.press("dana", refused, "Fill in version")
    question = await live.until(
        lambda: next(
            (each for each in live.emulator.messages(COUNCIL) if "such as v1.4.0" in each.text
             and each.id != refused.id), None,
        )
    )  # fmt: skip

    said = await live.emulator.say(
        "dana", COUNCIL, "v1.4.0 watch=1", thread=TOPIC, reply_to=question.id
    )
    await live.until(lambda: live.answers(said))

    assert "version: What to deploy, such as v1.4.0" in question.text
    assert runs.requests[0].parameters == {"version": "v1.4.0 watch=1"}


async def test_an_option_that_was_left_out_is_asked_for(live: Phone) -> None:
    """Whatever verb it is; the reply is its value."""
    runs = ending(live)
    refused = await live.ask("dana", "/orchestrate run --checkpoint")
    await live.press("dana", refused, "Fill in playbook")
    question = await live.until(
        lambda: next(
            (each for each in live.emulator.messages(COUNCIL) if "Wanted" in each.text), None
        )
    )
    said = await live.emulator.say(
        "dana", COUNCIL, "daily-backup", thread=TOPIC, reply_to=question.id
    )
    await live.until(lambda: live.answers(said))

    assert [(each.playbook, each.checkpoint) for each in runs.requests] == [("daily-backup", True)]


async def test_a_playbook_is_built_by_replies(live: Phone) -> None:
    """A button asks for the name and the commands; the lines after the first are the commands."""
    card = await live.ask("devi", "/orchestrate create --name mine --interactive")
    await live.until(lambda: live.emulator.message(COUNCIL, card.id).buttons)
    await live.press("devi", card, "Add steps at once")
    question = await live.until(
        lambda: next(
            (each for each in live.emulator.messages(COUNCIL) if "lines:" in each.text), None
        )
    )
    said = await live.emulator.say(
        "devi", COUNCIL, "both\n/test run --suite a\n/test run --suite b", thread=TOPIC,
        reply_to=question.id,
    )  # fmt: skip
    await live.until(lambda: live.answers(said))

    source = await live.dispatcher.backends.playbooks.source("mine")
    assert "name: both\n" in source.text
    assert "/test run --suite a" in source.text
    assert "/test run --suite b" in source.text


async def test_a_step_is_changed_moved_and_taken_back_in_telegram(live: Phone) -> None:
    """Its form shows what stands there now; the answer replaces it."""
    await live.ask("devi", "/orchestrate create --name mine")
    card = await live.ask("devi", "/orchestrate build mine --add wait --step rest --what 5m")
    await live.until(lambda: live.emulator.message(COUNCIL, card.id).buttons)
    await live.press("devi", card, "Change 2: rest")
    step = await live.until(lambda: _shown(live, "step 2 of 2"))
    await live.press("devi", step, "Edit…$")
    question = await live.until(lambda: _shown(live, "what is now:"))
    said = await live.emulator.say("devi", COUNCIL, "nap\n7m", thread=TOPIC, reply_to=question.id)
    await live.until(lambda: live.answers(said))
    await live.press("devi", step, "Move up")  # of a step that is called otherwise now
    edited = (await live.dispatcher.backends.playbooks.source("mine")).text
    changed = await live.until(
        lambda: next((each for each in live.answers(said) if each.buttons), None)
    )
    await live.press("devi", changed, "Undo")
    await live.until(lambda: live.world.journal.results("/orchestrate build").count("success") == 4)

    assert "5m" in question.text
    assert "name: nap\n    wait:\n      for: 7m" in edited
    assert "mine has no such step" in str(live.popups())
    assert "for: 5m" in (await live.dispatcher.backends.playbooks.source("mine")).text


def _shown(live: Phone, words: str) -> Message | None:
    """Return the message that says this, once all of it is there."""
    said = (each for each in live.emulator.messages(COUNCIL) if words in each.text)
    return next((each for each in said if each.buttons or "Reply" in each.text), None)
