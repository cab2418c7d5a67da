"""The engine's own database file, with the settings that make a durable step cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    import sqlalchemy


def sqlite(path: Path) -> sqlalchemy.Engine:
    """Return an engine with the settings that make a durable step cheap."""
    import sqlalchemy

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)  # its companions take over the mode
    path.chmod(0o600)
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", pool_size=4, max_overflow=4)

    @sqlalchemy.event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, record: object) -> None:  # noqa: ARG001 - theirs
        connection.isolation_level = "IMMEDIATE"
        for setting in (
            "busy_timeout = 30000",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {setting}")

    return engine
