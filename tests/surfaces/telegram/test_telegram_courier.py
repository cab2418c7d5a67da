"""Messages put up through the real client on a Telegram that can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from telegram.error import BadRequest, ChatMigrated, TimedOut

from integrations.telegram.client import connect
from tgk.errors import Rejected, Unavailable
from tgk.ports.board import MessageRef, Place
from tgk.reply import Action, Log, Picture, Reply, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram.state import Message
    from tests.surfaces.telegram.conftest import Phone

COUNCIL, TOPIC, BOT = -1001234567890, 25782, 7000000
HERE = Place(platform="telegram", room="council")


def card(title: str, *actions: Action) -> Reply:
    """Return a small reply."""
    return Reply(topic="notice", title=title, actions=actions)


def ours(phone: Phone, chat: int = COUNCIL) -> list[Message]:
    """Return the bot's messages of a chat."""
    return [each for each in phone.emulator.messages(chat) if each.sender == BOT]


async def test_the_council_is_its_topic(phone: Phone) -> None:
    """The room's name is enough; quiet unless loud, answering what it answers."""
    said = await phone.emulator.say("ana", COUNCIL, "hm", thread=TOPIC)
    place = HERE.model_copy(update={"reply_to": str(said.id)})

    quiet = await phone.courier.send(HERE, card("One"), key="a", loud=False)
    loud = await phone.courier.send(place, card("Two"), key="b", loud=True)

    one, two = (phone.emulator.message(COUNCIL, int(ref.message)) for ref in (quiet, loud))
    assert [(TOPIC, True, None), (TOPIC, False, said.id)] == [
        (each.thread, each.silent, each.reply_to) for each in (one, two)
    ]


async def test_a_closed_topic_falls_back_to_the_main_chat(phone: Phone) -> None:
    """What cannot go into the topic is still read by somebody."""
    phone.emulator.state.chats[COUNCIL].closed.add(TOPIC)

    await phone.courier.send(HERE, card("One"), key="a", loud=False)
    await phone.courier.send(HERE, card("Two"), key="b", loud=False)

    assert [each.thread for each in ours(phone)] == [None, None]
    assert len(phone.emulator.requests.of("sendMessage")) == 3


async def test_an_edit_that_changes_nothing_or_finds_nothing_is_no_error(phone: Phone) -> None:
    """The state that was wished for holds, or cannot hold any more."""
    ref = await phone.courier.send(HERE, card("One"), key="a", loud=False)

    await phone.courier.edit(ref, card("One"))
    await phone.courier.edit(ref, card("Two"))
    await phone.courier.edit(ref.model_copy(update={"message": "999999"}), card("Three"))

    assert ["Two" in each.text for each in ours(phone)] == [True]


async def test_a_flood_limit_is_obeyed_without_asking_again(phone: Phone) -> None:
    """The wait that Telegram names is handed on, and nothing is sent meanwhile."""
    phone.emulator.faults.flood(20)
    with pytest.raises(Unavailable) as first:
        await phone.courier.send(HERE, card("One"), key="a", loud=False)
    asked = len(phone.emulator.requests.all())
    with pytest.raises(Unavailable) as second:
        await phone.courier.send(HERE, card("One"), key="a", loud=False)

    assert 15 < (first.value.retry_after or 0) <= 21
    assert 15 < (second.value.retry_after or 0) <= 21
    assert asked == len(phone.emulator.requests.all())
    assert await phone.courier.find(HERE, card("One"), key="a", after=None) is None


async def lost(phone: Phone, place: Place, reply: Reply, key: str) -> None:
    """Send a message whose answer never comes."""
    phone.emulator.faults.drop_connection_after_handling("sendMessage")
    with pytest.raises(Unavailable):
        await phone.courier.send(place, reply, key=key, loud=False)


async def test_a_message_whose_answer_was_lost_is_found(phone: Phone) -> None:
    """It is recognised behind messages of others, unchanged, and not sent again."""
    before = await phone.courier.send(HERE, card("Before"), key="a", loud=False)
    for _ in range(3):
        await phone.emulator.say("ana", COUNCIL, "meanwhile", thread=TOPIC)
    await lost(phone, HERE, card("Lost"), "b")
    await phone.emulator.say("ana", COUNCIL, "after", thread=TOPIC)

    found = await phone.courier.find(HERE, card("Lost"), key="b", after=before)

    assert found is not None
    assert "Lost" in phone.emulator.message(COUNCIL, int(found.message)).text
    assert [each.edited for each in ours(phone)] == [None, None]


