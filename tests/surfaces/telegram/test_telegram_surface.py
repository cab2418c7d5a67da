"""What people of the cast see when they talk to the bot in Telegram."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from bot.runtime.clock import SystemClock
from bot.telegram.conversation import popup_patience
from bot.telegram.crew import Crew
from bot.telegram.menu import Menu
from bot.telegram.popup import popup
from orchestration.buttons import StoredButtons
from tgk.command import Command
from tgk.errors import ConfigurationInvalid, Rejected, TgkError, Unavailable
from tgk.options import Request
from tgk.outcome import Outcome
from tgk.ports.board import Place
from tgk.ports.cluster import Workload
from tgk.registry import Registry
from tgk.reply import Action, Reply, Text
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from bot.telegram.surface import TelegramSurface
    from sandbox.telegram.state import Message
    from tests.surfaces.telegram.conftest import Phone
    from tgk.context import Context

COUNCIL, TOPIC, BOT = -1001234567890, 25782, 7000000


async def test_a_command_is_answered_where_it_was_asked(live: Phone) -> None:
    """The answer is a reply in the same topic, and it is journaled."""
    answer = await live.ask("devi", "/status event-gateway")

    assert answer.thread == TOPIC
    assert "event-gateway" in answer.text
    assert live.world.journal.results("/status") == ["success"]


async def test_the_menu_is_set_once(live: Phone) -> None:
    """People see the listed commands; a second start with the same ones sets nothing."""
    await live.surface.close()
    second = live.make_surface()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(second.run())
        await live.until(lambda: second.ready or len(live.emulator.requests.of("getMe")) > 1)
        await second.close()

    names = {each["command"] for menu in live.emulator.commands.values() for each in menu}
    assert {"status", "logs", "deploy", "scale", "ask", "help", "whoami"} <= names
    assert len(live.emulator.requests.of("setMyCommands")) == 1


async def test_a_refusal_says_why_and_who(live: Phone) -> None:
    """A viewer who scales is told what is missing; nothing is scaled."""
    answer = await live.ask("vik", "/scale event-gateway 3")

    assert "/scale was not done." in answer.text
    assert "You have: viewer" in answer.text
    assert live.world.journal.results("/scale") == ["denied"]


async def test_whoever_lacks_the_right_asks_the_council_from_the_refusal(live: Phone) -> None:
    """One press, for the one refused alone; once the council said yes it is done, and said so."""
    live.world.approvals.answer = True
    live.world.cluster.put("production", "event-gateway", Workload("Running", "v1.2.3", 2, 2))
    refused = await live.ask("vik", "/scale event-gateway 3")

    await live.press("devi", refused, "Ask for approval")
    await live.press("vik", refused, "Ask for approval")
    await live.until(lambda: live.world.cluster.scaled)

    assert live.popups()[0] == "This button is only for vik."
    assert [("production", "event-gateway", 3)] == live.world.cluster.scaled
    assert ["Exception for vik: /scale"] == [each.title for each in live.world.approvals.asked]


async def test_a_typing_error_is_explained_with_the_usage(live: Phone) -> None:
    """An unknown option is named, and the command is not run."""
    answer = await live.whisper("devi", "/logs event-gateway --tial 5")

    assert "/logs was not run." in answer.text
    assert "did you mean --tail?" in answer.text


async def test_an_unknown_command_is_answered_only_where_it_is_meant_for_us(live: Phone) -> None:
    """Silence for what other bots may understand, a suggestion in private or when addressed."""
    silent = await live.emulator.say("devi", COUNCIL, "/statsu", thread=TOPIC)
    other = await live.emulator.say("devi", COUNCIL, "/status@other_bot", thread=TOPIC)
    addressed = await live.ask("devi", "/statsu@tgk_council_bot")
    private = await live.whisper("devi", "/statsu")

    assert "Did you mean /status?" in addressed.text
    assert "Did you mean /status?" in private.text
    assert live.answers(silent) + live.answers(other) == []


async def test_other_topics_and_chatter_are_left_alone(live: Phone) -> None:
    """Only the council's topic and private chats are doors."""
    elsewhere = await live.emulator.say("devi", COUNCIL, "/status event-gateway")
    chatter = await live.emulator.say("devi", text="hello")
    await live.whisper("devi", "/whoami")

    assert live.answers(elsewhere) + live.answers(chatter) == []


