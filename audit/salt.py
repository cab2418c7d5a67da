"""The salt of the redactor: made once for an installation, so that marks can be looked up later."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LENGTH = 32


def kept_salt(path: Path, entropy: Callable[[int], bytes] = os.urandom) -> bytes:
    """Return the salt in this file, made at the first call; processes that race get the same.

    Raises ConfigurationInvalid when the file holds something else.
    """
    if not path.exists():
        _make(path, entropy(LENGTH))
    salt = path.read_bytes()
    if len(salt) != LENGTH:
        raise ConfigurationInvalid(
            "Secrets cannot be masked.",
            [f"{path}: expected {LENGTH} bytes, found {len(salt)}"],
            remedy="Restore the file, or remove it: marks made before cannot be matched then.",
        )
    return salt


def _make(path: Path, salt: bytes) -> None:
    """Put a whole file there, unless another process was first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, salt)
        os.fsync(handle)
    finally:
        os.close(handle)
    with suppress(FileExistsError):  # another process was first, and its salt counts
        path.hardlink_to(draft)
    draft.unlink()
