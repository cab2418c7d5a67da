"""How a process of ours starts, whatever it does: its files, its log, its loop, its exit code."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from typing import TYPE_CHECKING, Any

from bot.runtime.collector import unhurried
from tgk.errors import ConfigurationInvalid, TgkError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery

    Serve = Callable[[Settings, Discovery, Path], Coroutine[Any, Any, None]]

CONFIGURATION_EXIT = 78  # EX_CONFIG of sysexits.h
UNAVAILABLE_EXIT = 69  # EX_UNAVAILABLE
_OWNER_ONLY = 0o077  # what the process writes is for its own account, whoever made the folder


def started(config: Path, serve: Callable[[Settings, Discovery, Path], None]) -> int:
    """Read environment and files, let ``serve`` do its work, and return the exit code.

    0 after a stop by signal, 78 when something needs mending, 69 when something that is needed is
    not there, or is taken.
    """
    os.umask(_OWNER_ONLY)
    try:
        with unhurried():
            _start(config, serve)
    except TgkError as error:
        return _say(error)
    except ExceptionGroup as group:
        return _say(_only_error(group))
    return 0


def run(serve: Serve, settings: Settings, discovery: Discovery, root: Path) -> None:
    """Open the log, and run on the fastest loop there is."""
    from bot.runtime.assemble import redactor_of
    from bot.runtime.notebook import catch_strays, open_notebook

    redactor = redactor_of(settings, discovery)
    open_notebook(settings.log_level, redactor.text, json=not sys.stderr.isatty())
    catch_strays()
    _loop()(serve(settings, discovery, root))


def _start(config: Path, serve: Callable[[Settings, Discovery, Path], None]) -> None:
    from bot.runtime.discovery import checked_estate
    from bot.runtime.settings import read_settings

    settings = read_settings()
    discovery = checked_estate(config)
    _require_writable(settings.state)
    serve(settings, discovery, config.resolve().parent)


def _require_writable(state: Path) -> None:
    """Make the state folder; raises ConfigurationInvalid before anything else is touched."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(state, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ConfigurationInvalid(
            "The state folder cannot be used.",
            [f"TGK_STATE is {state}: {error.strerror}"],
            remedy="Set TGK_STATE to a folder that this account may write.",
        ) from error


def _only_error(group: ExceptionGroup[Exception]) -> TgkError:
    """Return what tasks that ended together have to say; a fault of ours is raised as it is."""
    errors = [error for error in _leaves(group) if isinstance(error, TgkError)]
    if len(errors) < len(list(_leaves(group))):
        raise group
    return errors[0]


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _loop() -> Callable[[Coroutine[Any, Any, None]], None]:
    """Return uvloop's runner where it exists, else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


def _say(error: TgkError) -> int:
    """Print what, why and what to do; return the exit code."""
    for part in (error.what, error.why, error.remedy):
        if part:
            print(part, file=sys.stderr)  # noqa: T201 - the log is not open yet
    return CONFIGURATION_EXIT if isinstance(error, ConfigurationInvalid) else UNAVAILABLE_EXIT