async def test_a_change_keeps_one_message_where_it_was_asked(live: Phone) -> None:
    """Progress and end are one message under the change's own key; nothing else answers."""
    running = Workload(state="Running", version="v1", ready=2, desired=2)
    live.world.cluster.put("production", "event-gateway", running)
    said = await live.emulator.say("dana", COUNCIL, "/scale event-gateway 3", thread=TOPIC)
    await live.until(lambda: any("3" in each.text for each in live.answers(said)))
    (update,) = live.world.operations.ran

    assert len(live.answers(said)) == 1
    async with asyncio.timeout(5):
        while (ref := await live.board.ref(f"op:{update.corr}")) is None:
            await asyncio.sleep(0)
    assert int(ref.message) == live.answers(said)[0].id
    assert await live.board.ref(update.delivery) is None
    assert live.world.cluster.scaled == [("production", "event-gateway", 3)]


async def test_a_protected_deployment_asks_the_asker_first(live: Phone) -> None:
    """The question's button is for the asker alone; nothing has started before it is pressed."""
    question = await live.ask("dana", "/deploy production v1.2.3")
    assert live.world.operations.ran == []

    await live.press("alex", question, "Deploy")
    assert live.popups() == ["This button is only for dana."]

    await live.press("dana", question, "Deploy")
    await live.until(lambda: live.world.operations.ran)
    assert [each.command for each in live.world.operations.ran] == ["deploy"]


async def minted(live: Phone, action: Action, where: str = "council") -> Message:
    """Put up a card with one button and return its message."""
    from tgk.ports.board import Place

    place = Place(platform="telegram", room=where)
    await live.board.show("card", place, Reply(topic="notice", title="Card", actions=(action,)))

    def card() -> list[Message]:
        return [each for each in live.emulator.messages(COUNCIL) if "Card" in each.text]

    return (await live.until(card))[0]


async def test_a_press_by_somebody_without_the_right_is_a_popup(live: Phone) -> None:
    """Only the presser reads the refusal; the chat stays quiet."""
    action = Action(label="Scale", command="scale", arguments={"service": "event-gateway"})
    action = action.model_copy(update={"arguments": {**action.arguments, "replicas": 2}})
    card = await minted(live, action)

    await live.press("vik", card, "Scale")

    (popup,) = live.emulator.popups
    assert popup.alert
    assert popup.text.startswith("/scale was not done.")
    assert live.answers(card) == []


async def test_a_button_for_one_person_refuses_the_others(live: Phone) -> None:
    """Whoever else presses reads whose button it is; an old token says that it is old."""
    card = await minted(live, Action(label="Go", command="whoami", only="dana"))

    await live.press("devi", card, "Go")
    query = await live.emulator.press_anyway("dana", COUNCIL, card.id, "tgk:a:aaaaaaaaaa")
    await live.until(lambda: live.asked("answerCallbackQuery", query.id))

    assert live.popups()[0] == "This button is only for dana."
    assert live.world.journal.results("/whoami") == ["denied"]
    assert live.world.journal.results("/button") == ["denied"]
    assert live.popups()[1].startswith("This button no longer works.")


async def test_a_refusal_of_a_press_has_time_to_stay_private(live: Phone) -> None:
    """On a busy machine it may take seconds; what all may read is not waited for so long."""
    card = {"service": "event-gateway", "replicas": 2, "env": "production"}
    asked = {
        person: live.world.asked("scale", card, live.world.caller(person))
        for person in ("vik", "dana")
    }

    patience = {who: popup_patience(live.dispatcher.preview(each)) for who, each in asked.items()}

    assert patience["dana"] <= 2.0
    assert 5.0 <= patience["vik"] < 10.0


async def test_a_late_press_reads_that_its_time_is_over(live: Phone) -> None:
    """The popup names how long the button worked and the command to use again."""
    card = await minted(live, Action(label="Go", command="whoami"))
    three_minutes_ago = FakeClock(SystemClock().now() - timedelta(minutes=3))
    late = Action(label="Late", command="whoami", lifetime=120)
    (token,) = await StoredButtons(live.store, three_minutes_ago).mint([late])

    query = await live.emulator.press_anyway("dana", COUNCIL, card.id, token)
    await live.until(lambda: live.asked("answerCallbackQuery", query.id))

    why = "Its 2 minutes are over, and nothing was done. Use /whoami again."
    assert [f"This button no longer works. {why}"] == live.popups()
    assert live.world.journal.results("/whoami") == []


async def test_a_late_confirmation_loses_its_buttons(live: Phone) -> None:
    """A question whose time is over no longer looks as if it could be answered."""
    card = await minted(live, Action(label="Go", command="whoami"))
    three_minutes_ago = FakeClock(SystemClock().now() - timedelta(minutes=3))
    late = Action(label="Late", command="scale", confirms=True, lifetime=120)
    (token,) = await StoredButtons(live.store, three_minutes_ago).mint([late])

    await live.emulator.press_anyway("dana", COUNCIL, card.id, token)
    await live.until(lambda: not live.emulator.message(COUNCIL, card.id).buttons)

    assert live.world.operations.ran == []


