"""python-telegram-bot, unchanged, against the simulated Bot API."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, Update
from telegram.error import BadRequest, Forbidden, InvalidToken
from telegram.ext import Application, CallbackQueryHandler, CommandHandler

from sandbox.wire import Upload
from tests.unit.sandbox.clients import KEYS, connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.cast import Cast
    from sandbox.feed import Change
    from sandbox.telegram import TelegramEmulator

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*retry_after:DeprecationWarning", "ignore:.*retry_after:UserWarning"
)


@pytest.fixture
async def bot(telegram_address: str, cast: Cast) -> AsyncIterator[Bot]:
    """A client with the right token."""
    client = await connected(telegram_address, cast.telegram_token)
    yield client
    await client.shutdown()


async def test_the_bot_learns_who_it_is(bot: Bot, cast: Cast) -> None:
    """GetMe names the account of the cast."""
    assert (cast.telegram_bot, cast.telegram_username) == (bot.id, bot.username)


async def test_a_wrong_token_is_refused(telegram_address: str) -> None:
    """401, as for a revoked token."""
    bot = Bot("7000000:other", base_url=f"{telegram_address}/bot")

    with pytest.raises(InvalidToken):
        await bot.initialize()

    await bot.shutdown()


async def test_a_whole_approval_works(
    telegram_address: str, cast: Cast, telegram: TelegramEmulator
) -> None:
    """Command, keyboard in the topic, press, alert and edit go through the real library."""
    done = asyncio.Event()

    async def ask(update: Update, _context: object) -> None:
        assert update.effective_message is not None
        await update.effective_message.reply_html("<b>Approve?</b>", reply_markup=KEYS)

    async def pressed(update: Update, _context: object) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer("Your vote stands", show_alert=True)
        await update.callback_query.edit_message_text("Approved by ana")
        done.set()

    app = (
        Application.builder()
        .token(cast.telegram_token)
        .base_url(f"{telegram_address}/bot")
        .job_queue(None)
        .build()
    )
    app.add_handler(CommandHandler("ask", ask))
    app.add_handler(CallbackQueryHandler(pressed))
    with telegram.subscribe() as changes:
        async with app:
            await app.start()
            assert app.updater is not None
            await app.updater.start_polling(timeout=1, poll_interval=0.0)
            await telegram.say("dana", cast.council_chat, "/ask now", cast.council_thread)
            card = await asyncio.wait_for(_answer_of(changes, cast.telegram_bot), 5)
            await telegram.press("ana", cast.council_chat, card, "tgk:a:0123456789")
            await asyncio.wait_for(done.wait(), 5)
            await app.updater.stop()
            await app.stop()

    shown = telegram.message(cast.council_chat, card)
    assert ("Approved by ana", [], cast.council_thread) == (shown.text, shown.buttons, shown.thread)
    assert [(popup.user, popup.text, popup.alert) for popup in telegram.popups] == [
        (7000005, "Your vote stands", True)
    ]
    assert telegram.pending_updates == []


async def _answer_of(changes: asyncio.Queue[Change], bot: int) -> int:
    while True:
        change = await changes.get()
        if change.kind == "message" and change.body["from"]["id"] == bot:
            return int(change.body["message_id"])


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("x" * 4097, {}, "message is too long"),
        ("<b>" + "😀" * 2049 + "</b>", {}, "message is too long"),
        ("  ", {}, "Message text is empty"),
        ("<b>x", {}, "can't parse entities"),
        ("x", {"message_thread_id": 9}, "thread not found"),
        ("x", {"chat_id": -100999}, "Chat not found"),
        ("x", {"reply_to_message_id": 5}, "replied not found"),
    ],
)
async def test_what_the_platform_refuses_is_refused(
    bot: Bot, council: dict[str, Any], text: str, options: dict[str, Any], reason: str
) -> None:
    """Each limit answers 400 in the platform's words; the text at the limit passes."""
    await bot.send_message(**council, text="<b>" + "x" * 4096 + "</b>", parse_mode="HTML")

    with pytest.raises(BadRequest, match=f"(?i){reason}"):
        await bot.send_message(**{**council, **options}, text=text, parse_mode="HTML")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ([[InlineKeyboardButton("x", callback_data="é" * 33)]], "(?i)button_data_invalid"),
        ([[InlineKeyboardButton("x", callback_data="a")] * 9], "Too many buttons in a row"),
        ([[InlineKeyboardButton("x", callback_data="a")]] * 101, "markup is too long"),
        ([[InlineKeyboardButton("x", url="ftp://x")]], "wrong http url"),
    ],
)
async def test_keyboards_have_bounds(
    bot: Bot, council: dict[str, Any], keys: list[Any], reason: str
) -> None:
    """Data is counted in bytes."""
    with pytest.raises(BadRequest, match=reason):
        await bot.send_message(**council, text="x", reply_markup=InlineKeyboardMarkup(keys))