async def test_a_message_found_with_an_older_content_shows_the_newer_one(phone: Phone) -> None:
    """Between the kill and the search the wish may have changed."""
    before = await phone.courier.send(HERE, card("Before"), key="a", loud=False)
    await lost(phone, HERE, card("3 of 9"), "b")

    found = await phone.courier.find(HERE, card("4 of 9"), key="b", after=before)

    assert found is not None
    assert [each.text.split(" ", 1)[1] for each in ours(phone)] == ["Before", "4 of 9"]


async def test_a_message_that_never_arrived_is_not_found(phone: Phone) -> None:
    """Nothing of ours or of others is touched by the search."""
    before = await phone.courier.send(HERE, card("Before"), key="a", loud=False)
    await phone.emulator.say("ana", COUNCIL, "other", thread=TOPIC)

    found = await phone.courier.find(HERE, card("Lost"), key="b", after=before)

    assert found is None
    assert [each.text for each in ours(phone)] == ["📣 Before"]
    assert len(phone.emulator.requests.of("editMessageText")) <= 31


async def test_a_search_overwrites_no_message_that_is_known_to_be_another(phone: Phone) -> None:
    """A question that was sent before an older report stands behind what the search begins at."""
    before = await phone.courier.send(HERE, card("Before"), key="a", loud=False)
    question = await phone.courier.send(HERE, card("Question"), key="q", loud=True)
    known = [question, before]

    missing = await phone.courier.find(HERE, card("Lost"), key="b", after=before, known=known)
    await lost(phone, HERE, card("Lost"), "b")
    found = await phone.courier.find(HERE, card("Lost"), key="b", after=before, known=known)

    assert missing is None
    assert [each.text for each in ours(phone)] == ["📣 Before", "📣 Question", "📣 Lost"]
    assert found is not None
    assert "Lost" in phone.emulator.message(COUNCIL, int(found.message)).text


async def test_a_search_never_begins_at_the_first_message_of_a_chat(phone: Phone) -> None:
    """Without any known message, old ones of ours must not be taken for the lost one."""
    await phone.courier.send(HERE, card("Old"), key="a", loud=False)

    assert await phone.courier.find(HERE, card("Lost"), key="b", after=None) is None
    assert phone.emulator.requests.of("editMessageText") == []


async def test_a_private_answer_is_found_among_other_chats_ids(phone: Phone) -> None:
    """Private chats share one row of ids; messages elsewhere are only gaps."""
    mine = Place(platform="telegram", room="7000003")
    asked = await phone.emulator.say("devi", text="/x")
    await phone.courier.send(
        Place(platform="telegram", room="7000002"), card("Hers"), key="a", loud=False
    )
    place = mine.model_copy(update={"reply_to": str(asked.id)})
    await lost(phone, place, card("Mine"), "b")

    found = await phone.courier.find(place, card("Mine"), key="b", after=None)

    assert found == MessageRef(
        platform="telegram", channel="7000003", message=str(ours(phone, 7000003)[0].id)
    )
    assert [each.text for each in ours(phone, 7000002)] == ["📣 Hers"]


async def test_a_private_answer_is_found_behind_a_rush_in_other_chats(phone: Phone) -> None:
    """Many ids of other chats lie before the newest known message, some unknown ones behind it."""
    asked = await phone.emulator.say("devi", text="/x")
    hers = Place(platform="telegram", room="7000002")
    for at in range(40):
        newest = await phone.courier.send(hers, card(f"Hers {at}"), key=f"a{at}", loud=False)
    await lost(phone, hers, card("Hers, unknown"), "u")
    place = Place(platform="telegram", room="7000003", reply_to=str(asked.id))
    await lost(phone, place, card("Mine"), "b")

    found = await phone.courier.find(place, card("Mine"), key="b", after=None, known=[newest])

    assert found is not None
    assert [str(each.id) for each in ours(phone, 7000003)] == [found.message]