async def test_a_pressed_read_is_answered_under_its_card(live: Phone) -> None:
    """A press of a read runs it as the presser."""
    arguments = {"service": "event-gateway"}
    card = await minted(live, Action(label="Look", command="status", arguments=arguments))

    await live.press("devi", card, "Look")

    (answer,) = await live.until(lambda: live.answers(card))
    assert "event-gateway" in answer.text


async def test_a_button_that_asks_is_answered_in_words(live: Phone) -> None:
    """The question is a forced reply; the reply runs the command with the words put in."""
    card = await minted(live, Action(label="Look…", command="status", asks=("service",)))

    await live.press("devi", card, "Look")
    (question,) = await live.until(lambda: live.answers(card))
    said = await live.emulator.say(
        "devi", COUNCIL, "refinory-api", thread=TOPIC, reply_to=question.id
    )
    (answer,) = await live.until(lambda: live.answers(said))

    assert question.markup
    assert question.markup["force_reply"]
    assert "refinory-api" in answer.text


async def test_a_confirmation_pressed_twice_runs_once(live: Phone) -> None:
    """Two presses of one card are one change."""
    arguments = {"service": "event-gateway", "replicas": 2}
    action = Action(label="Scale", command="scale", arguments=arguments, confirms=True)
    card = await minted(live, action)

    await live.press("dana", card, "Scale")
    await live.press("dana", card, "Scale")
    await live.until(lambda: live.world.operations.ran)

    assert len(live.world.operations.ran) == 1


async def test_hidden_senders_are_refused(live: Phone) -> None:
    """An anonymous admin has no rights to check, so nothing is run."""
    said = await live.emulator.say("alex", COUNCIL, "hello", thread=TOPIC)
    body = {
        **live.emulator.wire(said),
        "text": "/whoami@tgk_council_bot",
        "sender_chat": {"id": COUNCIL, "type": "supergroup"},
        "from": {"id": 1087968824, "is_bot": True, "username": "GroupAnonymousBot"},
    }
    await live.emulator.repeat({"update_id": 990000001, "message": body})
    (answer,) = await live.until(lambda: live.answers(said))

    assert "write as yourself" in answer.text
    assert live.world.journal.results("/whoami") == []


async def test_a_repeated_update_is_answered_once(live: Phone) -> None:
    """Telegram may hand an update over again; the inbox knows its id."""
    said = await live.emulator.say("devi", COUNCIL, "/whoami", thread=TOPIC)
    await live.until(lambda: live.answers(said))
    body = {"update_id": 880000001, "message": live.emulator.wire(said)}
    await live.emulator.repeat(body)
    await live.whisper("devi", "/whoami")

    assert len(live.answers(said)) == 1
    assert len(live.world.journal.results("/whoami")) == 2


async def test_a_malformed_update_stops_nothing(live: Phone) -> None:
    """It is logged with a reference and left; the next one is answered."""
    await live.emulator.repeat({"update_id": 990000002, "message": {"text": "/x", "chat": 5}})

    answer = await live.whisper("devi", "/whoami")

    assert "devi" in answer.text


async def test_what_was_taken_but_not_answered_is_answered_after_the_restart(phone: Phone) -> None:
    """The inbox is worked off before anything new is asked for."""
    import orjson

    said = await phone.emulator.say("devi", COUNCIL, "/whoami", thread=TOPIC)
    (update,) = phone.emulator.pending_updates
    pair = (str(update["update_id"]), orjson.dumps(update))
    await phone.deliveries.accept("telegram", [pair])

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(phone.surface.run())
        await phone.until(lambda: phone.answers(said))
        await phone.surface.close()

    assert len(phone.answers(said)) == 1
    assert await phone.deliveries.waiting("telegram") == []


async def test_a_slow_read_that_was_cut_off_is_read_again(phone: Phone) -> None:
    """Progress left by an earlier life becomes the answer, in the same message; an answer stays."""
    slow = next(each.name for each in phone.world.registry if each.slow and each.effect == "read")
    said = [
        await phone.emulator.say("devi", text=line) for line in (f"/{slow} refinory-api", "/whoami")
    ]
    updates = phone.emulator.pending_updates
    pairs = [(str(each["update_id"]), orjson.dumps(each)) for each in updates]
    await phone.deliveries.accept("telegram", pairs)
    for (number, _), message in zip(pairs, said, strict=True):
        place = Place(platform="telegram", room="7000003", reply_to=str(message.id))
        await phone.board.show(f"telegram:{number}", place, Reply(topic="notice", title="Earlier"))
    await phone.until(lambda: all(phone.answers(each) for each in said))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(phone.surface.run())
        await phone.until(lambda: "Earlier" not in phone.answers(said[0])[0].text)
        await phone.surface.close()

    assert [len(phone.answers(each)) for each in said] == [1, 1]
    assert "Earlier" in phone.answers(said[1])[0].text