async def test_edits_follow_the_platforms_rules(
    bot: Bot, council: dict[str, Any], cast: Cast, telegram: TelegramEmulator
) -> None:
    """Unchanged, foreign and missing messages cannot be edited; a new text replaces."""
    sent = await bot.send_message(**council, text="one", reply_markup=KEYS)
    foreign = await telegram.say("dana", cast.council_chat, "hello", cast.council_thread)
    chat = {"chat_id": cast.council_chat}

    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text("one", message_id=sent.id, reply_markup=KEYS, **chat)
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("two", message_id=foreign.id, **chat)
    with pytest.raises(BadRequest, match="to edit not found"):
        await bot.edit_message_text("two", message_id=1, **chat)
    await bot.edit_message_reply_markup(message_id=sent.id, reply_markup=None, **chat)
    await bot.edit_message_text("two", message_id=sent.id, **chat)

    assert (
        telegram.message(cast.council_chat, sent.id).text,
        telegram.message(cast.council_chat, sent.id).markup,
    ) == ("two", None)


async def test_captions_marks_and_topics_have_rules(
    bot: Bot, council: dict[str, Any], cast: Cast, telegram: TelegramEmulator
) -> None:
    """Captions are not texts, marks come from a list, a closed topic takes nothing."""
    log = await bot.send_document(**council, document=b"x", filename="a.txt", caption="one")
    chat = {"chat_id": cast.council_chat}

    await bot.edit_message_caption(message_id=log.id, caption="two", **chat)
    with pytest.raises(BadRequest, match="no text in the message"):
        await bot.edit_message_text("x", message_id=log.id, **chat)
    with pytest.raises(BadRequest, match=r"(?i)reaction_invalid"):
        await bot.set_message_reaction(message_id=log.id, reaction="🧵", **chat)
    with pytest.raises(BadRequest, match=r"(?i)to react not found"):
        await bot.set_message_reaction(message_id=1, reaction="👍", **chat)
    telegram.state.chats[cast.council_chat].closed.add(cast.council_thread or 0)
    with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
        await bot.send_message(**council, text="x")

    assert ["two"] == [message.text for message in telegram.messages(thread=cast.council_thread)]
    assert "two" == telegram.wire(telegram.messages()[0])["caption"]


async def test_menus_answers_and_webhooks_have_bounds(bot: Bot, cast: Cast) -> None:
    """Names, lengths and addresses are checked."""
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([("Status", "x")])
    with pytest.raises(BadRequest, match=r"(?i)description_invalid"):
        await bot.set_my_commands([("status", "x" * 257)])
    with pytest.raises(BadRequest, match="https url"):
        await bot.set_webhook("http://example.test/hook")
    with pytest.raises(BadRequest, match="unallowed"):
        await bot.set_webhook("https://example.test/hook", secret_token="a b")
    with pytest.raises(BadRequest, match="parse_mode"):
        await bot.send_message(cast.council_chat, "x", parse_mode="MarkdownV2")
    await bot.set_my_commands([("status", "x")])
    await bot.delete_my_commands()
    assert () == await bot.get_my_commands()
    assert await bot.send_chat_action(cast.council_chat, "typing")