async def test_a_long_log_comes_with_its_file_once(phone: Phone) -> None:
    """Head and tail in the message, the whole as a document in answer to it, also after edits."""
    log = Log(lines=tuple(f"line {at}" for at in range(100)), filename="api.log")
    reply = Reply(topic="logs", title="Logs", blocks=(log,))

    ref = await phone.courier.send(HERE, reply, key="a", loud=False)
    await phone.courier.edit(ref, reply.model_copy(update={"title": "Logs again"}))

    message, document = ours(phone)
    assert "… 85 more lines in api.log …" in message.text
    assert document.upload is not None
    assert ("api.log", message.id) == (document.upload.name, document.reply_to)
    assert document.upload.content.decode().splitlines() == list(log.lines)


async def drawn(svg: str) -> bytes:
    """Stand in for the drawing."""
    return b"\x89PNG\r\n\x1a\n" + svg.encode()


async def test_a_picture_follows_as_a_photo_with_its_words(phone: Phone) -> None:
    """The words for those who cannot see it stand once: below the picture."""
    phone.courier._to_png = drawn
    picture = Picture(svg="<svg/>", alt="CPU between 10 and 20 %")

    reply = Reply(topic="status", title="api", blocks=(Text(text="well"), picture))
    await phone.courier.send(HERE, reply, key="a", loud=False)

    message, photo = ours(phone)
    assert "well" in message.text
    assert "CPU" not in message.text
    assert (photo.file_kind, photo.text) == ("photo", "CPU between 10 and 20 %")


async def test_another_picture_under_the_same_text_is_sent(phone: Phone) -> None:
    """Its words are not in the text, so nothing of the message itself changes; each comes once."""
    phone.courier._to_png = drawn
    first, second = (
        Reply(topic="status", title="api", blocks=(Picture(svg=f"<svg>{n}</svg>", alt=f"at {n}"),))
        for n in (1, 2)
    )

    ref = await phone.courier.send(HERE, first, key="a", loud=False)
    for reply in (first, second, second):
        await phone.courier.edit(ref, reply)

    assert ["at 1", "at 2"] == [each.text for each in ours(phone) if each.file_kind == "photo"]


@pytest.mark.parametrize(
    ("alt", "passing"), [("CPU between 10 and 20 %", True), ("long words " * 120, False)]
)
async def test_words_that_no_picture_can_carry_stand_in_the_message(
    phone: Phone, alt: str, passing: bool
) -> None:
    """Of a picture that is not sent, or longer than a caption may be: once, and not cut."""
    phone.courier._to_png = drawn
    reply = Reply(topic="status", title="api", blocks=(Picture(svg="x", alt=alt, passing=passing),))

    await phone.courier.send(HERE, reply, key="a", loud=False)

    said = [message.text for message in ours(phone)]
    assert 1 == sum(alt.strip() in text for text in said)
    assert alt.strip() in said[0]


async def test_the_words_of_a_picture_that_cannot_be_drawn_are_told(phone: Phone) -> None:
    """A failure of the drawing takes the picture away, not what it says."""

    async def fail(_: str) -> bytes:
        raise Unavailable("the drawing", "it took too long")

    phone.courier._to_png = fail
    picture = Picture(svg="<svg/>", alt="CPU between 10 and 20 %")

    await phone.courier.send(HERE, Reply(topic="status", title="api", blocks=(picture,)), key="a",
                             loud=False)  # fmt: skip

    message, words = ours(phone)
    assert ("CPU between 10 and 20 %", message.id) == (words.text, words.reply_to)
    assert "CPU" not in message.text


async def test_buttons_and_mentions_are_real(phone: Phone) -> None:
    """A press finds its action again, and people are mentioned by account."""
    action = Action(label="Approve", command="approve", style="success")
    reply = card("Sure?", action).model_copy(update={"mentions": ("dana", "nobody")})

    await phone.courier.send(HERE, reply, key="a", loud=False)

    (message,) = ours(phone)
    (button,) = message.buttons
    assert action == await phone.buttons.find(button["callback_data"])
    assert button["style"] == "success"
    assert [e["url"] for e in message.entities if "url" in e] == ["tg://user?id=7000002"]


