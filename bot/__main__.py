"""``python -m bot``: run the bot until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.runtime.collector import unhurried
from tgk.errors import ConfigurationInvalid, TgkError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery

CONFIGURATION_EXIT = 78  # EX_CONFIG of sysexits.h
UNAVAILABLE_EXIT = 69  # EX_UNAVAILABLE
_OWNER_ONLY = 0o077  # what the process writes is for its own account, whoever made the folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns 0 after a stop by signal, 78 when files or environment need mending.

    69 means that something is not there, or is taken, that is needed from the start.
    """
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("discovery.yml"))
    given = parser.parse_args(arguments)
    os.umask(_OWNER_ONLY)
    try:
        with unhurried():
            _start(given.config)
    except TgkError as error:
        return _say(error)
    except ExceptionGroup as group:
        return _say(_only_error(group))
    return 0


def _start(config: Path) -> None:
    from bot.runtime.discovery import checked_estate
    from bot.runtime.settings import read_settings

    settings = read_settings()
    discovery = checked_estate(config)
    _require_writable(settings.state)
    _run(settings, discovery, config.resolve().parent)


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


def _run(settings: Settings, discovery: Discovery, root: Path) -> None:
    from bot.process import serve_until_stopped
    from bot.runtime.assemble import redactor_of
    from bot.runtime.notebook import open_notebook
    from bot.runtime.simulation import simulated

    with simulated(settings, root) as actual:
        redactor = redactor_of(actual, discovery)
        open_notebook(actual.log_level, redactor.text, json=not sys.stderr.isatty())
        _loop()(serve_until_stopped(actual, discovery, root))


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


if __name__ == "__main__":
    sys.exit(main())
