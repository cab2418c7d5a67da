"""Puts messages up on Telegram and keeps them as wished; reads nothing."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from loguru import logger
from telegram import InputFile
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from integrations.telegram.chats import Chats, translated
from integrations.telegram.envelope import answering, envelope, is_prompt, markup
from integrations.telegram.markup import units
from integrations.telegram.render import MOST_CAPTION, command_actions, render
from integrations.telegram.request import FloodLimit, NotConnected
from tgk.errors import TgkError, Unavailable
from tgk.ports.board import MessageRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from integrations.telegram.client import Client
    from integrations.telegram.render import Rendered
    from tgk.discovery import Telegram
    from tgk.guard import Directory
    from tgk.ports.board import Place
    from tgk.ports.buttons import Buttons
    from tgk.ports.time import Clock
    from tgk.reply import Picture, Reply

    ToPng = Callable[[str], Awaitable[bytes]]
    State = Literal["changed", "same", "foreign", "absent"]

EDIT_SECONDS = 4.0
"""Telegram allows about 20 changes a minute in a group."""
_ABSENT = ("message to edit not found", "message_id_invalid")
_FOREIGN = ("can't be edited", "there is no text in the message")
_CERTAIN = (Unavailable, FloodLimit, NotConnected, BadRequest, Forbidden, InvalidToken)
"""After these a message certainly did not arrive."""
_MISSES = 30
_PROBES = 1000
_REMEMBERED = 512
_FILE_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Trail:
    """Where a message may stand that was sent without an answer."""

    likely: range
    taken: frozenset[int]
    """Other messages that are known to stand there: to overwrite one would lose it."""


class TelegramCourier:
    """Implements Courier for private chats, groups and the council's topic.

    One message per reply, in HTML; files and pictures follow as silent answers to it.

    A sending that was cut off is looked for by *probing*: message ids of a chat only grow, and
    sends to one place are made one at a time. So the next messages after the last known one are
    edited to exactly the wished-for content. Telegram refuses that for ids that do not exist and
    for messages of others without a trace; only our own message answers "not modified" (it
    arrived) or takes the edit (it arrived with an older content).
    What remains: a message posted in the same place, between kill and restart, by *another process
    with the same token* would be taken for the lost one and overwritten; a message that was deleted
    meanwhile, lies more than 1000 ids on or 30 gaps behind the newest known one, or is the very
    first of its place and answers none, counts as not sent and is sent again; a kill between a
    message and its files sends a file twice (first sending) or not (later edit).
    """

    def __init__(
        self,
        client: Client,
        *,
        buttons: Buttons,
        directory: Directory,
        clock: Clock,
        telegram: Telegram | None,
        council_chat: int | None = None,
        to_png: ToPng | None = None,
        simulated: bool = False,
        edit_interval: float = EDIT_SECONDS,
    ) -> None:
        council = telegram.council if telegram else None
        self._chats = Chats(client, clock, council, council_chat)
        self._buttons = buttons
        self._directory = directory
        self._clock = clock
        self._to_png = to_png
        self._simulated = simulated
        self._edit_interval = edit_interval
        self._attached: OrderedDict[str, int] = OrderedDict()
        self._never_left: OrderedDict[str, int] = OrderedDict()
        self._probed: OrderedDict[str, int] = OrderedDict()

    @property
    def platform(self) -> Literal["discord", "telegram"]:
        """Which places it serves."""
        return "telegram"

    @property
    def edit_interval(self) -> float:
        """Least seconds between two edits of one message."""
        return self._edit_interval

    async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
        """Send a new message and what goes with it."""
        chat, thread = self._chats.address(place)
        shown = await self._render(reply)
        self._never_left.pop(key, None)
        async with translated():
            try:
                number = await self._post(chat, envelope(place, thread, loud=loud), shown, reply)
            except _CERTAIN:
                _remember(self._never_left, key, 0)
                raise
        return await self._complete(chat, number, thread, shown)

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """Change a message; one that is already so, or gone, is no error."""
        shown = await self._render(reply)
        async with translated():
            state = await self._rewrite(ref.channel, int(ref.message), shown, reply)
        if state in ("changed", "same"):  # another picture may stand below the same text
            await self._complete(ref.channel, int(ref.message), "", shown)

    async def find(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        after: MessageRef | None,
        known: Sequence[MessageRef] = (),
    ) -> MessageRef | None:
        """Find a message whose sending was cut off; see the class for how, and how sure."""
        last = max(_number(after.message if after else ""), _number(place.reply_to))
        if key in self._never_left or not last:
            return None
        chat, thread = self._chats.address(place)
        beside = [_number(ref.message) for ref in known if _shares_ids(ref.channel, chat)]
        likely = range(last + 1, max([last, *beside]) + 1)
        taken = frozenset(_number(ref.message) for ref in known if ref.channel == chat)
        shown = await self._render(reply)
        async with translated():
            number = await self._probe(chat, key, _Trail(likely, taken), shown, reply)
        return await self._complete(chat, number, thread, shown) if number else None

    async def _probe(
        self, chat: str, key: str, trail: _Trail, shown: Rendered, reply: Reply
    ) -> int | None:
        """Walk the likely ids, and beyond them until thirty in a row are missing.

        Gaps among the likely ids say nothing: those are other chats' messages. A walk that a flood
        limit cut is gone on with.
        """
        misses = 0
        first = max(trail.likely.start, self._probed.get(key, 0) + 1)
        for number in range(first, trail.likely.start + _PROBES):
            if number in trail.taken:
                continue
            state = await self._rewrite(chat, number, shown, reply)
            beyond = number >= trail.likely.stop
            misses = misses + 1 if beyond and state == "absent" else 0
            if state in ("changed", "same"):
                self._probed.pop(key, None)
                return number
            if misses >= _MISSES:
                break
            _remember(self._probed, key, number)
        self._probed.pop(key, None)
        return None

    async def _rewrite(self, chat: str, number: int, shown: Rendered, reply: Reply) -> State:
        """Edit one message and say what it was."""
        fields = {"message_id": number}
        try:
            await self._write("editMessageText", chat, fields, shown, reply)
        except BadRequest as error:
            reason = error.message.casefold()
            if "not modified" in reason:
                return "same"
            if any(words in reason for words in _FOREIGN):
                return "foreign"
            if any(words in reason for words in _ABSENT):
                return "absent"
            raise
        return "changed"

    async def _post(self, chat: str, fields: dict[str, Any], shown: Rendered, reply: Reply) -> int:
        """Send, in the main chat when the topic is gone."""
        try:
            sent = await self._write("sendMessage", chat, fields, shown, reply)
        except BadRequest as error:
            if not self._chats.loses_topic(chat, fields["message_thread_id"], error):
                raise
            bare = {**fields, "message_thread_id": None}
            sent = await self._write("sendMessage", chat, bare, shown, reply)
        return int(sent["message_id"])

    async def _write(
        self, method: str, chat: str, fields: Mapping[str, Any], shown: Rendered, reply: Reply
    ) -> Any:
        """Write with markup and links, then without what Telegram will not read."""
        asks = is_prompt(reply) and method != "sendMessage"
        keys = None if asks else markup(shown, reply)
        sent = {**fields, "link_preview_options": {"is_disabled": True}, "reply_markup": keys}
        html = {"text": shown.html, "parse_mode": "HTML"}
        try:
            return await self._chats.call(method, chat, **html, **sent)
        except BadRequest as error:
            reason = error.message.casefold()
            if "can't parse entities" in reason:
                html = {"text": shown.text}
            elif "url" in reason and keys:
                sent["reply_markup"] = markup(shown, reply, links=False)
            else:
                raise
            logger.bind(platform="telegram").warning("sent more plainly: {}", error.message)
        return await self._chats.call(method, chat, **html, **sent)

    async def _complete(self, chat: str, number: int, thread: str, shown: Rendered) -> MessageRef:
        """Send the files of a message that stands, and return where it stands."""
        channel = self._chats.present(chat)
        ref = MessageRef(platform="telegram", channel=channel, message=str(number))
        for file in shown.documents:
            upload = InputFile(file.content, filename=file.filename)
            if self._first_time(ref, file.content):
                await self._follow("sendDocument", ref, thread, document=upload)
        for picture in shown.pictures:
            if self._to_png and self._first_time(ref, picture.svg.encode()):
                await self._show(self._to_png, picture, ref, thread)
        return ref

    async def _show(self, to_png: ToPng, picture: Picture, ref: MessageRef, thread: str) -> None:
        """Send a picture with its words below it; the words alone when it cannot be sent."""
        words = picture.alt if units(picture.alt) <= MOST_CAPTION else ""  # else in the message
        try:
            drawn = InputFile(await to_png(picture.svg), filename="picture.png")
        except TgkError as error:
            logger.bind(platform="telegram").error("picture not drawn: {}", str(error))
            sent = False
        else:
            sent = await self._follow("sendPhoto", ref, thread, photo=drawn, caption=words)
        if not sent and words.strip():
            await self._follow("sendMessage", ref, thread, text=words)

    def _first_time(self, ref: MessageRef, content: bytes) -> bool:
        """Say whether a file has not gone with this message yet, and note that it does now."""
        seen = f"{ref.channel}:{ref.message}:{hashlib.sha256(content).hexdigest()}"
        if seen in self._attached:
            return False
        _remember(self._attached, seen, 0)
        return True

    async def _follow(self, method: str, ref: MessageRef, thread: str, **file: Any) -> bool:
        """Send a file as a silent answer, and say whether it was taken.

        The message itself stands: a failure here is logged and not raised, because whoever tries
        again would double the message.
        """
        fields = {
            "message_thread_id": int(thread) if thread else None,
            "disable_notification": True,
            "reply_parameters": answering(ref.message),
            "wait": 60.0,
        }
        for _ in range(_FILE_TRIES):
            try:
                await self._chats.call(method, ref.channel, **file, **fields)
            except FloodLimit as error:
                await self._clock.sleep(error.seconds)
            except Unavailable as error:
                await self._clock.sleep(error.retry_after or 1.0)
            except TelegramError as error:
                logger.bind(platform="telegram").error("file not sent: {}", error.message)
                return False
            else:
                return True
        logger.bind(platform="telegram").error("file not sent: Telegram asks for pauses")
        return False

    async def _render(self, reply: Reply) -> Rendered:
        tokens = await self._buttons.mint(command_actions(reply))
        named = {who: self._directory.account(who, "telegram") for who in reply.mentions}
        return render(
            reply,
            tokens,
            now=self._clock.now(),
            accounts={who: account for who, account in named.items() if account},
            simulated=self._simulated,
            draws=self._to_png is not None,
        )


def _shares_ids(channel: str, chat: str) -> bool:
    """Say whether two chats count in one row: all private chats of a bot do."""
    return channel == chat or (channel.isdigit() and chat.isdigit())


def _number(message: str) -> int:
    return int(message) if message.isdigit() else 0


def _remember(memory: OrderedDict[str, int], key: str, value: int) -> None:
    """Keep a key among the newest few."""
    memory[key] = value
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
