"""Where stores of tests are kept: a file, or a database of a real PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.store_postgres import PostgresDatabase

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KINDS = ("sqlite", "postgres")


def place(kind: str, request: pytest.FixtureRequest, folder: Path) -> Path | PostgresDatabase:
    """Return a place for a store of one kind; whoever asks for the same test gets the same one."""
    if kind == "postgres":
        return PostgresDatabase(request.getfixturevalue("postgres"))
    return folder / "tgk.sqlite"
