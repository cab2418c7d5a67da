"""All commands by name, refused when two share one."""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tgk.command import Command
from tgk.errors import ConfigurationInvalid, UnknownCommand
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
    """Import every module of a package and return the commands they declare.

    Raises ConfigurationInvalid naming the file and the line of each that cannot be imported.
    """
    found: list[Command[Any]] = []
    faults: list[str] = []
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".", _seen_below):
        try:
            loaded = importlib.import_module(module.name)
        except Exception as error:  # noqa: BLE001 - a file that an operator adds can fail in any way
            faults.append(_fault(_file(module), error))
            continue
        found += [
            value
            for value in vars(loaded).values()
            if isinstance(value, Command) and value.handle.__module__ == loaded.__name__
        ]
    if faults:
        raise ConfigurationInvalid(
            "The commands cannot be loaded.",
            faults,
            remedy=f"Mend the file, or move it out of {package.__name__}/.",
        )
    return found


def _seen_below(name: str) -> None:
    """Let the walk go on behind a package that fails: importing it by name tells why."""


def _file(module: pkgutil.ModuleInfo) -> str:
    return module.name.replace(".", "/") + ("/__init__.py" if module.ispkg else ".py")


def _fault(file: str, error: Exception) -> str:
    line = _line(file, error)
    where = f"{file} line {line}" if line else file
    told = (str(error).splitlines() or [""])[0]
    return f"{where} cannot be used: {type(error).__name__}: {told}"


def _line(file: str, error: Exception) -> int | None:
    """Return where in the file the error arose, or passed on its way from an imported one."""
    end = f"/{file}"
    if isinstance(error, SyntaxError) and Path(error.filename or "").as_posix().endswith(end):
        return error.lineno
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).as_posix().endswith(end)
    ]
    return lines[-1] if lines else None
