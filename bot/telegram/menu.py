"""Command names as Telegram allows them, and the menu that people see behind the slash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loguru import logger

from tgk.attached import bind_beside_file, file_option, names_file
from tgk.typed import bind, parse_line

if TYPE_CHECKING:
    from integrations.telegram.client import Client
    from tgk.registry import Registry
    from tgk.typed import Tokens

_NAME = re.compile(r"[a-z0-9_]{1,32}")
_MOST = 100
_DESCRIPTION = 256
_LINE = re.compile(r"/(?P<word>[A-Za-z0-9_]+)(?:@(?P<bot>\w+))?(?P<rest>.*)", re.DOTALL)


class Menu:
    """The registry through Telegram's eyes, worked out once."""

    def __init__(self, registry: Registry) -> None:
        entries = [entry for entry in registry if "telegram" in entry.doors]
        self._names = tuple(entry.name for entry in entries)
        self._defaults = registry.defaults
        self._options = {entry.name: entry.options for entry in entries}
        self._spoken = {spoken(name): name for name in self._names}
        if "help" in self._names:
            self._spoken.setdefault("start", "help")
        self._listed = [
            {"command": spoken(entry.name), "description": entry.summary[:_DESCRIPTION]}
            for entry in entries
            if entry.listed and _NAME.fullmatch(spoken(entry.name))
        ][:_MOST]

    def understand(self, text: str, *, beside: bool = False) -> tuple[str, dict[str, object]]:
        """Return the command and raw arguments of a line that starts with a slash.

        ``beside`` a file the option for one needs no value. Raises UnknownCommand, InvalidRequest
        or Refused.
        """
        command, tokens = self._read(text)
        read = bind_beside_file if beside else bind
        return command, read(tokens, self._options[command])

    def wants_file(self, text: str) -> str:
        """Return the option that a line leaves to a file, empty when it leaves none."""
        command, tokens = self._read(text)
        options = self._options[command]
        option = file_option(options)
        given = bind_beside_file(tokens, options) if option else {}
        named = names_file(tokens, options) or (option and option.required)
        return option.name if option and named and option.name not in given else ""

    def _read(self, text: str) -> tuple[str, Tokens]:
        found = _LINE.fullmatch(text)
        name = self._spoken.get(found["word"].casefold()) if found else None
        rest = found["rest"] if found else ""
        if name == "help" and found and found["word"].casefold() == "start":
            rest = ""  # a deep link's parameter is no argument
        line = f"/{name}{rest}" if name else text
        return parse_line(line, self._names, self._defaults)

    async def publish(self, client: Client) -> None:
        """Show the menu in Telegram, if it is not the one shown already."""
        shown = await client.call("getMyCommands")
        if shown != self._listed:
            await client.call("setMyCommands", commands=self._listed)
            logger.bind(platform="telegram").info("menu of {} commands set", len(self._listed))


def spoken(name: str) -> str:
    """Return a command's name as Telegram spells it."""
    return re.sub(r"[ \-]+", "_", name).casefold()


def addressee(text: str) -> str | None:
    """Return the bot that a command names: empty for none, None when it is no command."""
    found = _LINE.fullmatch(text)
    return (found["bot"] or "") if found else None
