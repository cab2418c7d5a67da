"""One message or press from reading to answer: the only part that knows commands."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.late import too_late
from bot.telegram.course import Course
from bot.telegram.menu import addressee
from bot.telegram.popup import popup
from bot.telegram.prompts import filled, prompt
from bot.telegram.updates import Pressed, Sender, Spot, Typed
from tgk.context import Invocation
from tgk.errors import Refused, TgkError, UnknownCommand, VerbWanted
from tgk.ports.board import Place
from tgk.ports.buttons import TOKEN_PATTERN
from tgk.recording import correlation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.telegram.attached import Files
    from bot.telegram.menu import Menu
    from bot.telegram.popup import Popups
    from tgk.caller import Caller
    from tgk.discovery import Discovery
    from tgk.dispatcher import Dispatcher, Preview
    from tgk.guard import Directory
    from tgk.ports.board import Board
    from tgk.ports.buttons import Buttons
    from tgk.reply import Action

POPUP_SECONDS = 2.0
"""How long a press may wait for its outcome, to show a refusal as a popup."""
PRIVATE_POPUP_SECONDS = 8.0
"""How long it may where the answer is for the presser alone: else all would read it in the chat."""


def popup_patience(preview: Preview) -> float:
    """Return how long a press waits for its outcome, by whom the outcome is for."""
    return PRIVATE_POPUP_SECONDS if preview.private else POPUP_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every conversation needs."""

    dispatcher: Dispatcher
    discovery: Discovery
    directory: Directory
    buttons: Buttons
    board: Board
    menu: Menu
    council_chat: int | None = None

    def place(self, spot: Spot) -> Place | None:
        """Return where to answer: private chats and the council's topic; None anywhere else."""
        answered = str(spot.message)
        if spot.is_private:
            return Place(platform="telegram", room=str(spot.chat), reply_to=answered)
        council = self.discovery.telegram.council if self.discovery.telegram else None
        here = council and (self.council_chat or council.chat) == spot.chat
        if not council or not here or (council.thread and council.thread != spot.thread):
            return None
        return Place(platform="telegram", room="council", reply_to=answered)

    def caller(self, sender: Sender, place: Place) -> Caller:
        """Return who asks; only the account's number counts, names are for showing."""
        channel = "council" if place.room == "council" else "private"
        return self.directory.resolve("telegram", str(sender.id), name=sender.name, channel=channel)


@dataclass(frozen=True, slots=True)
class Me:
    """Our own account."""

    id: int
    username: str


_RECORDED = 500
"""Characters that the audit log keeps of a line nobody could read."""


