"""Updates, presses, limits and outages, seen by python-telegram-bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from telegram.error import BadRequest, Conflict, Forbidden, NetworkError, RetryAfter

from sandbox.serving import served
from sandbox.telegram import TelegramEmulator
from tests.unit.sandbox.clients import KEYS, connected
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from telegram import Bot

    from sandbox.cast import Cast
    from sandbox.feed import Change

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*retry_after:DeprecationWarning", "ignore:.*retry_after:UserWarning"
)


@pytest.fixture
async def bot(telegram_address: str, cast: Cast) -> AsyncIterator[Bot]:
    """A client with the right token."""
    client = await connected(telegram_address, cast.telegram_token)
    yield client
    await client.shutdown()


async def test_updates_wait_until_they_are_confirmed(bot: Bot, telegram: TelegramEmulator) -> None:
    """The same update comes again until a poll names a higher offset."""
    await telegram.say("dana", text="/status")
    await telegram.say("dana", text="/logs")

    first = await bot.get_updates(timeout=0)
    again = await bot.get_updates(timeout=0)
    rest = await bot.get_updates(offset=first[0].update_id + 1, timeout=0)

    assert first == again
    assert [first[1]] == list(rest)
    assert len(telegram.pending_updates) == 1


async def test_a_second_poller_ends_the_first(
    bot: Bot, telegram_address: str, cast: Cast, telegram: TelegramEmulator
) -> None:
    """One consumer at a time: the older poll gets 409, the newer one goes on."""
    newer = await connected(telegram_address, cast.telegram_token)
    with telegram.subscribe() as changes:
        async with asyncio.TaskGroup() as group:
            older = group.create_task(_refusal(bot.get_updates(timeout=5)))
            await asyncio.wait_for(_poll_hangs(changes), 5)
            await newer.get_updates(timeout=0)
    await newer.shutdown()

    assert Conflict is older.result()


async def _poll_hangs(changes: asyncio.Queue[Change]) -> None:
    while (await changes.get()).kind != "connection":
        pass


async def _refusal(call: Coroutine[Any, Any, object]) -> type[Exception] | None:
    try:
        await call
    except Conflict as error:
        return type(error)
    return None


async def test_only_allowed_kinds_are_queued(bot: Bot, telegram: TelegramEmulator) -> None:
    """A bot that asked for presses alone hears no messages."""
    await bot.get_updates(timeout=0, allowed_updates=["callback_query"])

    await telegram.say("dana", text="/status")

    assert telegram.pending_updates == []


async def test_an_update_can_come_twice(bot: Bot, telegram: TelegramEmulator) -> None:
    """A repeated update has its old id, so that the bot can tell."""
    await telegram.say("dana", text="/status")
    update = telegram.pending_updates[0]
    await bot.get_updates(offset=update["update_id"] + 1, timeout=0)

    await telegram.repeat(update)

    assert [update["update_id"]] == [again.update_id for again in await bot.get_updates(timeout=0)]
    await bot.delete_webhook(drop_pending_updates=True)
    assert [] == telegram.pending_updates


async def test_privacy_mode_hides_small_talk(
    bot: Bot, cast: Cast, telegram: TelegramEmulator
) -> None:
    """In a group the bot hears commands, mentions and replies to it."""
    await telegram.say("dana", cast.council_chat, "nice weather")
    await telegram.say("dana", cast.council_chat, f"@{cast.telegram_username} hello")

    heard = await bot.get_updates(timeout=0)

    assert [f"@{cast.telegram_username} hello"] == [
        update.message.text for update in heard if update.message
    ]


async def test_faults_hit_the_client_as_the_platform_would(
    bot: Bot, council: dict[str, Any], telegram: TelegramEmulator
) -> None:
    """Down, flood and a lost answer; the lost one was carried out."""
    telegram.faults.down()
    with pytest.raises(NetworkError):
        await bot.send_message(**council, text="down")
    telegram.faults.clear()
    telegram.faults.flood(7)
    with pytest.raises(RetryAfter) as flooded:
        await bot.send_message(**council, text="flood")
    telegram.faults.clear()
    telegram.faults.drop_connection_after_handling("sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(**council, text="lost")

    assert flooded.value._retry_after.total_seconds() == 7
    assert [message.text for message in telegram.messages()] == ["lost"]
    assert [entry.status for entry in telegram.requests.of("/sendMessage")] == [502, 429, 0]


async def test_flood_limits_and_old_presses_follow_the_clock(cast: Cast) -> None:
    """The 21st message in a minute waits; a press is answerable for a minute."""
    clock = FakeClock()
    telegram = TelegramEmulator(cast, clock)
    async with served({"/telegram": telegram.app()}) as address:
        bot = await connected(f"{address}/telegram", cast.telegram_token)
        sent = await bot.send_message(cast.council_chat, "card", reply_markup=KEYS)
        for number in range(19):
            await bot.send_message(cast.council_chat, str(number))
        with pytest.raises(RetryAfter):
            await bot.send_message(cast.council_chat, "too much")
        query = await telegram.press("ana", cast.council_chat, sent.id, "tgk:a:0123456789")
        await clock.advance(61)
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await bot.answer_callback_query(query.id)
        await bot.send_message(cast.council_chat, "now it goes")
        await bot.shutdown()


async def test_a_kicked_bot_is_forbidden_until_it_is_back(
    bot: Bot, cast: Cast, telegram: TelegramEmulator
) -> None:
    """The platform says why, and the chat works again afterwards."""
    telegram.kick()
    with pytest.raises(Forbidden, match="kicked from the supergroup"):
        await bot.send_message(cast.council_chat, "x")

    telegram.kick(kicked=False)
    await bot.send_message(cast.council_chat, "back")

    assert ["back"] == [message.text for message in telegram.messages()]


async def test_a_press_on_a_deleted_message_still_arrives(
    bot: Bot, cast: Cast, telegram: TelegramEmulator
) -> None:
    """A slow client presses what is gone; the bot hears of it without the text."""
    sent = await bot.send_message(cast.council_chat, "card", reply_markup=KEYS)
    await bot.delete_message(cast.council_chat, sent.id)

    await telegram.press_anyway("ana", cast.council_chat, sent.id, "tgk:a:0123456789")

    query = (await bot.get_updates(timeout=0))[-1].callback_query
    assert query is not None
    assert query.message is not None
    assert (sent.id, False) == (query.message.message_id, query.message.is_accessible)


async def test_a_button_that_is_not_there_cannot_be_pressed(
    bot: Bot, cast: Cast, telegram: TelegramEmulator
) -> None:
    """The emulator is as strict with the people as with the bot."""
    sent = await bot.send_message(cast.council_chat, "plain")

    with pytest.raises(LookupError):
        await telegram.press("ana", cast.council_chat, sent.id, "tgk:a:0123456789")
