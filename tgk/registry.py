"""All commands by name, refused when two share one."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from tgk.command import Command
from tgk.errors import UnknownCommand
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType


class DuplicateCommand(Exception):
    """Two files declare the same command: a fault of the program, not of a caller."""


class Registry:
    """The commands this process knows, in order of their names."""

    def __init__(self, commands: Iterable[Command[Any]]) -> None:
        self._commands: dict[str, Command[Any]] = {}
        for entry in sorted(commands, key=lambda each: each.name):
            if entry.name in self._commands:
                raise DuplicateCommand(f"/{entry.name} is declared twice")
            self._commands[entry.name] = entry

    def __getitem__(self, name: str) -> Command[Any]:
        """Return a command; raises UnknownCommand with names that look alike."""
        try:
            return self._commands[name]
        except KeyError:
            listed = [entry.name for entry in self if entry.listed]
            raise UnknownCommand(name, nearest(name, listed)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._commands

    def __iter__(self) -> Iterator[Command[Any]]:
        return iter(self._commands.values())

    def __len__(self) -> int:
        return len(self._commands)


def collect(package: ModuleType) -> list[Command[Any]]:
    """Import every module of a package and return the commands they declare."""
    found: list[Command[Any]] = []
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        loaded = importlib.import_module(module.name)
        found += [
            value
            for value in vars(loaded).values()
            if isinstance(value, Command) and value.handle.__module__ == loaded.__name__
        ]
    return found
