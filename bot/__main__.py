"""``python -m bot``: run the bot until it is told to stop."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.start import started

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns 0 after a stop by signal, 78 when files or environment need mending.

    69 means that something is not there, or is taken, that is needed from the start.
    """
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("discovery.yml"))
    given = parser.parse_args(arguments)
    return started(given.config, _serve)


def _serve(settings: Settings, discovery: Discovery, root: Path) -> None:
    from bot.process import serve_until_stopped
    from bot.runtime.simulation import simulated
    from bot.start import run

    with simulated(settings, root) as actual:
        run(serve_until_stopped, actual, discovery, root)


if __name__ == "__main__":
    sys.exit(main())
