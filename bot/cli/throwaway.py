"""A state folder for one demo: said to be thrown away before anybody keeps something in it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def throwaway(within: Path, say: Callable[[str], None], *, keep: bool) -> Iterator[Path]:
    """Yield a folder of its own, and delete it at the end, Ctrl-C included, unless it is to stay.

    What is said at the start and at the end tells which. After a failure it stays for whoever
    looks into it.
    """
    within.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=within))
    fate = "it stays" if keep else "thrown away at the end (--keep keeps it)"
    say(f"State: {folder}, {fate}")
    try:
        yield folder
    except KeyboardInterrupt:
        _clear(folder, say, keep=keep)
        raise
    except BaseException:
        say(f"{folder} stays, to be looked into.")
        raise
    _clear(folder, say, keep=keep)


def _clear(folder: Path, say: Callable[[str], None], *, keep: bool) -> None:
    if keep:
        say(f"{folder} stays.")
        return
    shutil.rmtree(folder, ignore_errors=True)
    say(f"{folder} is thrown away.")