async def test_what_can_never_arrive_is_rejected(phone: Phone) -> None:
    """Unknown rooms, unknown chats and people who never opened the chat are given up with why."""
    phone.emulator.state.chats[7000008].opened = False
    reasons = []
    for room in ("#alerts", "-100999", "7000008"):
        place = Place(platform="telegram", room=room)
        with pytest.raises(Rejected) as caught:
            await phone.courier.send(place, card("x"), key=room, loud=False)
        reasons.append(caught.value.why)

    assert reasons[0] == 'There is no Telegram room "#alerts".'
    assert "chat not found" in reasons[1].casefold()
    assert "can't initiate" in reasons[2]


async def test_nothing_reaches_a_server_that_is_not_there(phone: Phone) -> None:
    """A refused connection is Unavailable, certainly not sent, and names no address."""
    phone.courier._chats._client = connect("7000000:secret-part", "http://127.0.0.1:9")

    with pytest.raises(Unavailable) as caught:
        await phone.courier.send(HERE, card("x"), key="k", loud=False)

    shown = f"{caught.value} {caught.value.__cause__!r}"
    assert "secret-part" not in shown
    assert "127.0.0.1" not in shown
    assert await phone.courier.find(HERE, card("x"), key="k", after=None) is None


async def test_text_that_telegram_cannot_parse_is_sent_bare(phone: Phone) -> None:
    """Should the markup ever be refused, the words arrive all the same."""
    refused = 0
    call = phone.client.call

    class Strict:
        """A client whose Telegram refuses all markup."""

        async def call(self, method: str, /, **data: object) -> object:
            """Refuse HTML."""
            nonlocal refused
            if data.get("parse_mode"):
                refused += 1
                data = {**data, "text": "<b>"}
            return await call(method, **data)  # type: ignore[arg-type]

    phone.courier._chats._client = Strict()  # type: ignore[assignment]
    await phone.courier.send(
        HERE, Reply(topic="notice", title="a < b", blocks=(Text(text="c"),)), key="a", loud=False
    )

    assert refused == 1
    assert [each.text for each in ours(phone)] == ["📣 a < b\nc"]


class Changed:
    """A client in front of the real one whose Telegram refuses some calls its own way."""

    def __init__(self, phone: Phone, refuse: Callable[[str, dict[str, Any]], None]) -> None:
        self._client = phone.client
        self._refuse = refuse
        phone.courier._chats._client = self  # type: ignore[assignment]

    async def call(self, method: str, /, **data: Any) -> Any:
        """Refuse or pass on."""
        self._refuse(method, data)
        return await self._client.call(method, **data)


async def test_a_group_that_became_a_supergroup_is_followed(phone: Phone) -> None:
    """The message arrives under the chat's new id, and later ones go there at once."""
    asked = []

    def moved(_method: str, data: dict[str, Any]) -> None:
        asked.append(data["chat_id"])
        if data["chat_id"] == -4242:
            raise ChatMigrated(COUNCIL)

    Changed(phone, moved)
    old = Place(platform="telegram", room="-4242")

    refs = [await phone.courier.send(old, card(key), key=key, loud=False) for key in ("a", "b")]

    assert [ref.channel for ref in refs] == [str(COUNCIL)] * 2
    assert asked == [-4242, COUNCIL, COUNCIL]
    assert [each.text for each in ours(phone)] == ["📣 a", "📣 b"]


async def test_a_link_that_telegram_refuses_costs_only_the_link(phone: Phone) -> None:
    """The message and the buttons that run here stay."""

    def picky(_method: str, data: dict[str, Any]) -> None:
        rows = (data.get("reply_markup") or {}).get("inline_keyboard", [])
        if any("url" in key for row in rows for key in row):
            raise BadRequest("Inline keyboard button URL 'http://127.0.0.1' is invalid: wrong host")

    Changed(phone, picky)
    links = (Action(label="Open", url="http://127.0.0.1"), Action(label="Go", command="whoami"))

    await phone.courier.send(HERE, card("Sure?", *links), key="a", loud=False)

    (message,) = ours(phone)
    assert [button["text"] for button in message.buttons] == ["Go"]


async def test_a_slow_answer_counts_as_perhaps_sent(phone: Phone) -> None:
    """A time-out is Unavailable without a wait, so that the message is looked for first."""

    def late(_method: str, _data: dict[str, Any]) -> None:
        raise TimedOut

    Changed(phone, late)
    with pytest.raises(Unavailable) as caught:
        await phone.courier.send(HERE, card("x"), key="a", loud=False)

    assert caught.value.retry_after is None
    assert "a" not in phone.courier._never_left
