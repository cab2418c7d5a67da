"""Imports of libraries without those parts of theirs that a running bot never uses.

A library may import what only some of its users need: a driver of another database, an optional
extra, its command line. That costs memory and time at every start.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from types import GenericAlias, ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def left_out(*modules: str) -> Iterator[None]:
    """Let imports in the block find no such modules, as where they are not installed.

    Only for what the importing library calls optional. Modules that are imported already stay;
    after the block all can be imported as ever. Meanwhile no other thread may import them.
    """
    hidden = {name: None for name in modules if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # None is Python's own word for it
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def postponed(package: str, *parts: str) -> Iterator[None]:
    """Let imports in the block get a stand-in that imports the package when it is first used.

    ``parts`` are those of its modules that can be named without use: ``from package import part``.
    A package that is imported already stays; after the block it can be imported as ever. Meanwhile
    no other thread may import it.
    """
    if package in sys.modules:
        yield
        return
    whole = _StandIn(package)
    made: dict[str, ModuleType] = {package: whole}
    for part in parts:
        made[f"{package}.{part}"] = piece = _StandIn(f"{package}.{part}")
        setattr(whole, part, piece)
    sys.modules.update(made)
    try:
        yield
    finally:
        _take_away(package)


@contextmanager
def named_only(*modules: str) -> Iterator[None]:
    """Let imports in the block take from such modules classes that they name and never use.

    Each name is an empty class of its own, good for annotations and ``isinstance``, which is false.
    Modules that are imported already stay; after the block all can be imported as ever. Meanwhile
    no other thread may import them.
    """
    made = {name: _Names(name) for name in modules if name not in sys.modules}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]


class _Names(ModuleType):
    """Has every name that it is asked for, as an empty class."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):  # asked by the import system itself
            raise AttributeError(name)
        body = {"__module__": self.__name__, "__class_getitem__": classmethod(GenericAlias)}
        empty = type(name, (), body)
        setattr(self, name, empty)
        return empty


class _StandIn(ModuleType):
    """Answers as the module of its name, which it imports when it is first asked."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # asked by the import system itself, which wants no import
            raise AttributeError(name)
        _take_away(self.__name__.partition(".")[0])
        return getattr(importlib.import_module(self.__name__), name)


def _take_away(package: str) -> None:
    """Give the names of a package back to its own modules."""
    for name, module in tuple(sys.modules.items()):
        if name.partition(".")[0] == package and isinstance(module, _StandIn):
            del sys.modules[name]