async def test_a_refused_token_is_final_and_never_shown(phone: Phone) -> None:
    """The operator reads what to set; no part of the token stands in the error."""
    surface = phone.make_surface("7000000:not-the-right-one")

    with pytest.raises(ConfigurationInvalid) as caught:
        await surface.run()

    assert "TELEGRAM_BOT_TOKEN" in str(caught.value)
    assert "not-the-right-one" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


async def test_a_platform_that_is_down_at_the_start_is_worth_another_try(phone: Phone) -> None:
    """The supervisor hears Unavailable and calls again; the second try serves."""
    phone.emulator.faults.down()
    with pytest.raises(Unavailable):
        await phone.surface.run()
    assert not phone.surface.ready

    phone.emulator.faults.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(phone.surface.run())
        assert await phone.whisper("devi", "/whoami")
        await phone.surface.close()


async def test_a_second_poller_is_told_apart(phone: Phone) -> None:
    """Telegram serves the newest poller; the other one ends with the reason."""
    rival = phone.make_surface()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(_caught(phone.surface))
        await phone.until(lambda: phone.surface.ready)
        second = tasks.create_task(_caught(rival))
        await asyncio.wait({first}, timeout=5)
        assert await phone.whisper("devi", "/whoami")
        await rival.close()

    error = first.result()
    assert isinstance(error, Rejected)
    assert error.status == 409
    assert second.result() is None
    assert not phone.surface.ready


async def _caught(surface: TelegramSurface) -> TgkError | None:
    """Run a surface to its end and return its fault."""
    try:
        await surface.run()
    except TgkError as error:
        return error
    return None


async def test_forwarded_commands_are_nobodys(live: Phone) -> None:
    """Whoever forwards a message does not say it."""
    said = await live.emulator.say("devi", text="chatter")
    forwarded = {**live.emulator.wire(said), "text": "/whoami", "forward_origin": {"type": "user"}}
    await live.emulator.repeat({"update_id": 990000003, "message": forwarded})
    await live.whisper("devi", "/whoami")

    assert live.answers(said) == []


async def test_a_denied_press_too_long_for_a_popup_is_whole_in_the_chat() -> None:
    """A popup shows 200 units at most; the message has the rest."""
    long = Reply(topic="denied", title="x" * 150, blocks=(Text(text="y" * 150),), private=True)

    words, whole = popup(Outcome(result="denied", reply=long))

    assert not whole
    assert words == f"{'x' * 150}\n{'y' * 150}"


async def test_a_change_that_waits_leaves_room_for_the_votes() -> None:
    """A slot is given back in time, so that waiting changes cannot lock everybody out."""
    never, answered = asyncio.Event(), asyncio.Event()

    async def answer(update: dict[str, Any], again: bool) -> None:
        await (never.wait() if update["update_id"] == 1 else asyncio.sleep(0))
        answered.set()

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        crew = Crew(answer, tasks, at_once=1, slot_seconds=0.01)
        await crew.take({"update_id": 1}, again=False)
        await crew.take({"update_id": 2}, again=False)
        await answered.wait()
        assert not never.is_set()
        never.set()


async def test_names_are_spelled_as_telegram_allows() -> None:
    """Spaces and dashes become underscores and are understood again."""

    class Nothing(Request):
        """Do nothing at all. Really."""

    async def handle(request: Nothing, context: Context) -> Reply:
        return Reply(topic="notice", title="done")

    names = ("orchestrate run", "ai-health", "help")
    made = [Command(name=name, request=Nothing, handle=handle, permission="/x") for name in names]
    menu = Menu(Registry(made))

    typed = ("/orchestrate_run", "/orchestrate run", "/AI_health@tgk_council_bot", "/start x")
    assert [menu.understand(line)[0] for line in typed] == [
        "orchestrate run", "orchestrate run", "ai-health", "help",
    ]  # fmt: skip


async def test_an_outage_delays_answers_and_loses_none(live: Phone) -> None:
    """What was asked before and during the outage is answered once after it."""
    live.emulator.faults.down()
    said = [await live.emulator.say("devi", text="/whoami") for _ in range(2)]
    async with asyncio.timeout(5):
        while live.surface.ready:
            await asyncio.sleep(0)
    live.emulator.faults.clear()
    await live.until(lambda: all(live.answers(each) for each in said))

    await live.until(lambda: live.surface.ready)

    assert [len(live.answers(each)) for each in said] == [1, 1]