async def test_group_ids_run_on_even_after_a_deletion(bot: Bot, council: dict[str, Any]) -> None:
    """A message id is never given twice."""
    first = await bot.send_message(**council, text="one")
    await bot.delete_message(council["chat_id"], first.id)
    second = await bot.send_message(**council, text="two")

    assert first.id + 1 == second.id
    with pytest.raises(BadRequest, match=r"(?i)to delete not found"):
        await bot.delete_message(council["chat_id"], first.id)


async def test_files_marks_and_menus_are_kept(
    bot: Bot, council: dict[str, Any], cast: Cast, telegram: TelegramEmulator
) -> None:
    """A document, a picture, a reaction and the command menu arrive whole."""
    log = await bot.send_document(**council, document=InputFile(b"lines", "run.txt"), caption="log")
    picture = await bot.send_photo(**council, photo=b"\x89PNG", reply_markup=KEYS)
    await bot.set_message_reaction(cast.council_chat, log.id, "👍")
    await bot.set_my_commands([("status", "Show how a service is")])

    assert log.document is not None
    assert Upload("run.txt", b"lines", "text/plain") == telegram.file(log.document.file_id)
    fetched = await (await bot.get_file(log.document.file_id)).download_as_bytearray()
    assert bytes(fetched) == b"lines"
    assert telegram.message(cast.council_chat, picture.id).file_kind == "photo"
    marks = telegram.message(cast.council_chat, log.id).reactions[cast.telegram_bot]
    assert [mark["emoji"] for mark in marks] == ["👍"]
    assert (await bot.get_my_commands())[0].command == "status"
    with pytest.raises(BadRequest, match=r"(?i)caption is too long"):
        await bot.send_document(**council, document=b"x", caption="x" * 1025)


async def test_every_picture_is_itself(
    bot: Bot, council: dict[str, Any], telegram: TelegramEmulator
) -> None:
    """Two of one chat are two files, also for whoever looks at the older one."""
    first = await bot.send_photo(**council, photo=b"\x89PNG one")
    second = await bot.send_photo(**council, photo=b"\x89PNG two")

    kept = [telegram.file(sent.photo[-1].file_id).content for sent in (first, second)]
    assert kept == [b"\x89PNG one", b"\x89PNG two"]


async def test_nobody_is_written_to_who_never_wrote(
    bot: Bot, cast: Cast, telegram: TelegramEmulator
) -> None:
    """A private chat opens with the person's first message; then force_reply works."""
    dana = cast.person("dana").telegram
    with pytest.raises(Forbidden):
        await bot.send_message(dana, "psst")

    await telegram.say("dana", text="/start")
    asked = await bot.send_message(dana, "Why?", reply_markup={"force_reply": True})  # type: ignore[arg-type]  # the wire form
    await telegram.say("dana", text="because", reply_to=asked.id)

    replied = (await bot.get_updates(timeout=0))[-1].message
    assert replied is not None
    assert replied.reply_to_message is not None
    assert asked.id == replied.reply_to_message.id


async def test_members_are_told_from_strangers(bot: Bot, cast: Cast) -> None:
    """GetChat and getChatMember describe the council."""
    chat = await bot.get_chat(cast.council_chat)
    member = await bot.get_chat_member(cast.council_chat, cast.person("ana").telegram)
    itself = await bot.get_chat_member(cast.council_chat, cast.telegram_bot)

    assert (chat.is_forum, member.status, itself.status) == (True, "member", "administrator")
    with pytest.raises(BadRequest, match=r"(?i)user not found"):
        await bot.get_chat_member(cast.council_chat, 1)
