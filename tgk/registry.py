"""All commands by name, refused when two share one."""

from __future__ import annotations

import importlib
import pkgutil
import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tgk.command import Command
from tgk.errors import ConfigurationInvalid
from tgk.families import unknown
from tgk.guard import OUTWARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType


_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}(?: [a-z0-9][a-z0-9_-]{0,31})?")


class DuplicateCommand(Exception):
    """Two files declare the same command: a fault of the program, not of a caller."""


class MisnamedCommand(Exception):
    """A name that not every surface can carry, or that stands for two things at once."""


class Registry:
    """The commands this process knows, in order of their names."""

    def __init__(self, commands: Iterable[Command[Any]]) -> None:
        self._commands: dict[str, Command[Any]] = {}
        for entry in sorted(commands, key=lambda each: each.name):
            if entry.name in self._commands:
                raise DuplicateCommand(f"/{entry.name} is declared twice")
            self._commands[entry.name] = entry
        self._refuse_misnamed()

    @property
    def defaults(self) -> dict[str, str]:
        """The command that the name of a family alone means, where one is declared."""
        return {entry.family: entry.name for entry in self if entry.default_verb}

    def _refuse_misnamed(self) -> None:
        for entry in self:
            if not _NAME.fullmatch(entry.name):
                raise MisnamedCommand(f'"{entry.name}" is not one lower-case word or two')
            if entry.family in self._commands:
                raise MisnamedCommand(f"/{entry.family} is a command and a family of others")
            if " " in entry.permission:
                raise MisnamedCommand(f"the permission of /{entry.name} is not one word")
            if entry.default_verb and self.defaults.get(entry.family) != entry.name:
                raise MisnamedCommand(f"/{entry.family} alone would mean two commands")
            if entry.default_verb and not entry.family:
                raise MisnamedCommand(f"/{entry.name} has no verb that could be the default")

    def __getitem__(self, name: str) -> Command[Any]:
        """Return a command; raises UnknownCommand with names that look alike."""
        try:
            return self._commands[name]
        except KeyError:
            raise unknown(name, [entry.name for entry in self if entry.listed]) from None

    def __contains__(self, name: object) -> bool:
        return name in self._commands

    def __iter__(self) -> Iterator[Command[Any]]:
        return iter(self._commands.values())

    def __len__(self) -> int:
        return len(self._commands)


def grantable(commands: Iterable[Command[Any]]) -> frozenset[str]:
    """Return every permission that a policy may name: ``/infra``, ``/infra deploy``, ``/http``."""
    return OUTWARD.union(permission for entry in commands for permission in entry.grantable)


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
