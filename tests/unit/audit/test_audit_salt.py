"""The salt of an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.salt import kept_salt
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from pathlib import Path


def test_the_salt_is_made_once_and_kept(tmp_path: Path) -> None:
    """For its owner only; nothing else is left in the folder."""
    path = tmp_path / "state" / "salt"

    first = kept_salt(path)

    assert kept_salt(path) == first
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [path] == list(path.parent.iterdir())


def test_a_salt_made_meanwhile_by_another_process_counts(tmp_path: Path) -> None:
    """Two processes that start together use the same one."""
    path = tmp_path / "salt"

    def slow(length: int) -> bytes:
        path.write_bytes(b"a" * length)
        return b"b" * length

    assert kept_salt(path, slow) == b"a" * 32


def test_a_broken_salt_is_not_used(tmp_path: Path) -> None:
    """A cut file would make marks that match nothing."""
    (tmp_path / "salt").write_bytes(b"short")

    with pytest.raises(ConfigurationInvalid, match="expected 32 bytes"):
        kept_salt(tmp_path / "salt")
