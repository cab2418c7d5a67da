"""The courier over real sockets: cut connections and repeated sends never double a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from integrations.discord.courier import DiscordCourier, RestClient
from integrations.discord.presenter import Presenter
from tgk.errors import Rejected, Unavailable
from tgk.ports.board import Place
from tgk.reply import Action, Log, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conftest import Wire

PLACE = Place(platform="discord", room="#deployments")


def reply(title: str) -> Reply:
    """Return a card with a file and a button."""
    return Reply(
        topic="alert",
        title=title,
        tone="bad",
        blocks=(Log(lines=tuple(f"line {number}" for number in range(40))),),
        actions=(Action(label="Ack", command="ack"),),
    )


@pytest.fixture
async def courier(wire: Wire) -> AsyncIterator[DiscordCourier]:
    """Return a courier with a connection of its own."""
    await wire.connected()
    world = wire.world
    presenter = Presenter(buttons=world.buttons, directory=world.directory)
    async with RestClient(SecretStr(wire.platform.cast.discord_token)) as rest:
        yield DiscordCourier(rest, world.surface.client().desk.discovery, presenter)


async def test_a_message_is_sent_and_edited(wire: Wire, courier: DiscordCourier) -> None:
    """The platform takes cards, files and edits as they are."""
    ref = await courier.send(PLACE, reply("before"), key="k", loud=True)
    await courier.edit(ref, reply("after"))

    shown = await wire.shown("after")
    assert shown.id == ref.message
    assert len(wire.platform.messages(wire.channel)) == 1


async def test_a_send_that_was_cut_off_is_found(wire: Wire, courier: DiscordCourier) -> None:
    """The message arrived, only its confirmation did not."""
    wire.platform.faults.drop_connection_after_handling("/messages", "POST")

    with pytest.raises(Unavailable):
        await courier.send(PLACE, reply("x"), key="k", loud=True)
    found = await courier.find(PLACE, reply("x"), key="k", after=None)

    assert found is not None
    assert found.message == wire.platform.messages(wire.channel)[0].id


async def test_a_repeated_send_shows_once(wire: Wire, courier: DiscordCourier) -> None:
    """The same key within minutes is the same message."""
    first = await courier.send(PLACE, reply("x"), key="k", loud=True)
    again = await courier.send(PLACE, reply("x"), key="k", loud=True)

    assert first == again
    assert len(wire.platform.messages(wire.channel)) == 1


async def test_a_channel_that_is_closed_to_us_is_given_up(
    wire: Wire, courier: DiscordCourier
) -> None:
    """Another try would fail the same way; the remedy names the permission."""
    wire.platform.faults.forbid("#deployments")

    with pytest.raises(Rejected) as caught:
        await courier.send(PLACE, reply("x"), key="k", loud=True)

    assert "Give the bot" in caught.value.remedy


async def test_what_stands_under_a_message_opens_its_thread_once(
    wire: Wire, courier: DiscordCourier
) -> None:
    """Another life of the process finds the thread open; edits stay in it."""
    card = await courier.send(PLACE, reply("card"), key="card", loud=True)
    under = Place(platform="discord", room=card.channel, under=card.message)

    first = await courier.send(under, reply("first"), key="a", loud=False)
    courier._threads.clear()  # as after a restart
    second = await courier.send(under, reply("second"), key="b", loud=False)
    await courier.edit(first, reply("first, changed"))
    found = await courier.find(under, reply("second"), key="b", after=None)

    threads = [place for place in wire.platform.channels() if place.parent == wire.channel]
    assert [(place.id, place.name) for place in threads] == [(card.message, "first")]
    assert first.channel == second.channel == card.message
    assert found == second
    assert len(wire.platform.messages(wire.channel)) == 1