class Conversation:
    """Answers updates; what it shows is durable before it returns.

    A private reply to a question asked in the council's topic is answered there: refusals leak
    nothing but what the policy says, and Telegram knows no message for one reader of a group.
    """

    def __init__(self, desk: Desk, me: Me, popups: Popups, files: Files) -> None:
        self._desk = desk
        self._files = files
        self._me = me
        self._popups = popups

    async def hear(self, update: Typed | Pressed, *, again: bool) -> None:
        """Answer one update; ``again`` means that an earlier life may have begun to."""
        place = self._desk.place(update.spot)
        if place is None:
            return
        key = f"telegram:{update.id}"
        if again and await self._is_answered(update, key):
            return
        if isinstance(update, Pressed):
            await self._press(update, place, key)
        elif update.prompt:
            await self._answer_prompt(update, place, key)
        else:
            await self._command(update, place, key)

    async def _is_answered(self, update: Typed | Pressed, key: str) -> bool:
        """Say whether an earlier life did all that this update needs.

        A change that shows anything goes on by itself. A message under the update's own key is
        the end, except for slow reads, which show progress there and are read again.
        """
        if await self._desk.board.ref(f"op:{correlation(key)}"):
            return True
        if await self._desk.board.ref(key) is None:
            return False
        return isinstance(update, Pressed) or not self._is_slow(update.text)

    def _is_slow(self, text: str) -> bool:
        try:
            name, _ = self._desk.menu.understand(text)
        except TgkError:
            return False
        return self._desk.dispatcher.admission.registry[name].slow

    async def _command(self, typed: Typed, place: Place, key: str) -> None:
        bot = addressee(typed.text)
        if bot is None or (bot and bot.casefold() != self._me.username.casefold()):
            return
        try:
            _require_person(typed.sender)
            name, raw = await self._read(typed)
        except UnknownCommand as error:
            ours = isinstance(error, VerbWanted)  # other bots of a group have other families
            if bot or ours or typed.spot.is_private:
                await self._refuse(error, error.name, typed, place, key)
            return
        except TgkError as error:
            await self._refuse(error, typed.text.split()[0][1:64], typed, place, key)
            return
        await self._run(self._invocation(name, raw, typed.sender, place, key), place, key)

    async def _read(self, typed: Typed) -> tuple[str, dict[str, object]]:
        """Return the command and its arguments, among them the text of a file that it is beside."""
        menu, document = self._desk.menu, typed.document
        option = menu.wants_file(typed.text) if document else ""
        name, raw = menu.understand(typed.text, beside=bool(option))
        if document and option:
            raw[option] = await self._files.text_of(document, name, option)
        return name, raw

    async def _answer_prompt(self, typed: Typed, place: Place, key: str) -> None:
        """Run the action that a question was asked for, with the words replied."""
        try:
            _require_person(typed.sender)
            found = await self._desk.buttons.find(typed.prompt)
            action = await self._usable(found, typed.prompt, typed.sender, place)
            text = await self._answered(typed, action)
        except TgkError as error:
            await self._refuse(error, "reply", typed, place, key)
            return
        raw = filled(action, text)
        invocation = self._invocation(action.command, raw, typed.sender, place, key)
        await self._run(replace(invocation, confirmed=action.confirms), place, key)

    async def _answered(self, typed: Typed, action: Action) -> str:
        """Return the words of a reply, or of the file that it is."""
        if typed.document is None or not typed.document.own:
            return typed.text
        text = await self._files.text_of(typed.document, action.command, action.asks[-1])
        return f"{typed.text}\n{text}" if len(action.asks) > 1 else text

    async def _press(self, press: Pressed, place: Place, key: str) -> None:
        known = re.fullmatch(TOKEN_PATTERN, press.token) is not None
        found = await self._desk.buttons.find(press.token) if known else None
        try:
            _require_person(press.sender)
            action = await self._usable(found, press.token, press.sender, place)
        except TgkError as error:
            await self._refuse_press(error, found, press, place, key)
            return
        if action.asks:
            person = self._desk.caller(press.sender, place).person
            asked = prompt(action, press.token, person, self._me.username)
            await self._desk.board.show(key, place, asked, loud=True)
            await self._popups.close(press.query)
            return
        once = f"telegram:{press.spot.chat}:{press.spot.message}:{press.token}"
        delivery = once if action.confirms else key
        invocation = self._invocation(
            action.command, action.arguments, press.sender, place, delivery
        )
        invocation = replace(invocation, confirmed=action.confirms, pleads=action.pleads)
        await self._run_pressed(press, invocation, place, key)

    async def _run_pressed(
        self, press: Pressed, invocation: Invocation, place: Place, key: str
    ) -> None:
        """Run, and close the press in time: with the outcome when only the presser needs it."""
        invocation, course = self._prepare(invocation, place, key, quiet=True)
        patience = popup_patience(self._desk.dispatcher.preview(invocation))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self._desk.dispatcher.run(invocation))
            await asyncio.wait({running}, timeout=patience)
            early = running.result() if running.done() else None
            text, whole = popup(early)
            if early and text:
                await self._popups.say(press.query, text, alert=early.result != "success")
            else:
                await self._popups.close(press.query)
        if not whole:
            await course.end(running.result(), invocation.delivery)

    async def _run(self, invocation: Invocation, place: Place, key: str) -> None:
        invocation, course = self._prepare(invocation, place, key)
        await course.end(await self._desk.dispatcher.run(invocation), invocation.delivery)

    def _prepare(
        self, invocation: Invocation, place: Place, key: str, *, quiet: bool = False
    ) -> tuple[Invocation, Course]:
        registry = self._desk.dispatcher.admission.registry
        known_read = invocation.name in registry and registry[invocation.name].reads
        change = not known_read and self._desk.dispatcher.preview(invocation).change
        course = Course(self._desk.board, place, key, change=change, quiet=quiet)
        origin = place if change else None
        return replace(invocation, origin=origin, show=course.watch), course

    def _invocation(
        self, name: str, raw: Mapping[str, object], sender: Sender, place: Place, delivery: str
    ) -> Invocation:
        return Invocation(
            name=name,
            raw=raw,
            caller=self._desk.caller(sender, place),
            delivery=delivery,
            door="telegram",
        )

    async def _usable(
        self, action: Action | None, token: str, sender: Sender, place: Place
    ) -> Action:
        """Return the action when this person may use the button now; raises Refused."""
        if action is None:
            raise too_late(await self._desk.buttons.expired(token))
        if action.only and action.only != self._desk.caller(sender, place).person:
            raise Refused(f"This button is only for {action.only}.")
        return action

    async def _refuse(
        self, error: TgkError, command: str, typed: Typed, place: Place, key: str
    ) -> None:
        """Answer, and record, a line that did not become a command."""
        raw = {"line": typed.text[:_RECORDED]}
        unread = self._invocation(command, raw, typed.sender, place, key)
        outcome = await self._desk.dispatcher.refuse(unread, error)
        await self._desk.board.show(key, place, outcome.reply, loud=True)

    async def _refuse_press(
        self, error: TgkError, found: Action | None, press: Pressed, place: Place, key: str
    ) -> None:
        """Record a press that is not the presser's to make, and tell only them."""
        name = found.command if found else "button"
        raw = found.arguments if found else {"token": press.token[:64]}
        asked = self._invocation(name, raw, press.sender, place, key)
        await self._desk.dispatcher.refuse(asked, error)
        await self._popups.alert(press.query, str(error))
        expired = None if found else await self._desk.buttons.expired(press.token)
        if expired is not None and expired.confirms:
            await self._popups.disarm(press.spot.chat, press.spot.message)


def _require_person(sender: Sender) -> None:
    if not sender.is_person:
        raise Refused(
            "Nothing was done.",
            why="Commands need a person; this was sent as a channel or an anonymous admin.",
            remedy="Turn off anonymous sending and write as yourself.",
        )
