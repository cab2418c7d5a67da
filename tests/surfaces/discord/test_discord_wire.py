"""The Discord door over real sockets: handshake, resume and files, all through the library."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Wire


async def test_a_command_typed_by_a_person_is_answered(wire: Wire) -> None:
    """Login, command sync, gateway, interaction, deferral and edit, as on the real platform."""
    await wire.connected()

    asked = await wire.platform.slash("dana", "#deployments", "status", {"service": "api"})
    answer = await wire.shown("api · production")

    assert asked.refused == []
    assert answer.id == asked.original
    assert {"status", "lines", "ship"} <= {entry["name"] for entry in wire.platform.commands()}


async def test_the_roles_of_a_member_come_from_the_platform(wire: Wire) -> None:
    """Role ids of the configured guild reach the guard as principals."""
    await wire.connected()

    await wire.platform.slash("dana", "#deployments", "status", {"service": "api"})
    await wire.shown("api · production")

    caller = wire.world.directory.seen[-1]
    assert "discord:role:200000000000000002" in caller.principals
    assert "discord:role:200000000000000001" not in caller.principals
    assert (caller.user_id, caller.channel) == ("300000000000000002", "#deployments")


async def test_a_leaving_bot_takes_no_new_work(wire: Wire) -> None:
    """Whoever asks during a stop is told so, and nothing is started."""
    await wire.connected()
    client = wire.world.surface.current
    assert client is not None
    client.leaving = True

    await wire.platform.slash("dana", "#deployments", "ship", {"env": "staging", "tag": "v1"})
    await wire.shown("restarting", viewer="dana")

    assert wire.world.operations.ran == []


async def test_a_stop_waits_for_a_short_answer(wire: Wire) -> None:
    """An answer that is being written is still sent."""
    await wire.connected()
    wire.platform.faults.slow(0.2)

    asked = await wire.platform.slash("dana", "#deployments", "status", {"service": "api"})
    await wire.world.surface.close()

    assert not wire.world.surface.ready
    assert "api · production" in str(wire.platform.answer(asked).components)


async def test_a_denial_is_seen_by_the_asker_alone(wire: Wire) -> None:
    """Nobody else finds a message in the channel."""
    await wire.connected()

    await wire.platform.slash("devi", "#deployments", "ship", {"env": "staging", "tag": "v1"})
    await wire.shown("needs", viewer="devi")

    assert wire.platform.messages(wire.channel) == []


async def test_a_confirmed_change_gets_a_public_message(wire: Wire) -> None:
    """The question is private; its press closes it and opens the card the board keeps."""
    await wire.connected()
    await wire.platform.slash("dana", "#deployments", "ship", {"env": "production", "tag": "v1"})
    question = await wire.shown("Ship v1?", viewer="dana")
    button = _custom_id(question.components)

    pressed = await wire.platform.press("dana", question.id, button)
    card = await wire.shown("asked by dana")
    closed = await wire.shown("was confirmed", viewer="dana")
    ran = await wire.until(lambda: wire.world.operations.ran)

    assert pressed.refused == []
    assert card.viewer == ""
    assert closed.id == question.id
    assert ran[0].origin.room == "#deployments"


async def test_a_double_click_leaves_one_card(wire: Wire) -> None:
    """Both presses are under way at once: one opens the card, the other is told in private."""
    await wire.connected()
    await wire.platform.slash("dana", "#deployments", "ship", {"env": "production", "tag": "v1"})
    question = await wire.shown("Ship v1?", viewer="dana")
    button = _custom_id(question.components)
    wire.platform.faults.slow(0.1)

    async with asyncio.TaskGroup() as both:
        for _ in range(2):
            both.create_task(wire.platform.press("dana", question.id, button))
    await wire.shown("under way", viewer="dana")
    await wire.until(lambda: wire.world.operations.ran)

    assert 1 == len(wire.world.operations.ran)
    assert 1 == len(wire.platform.messages(wire.channel))


async def test_a_form_is_shown_and_sent(wire: Wire) -> None:
    """A button that asks opens a form that the platform accepts."""
    await wire.connected()
    await wire.platform.slash("dana", "#deployments", "status", {"service": "api"})
    card = await wire.shown("api · production")

    pressed = await wire.platform.press("dana", card.id, _custom_id(card.components, "Ship…"))
    sent = await wire.platform.submit_modal("dana", pressed.id, {"tag": "v9"})
    ran = await wire.until(lambda: wire.world.operations.ran)

    assert (pressed.refused, sent.refused) == ([], [])
    assert ran[0].raw == {"env": "staging", "tag": "v9"}


async def test_a_mention_is_read_without_a_privileged_intent(wire: Wire) -> None:
    """The platform shows the text of messages that mention the bot."""
    await wire.connected()

    await wire.platform.say("devi", "#deployments", "@tgk status api")

    assert await wire.shown("Sovereignty Architecture: status check")


async def test_a_mention_that_lacks_something_comes_with_a_form(wire: Wire) -> None:
    """The platform takes a button beneath the text, and its press opens the form."""
    await wire.connected()

    await wire.platform.say("dana", "#deployments", "@tgk book scan --depth 3")
    answer = await wire.shown("service: needed")
    button = _custom_id(answer.components, "Fill in service")
    pressed = await wire.platform.press("dana", answer.id, button)
    await wire.platform.submit_modal("dana", pressed.id, {"service": "api"})

    shown = await wire.until(lambda: wire.world.board.shows)
    assert shown[-1].reply.title == "api 3 {} False"


async def test_what_is_typed_while_the_gateway_is_away_is_answered_after_resuming(
    wire: Wire,
) -> None:
    """A cut connection is resumed, and nothing that was said meanwhile is lost."""
    await wire.connected()

    wire.platform.faults.drop_gateway()
    await wire.platform.say("devi", "#deployments", "@tgk status api")

    assert await wire.shown("Sovereignty Architecture: status check")


async def test_completion_answers_in_time(wire: Wire) -> None:
    """Choices come from the estate."""
    await wire.connected()

    offered = await wire.platform.autocomplete("dana", "status", "service", "ap")

    assert [choice["value"] for choice in offered] == ["api", "apple"]


async def test_a_long_log_arrives_as_a_file(wire: Wire) -> None:
    """The whole output is attached to the answer and complete."""
    await wire.connected()

    await wire.platform.slash("dana", "#deployments", "lines", {"service": "api", "tail": 300})
    answer = await wire.shown("285 lines")

    file = wire.platform.file(answer.attachments[0]["id"])
    assert file.content.decode().count("line ") == 300


async def test_presses_by_two_people_run_as_each_of_them(wire: Wire) -> None:
    """The same button gives each person their own right."""
    await wire.connected()
    await wire.platform.slash("dana", "#deployments", "status", {"service": "api"})
    card = await wire.shown("api · production")
    button = _custom_id(card.components, "Lines")

    async with asyncio.TaskGroup() as group:
        for person in ("dana", "devi"):
            group.create_task(wire.platform.press(person, card.id, button))

    people = {each.person for each in wire.world.directory.seen}
    assert {"dana", "devi"} <= people


def _custom_id(components: list[dict[str, object]], label: str = "") -> str:
    """Return the first button's token, or that of the one with a label."""
    for each in components:
        if "custom_id" in each and label in ("", each.get("label")):
            return str(each["custom_id"])
        nested = each.get("components")
        if isinstance(nested, list) and (found := _custom_id(nested, label)):
            return found
    return ""
