"""``python -m bot``: run the bot until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.runtime.discovery import load_estate
from bot.runtime.notebook import open_notebook
from bot.runtime.settings import read_settings
from tgk.errors import ConfigurationInvalid, TgkError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery

CONFIGURATION_EXIT = 78  # EX_CONFIG of sysexits.h
UNAVAILABLE_EXIT = 69  # EX_UNAVAILABLE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns 0 after a stop by signal, 78 when files or environment need mending."""
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("discovery.yml"))
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
        discovery = _estate(given.config)
        _run(settings, discovery, given.config.resolve().parent)
    except ConfigurationInvalid as error:
        return _say(error, CONFIGURATION_EXIT)
    except TgkError as error:
        return _say(error, UNAVAILABLE_EXIT)
    return 0


def _estate(config: Path) -> Discovery:
    """Load discovery.yml and the policy against one another and against the commands."""
    import commands
    from tgk.registry import collect

    names = {entry.name.split()[0] for entry in collect(commands)}
    return load_estate(config, config.resolve().parent / "rbac" / "policy.yml", names)


def _run(settings: Settings, discovery: Discovery, root: Path) -> None:
    from bot.process import serve_until_stopped
    from bot.runtime.assemble import redactor_of
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


def _say(error: TgkError, code: int) -> int:
    for part in (error.what, error.why, error.remedy):
        if part:
            print(part, file=sys.stderr)  # noqa: T201 - the log is not open yet
    return code


if __name__ == "__main__":
    sys.exit(main())
