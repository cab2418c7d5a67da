"""Commands and questions typed after a mention, answered in the wording people script against."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import discord
from loguru import logger

from bot.discord.attached import text_of
from integrations.discord import escape
from integrations.discord.rows import label
from tgk.attached import bind_beside_file, file_option
from tgk.context import Invocation
from tgk.emblems import TEST_MODE
from tgk.errors import TgkError, UnknownCommand, VerbWanted
from tgk.plain import plain_lines
from tgk.typed import bind, parse_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.discord.desk import Desk
    from tgk.outcome import Outcome
    from tgk.reply import Reply

LONGEST = 1900
_HEAD, _TAIL = 5, 10
_RECORDED = 500
"""Characters that the audit log keeps of a line nobody could read."""
_THREAD_NAME = 90
_ASK = "ask"
_SLIP = 0.75
_ASKING_WORDS = frozenset(
    {
        "am", "anyone", "are", "can", "could", "did", "do", "does", "had", "has", "have", "how",
        "is", "shall", "should", "was", "were", "what", "when", "where", "which", "who", "whom",
        "whose", "why", "will", "would",
    }
)  # fmt: skip
"""With one of these a question begins, although some look like names of commands."""


def line_of(message: discord.Message, me: discord.abc.User) -> str | None:
    """Return what follows a mention of us at the start of a message; None when it is not for us."""
    found = re.match(rf"\s*<@!?{me.id}>\s*(.*)", message.content, re.DOTALL)
    return found[1] if found else None


async def answer(desk: Desk, message: discord.Message, line: str) -> None:
    """Run one typed line and answer it where it stands."""
    delivery = f"discord:{message.id}"
    shown: list[Reply] = []
    try:
        invocation = await _with_file(desk, message, _read(desk, message, line, delivery))
    except TgkError as error:
        outcome = await desk.dispatcher.refuse(_unread(desk, message, line, delivery), error)
        await _say(desk, message, outcome)
        return

    async def watch(reply: Reply) -> None:
        shown.append(reply)

    if desk.dispatcher.preview(invocation).change:
        place = desk.place(message.channel, reply_to=str(message.id))
        invocation = replace(invocation, origin=place, show=watch)
    outcome = await desk.dispatcher.run(invocation)
    if not shown:
        await _say(desk, message, outcome)


def _read(desk: Desk, message: discord.Message, line: str, delivery: str) -> Invocation:
    registry = desk.dispatcher.admission.registry
    names = [entry.name for entry in registry if "discord" in entry.doors]
    whole = _unread(desk, message, line, delivery)
    try:
        name, tokens = parse_line(line or "help", names, registry.defaults)
    except UnknownCommand as error:
        may_ask = desk.dispatcher.view(whole).may(_ASK, {})
        if isinstance(error, VerbWanted) or not may_ask or not _is_question(line, error.near):
            raise
        return replace(whole, name=_ASK, raw={"query": line.strip()})
    read = bind_beside_file if message.attachments else bind
    return replace(whole, name=name, raw=read(tokens, registry[name].options))


async def _with_file(desk: Desk, message: discord.Message, asked: Invocation) -> Invocation:
    """Return the invocation with the text of the attached file, where it takes one."""
    option = file_option(desk.dispatcher.admission.registry[asked.name].options)
    if option is None or not message.attachments or option.name in asked.raw:
        return asked
    text = await text_of(message.attachments[0], asked.name, option.name)
    return replace(asked, raw={**asked.raw, option.name: text})


def _is_question(line: str, near: Sequence[str]) -> bool:
    """Say whether a line that names no command is meant for a reader, not misspelt for a machine.

    A command is one word, has a slash or options, or begins with nearly the name of one.
    """
    words = line.split()
    is_typed = line.lstrip().startswith("/") or any(word.startswith(("--", "—")) for word in words)
    first = words[0].casefold()
    asks = first in _ASKING_WORDS or not any(_is_slip(first, name) for name in near)
    return len(words) > 1 and asks and not is_typed


def _is_slip(typed: str, name: str) -> bool:
    """Say whether a word is the beginning or a slip of a name; looser likeness is chance."""
    return any(
        word.startswith(typed) or SequenceMatcher(None, typed, word).ratio() >= _SLIP
        for word in name.split()
    )


def _unread(desk: Desk, message: discord.Message, line: str, delivery: str) -> Invocation:
    """Return what can be recorded of a line before anybody understood it."""
    guild = message.guild.id if message.guild else None
    word = (line.split() or ["help"])[0].lstrip("/")[:64]
    return Invocation(
        name=word,
        raw={"line": line[:_RECORDED]},
        caller=desk.caller(message.author, message.channel, guild),
        delivery=delivery,
        door="discord",
    )


async def _say(desk: Desk, message: discord.Message, outcome: Outcome) -> None:
    """Answer in text; a question comes with its buttons."""
    if outcome.result == "pending" and outcome.reply.actions:
        presented = await desk.presenter.present(outcome.reply)
        await message.reply(view=presented.view, allowed_mentions=presented.mentions)
        return
    note = (TEST_MODE,) if desk.presenter.simulated else ()
    lines = (*plain_lines(outcome.reply), *note)
    text = "\n".join(escape.prose(each) for each in lines)
    if len(text) <= LONGEST:
        await message.reply(text or "done", **await _form(desk, outcome))
        return
    sent = await message.reply(shortened(lines))
    await _attach(sent, lines)


async def _form(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """Return the button of the form for what was left out, beneath the words people script for."""
    forms = [each for each in outcome.reply.actions if each.asks]
    if outcome.result != "invalid" or not forms:
        return {}
    view = discord.ui.View(timeout=None)
    for action, token in zip(forms, await desk.buttons.mint(forms), strict=True):
        view.add_item(discord.ui.Button(label=label(action.label), custom_id=token))
    view.stop()  # whoever presses is answered by the token, whatever process sent it
    return {"view": view}


def shortened(lines: Sequence[str]) -> str:
    """Return head and tail of a long answer within one message."""
    left_out = len(lines) - _HEAD - _TAIL
    middle = [f"… {left_out} lines …"] if left_out > 0 else []
    chosen = [*lines[:_HEAD], *middle, *lines[-_TAIL:]] if middle else list(lines)
    width = (LONGEST - 100) // len(chosen) // 2
    cut = [each if len(each) <= width else each[: width - 1] + "…" for each in chosen]
    return "\n".join(escape.prose(each) for each in cut)[:LONGEST]


async def _attach(sent: discord.Message, lines: Sequence[str]) -> None:
    """Put the whole answer into a thread of its own; beside it where threads are not allowed."""
    content = "\n".join(lines).encode()
    if not isinstance(sent.channel, discord.Thread):
        try:
            thread = await sent.create_thread(name=label(lines[0], _THREAD_NAME))
            await thread.send(file=discord.File(io.BytesIO(content), filename="answer.txt"))
        except discord.HTTPException as error:
            logger.info("no thread for a long answer, code {}", error.code)
        else:
            return
    await sent.reply(file=discord.File(io.BytesIO(content), filename="answer.txt"))
