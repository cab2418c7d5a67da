"""Names for socket files: the system takes about a hundred characters, paths may be longer."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_WITHIN = 2.0
_LONGEST = 100
"""Bytes that every system takes: 103 on the strictest one, without the end mark."""
_OWN_FOLDERS = Path("/proc/self/fd")


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """Yield a name under which a socket can be bound or reached while the block runs.

    A long path is named by its opened folder. Where the system cannot, the path is its own name.
    Raises OSError when the folder of a long path cannot be opened.
    """
    if len(os.fsencode(path)) <= _LONGEST or not _OWN_FOLDERS.is_dir():
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield str(_OWN_FOLDERS / str(folder) / path.name)
    finally:
        os.close(folder)


def answers(path: Path) -> bool:
    """Say whether a bot listens there; a socket left behind by a kill does not count."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_WITHIN)
        try:
            with short_name(path) as name:
                return probe.connect_ex(name) == 0
        except OSError:  # no such folder, or a name that no socket can have
            return False
