"""Values of a file of SQLite's as the columns of PostgreSQL want them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestration.store_postgres import PostgresSession

    Column = Callable[[Any], Any]

_AS: Final[Mapping[str, Column]] = {
    "boolean": bool,
    "text": lambda value: value.decode() if isinstance(value, bytes) else value,
    "bytea": lambda value: value.encode() if isinstance(value, str) else value,
}


def columns(session: PostgresSession, schema: str, table: str) -> dict[str, str]:
    """Return the columns of a table, each with its type."""
    question = """SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"""
    return dict(session.execute(question, (schema, table)).fetchall())


def fitting(row: Sequence[Any], kinds: Sequence[str]) -> list[Any]:
    """Return values as the columns want them: SQLite keeps what it is given."""
    return [
        value if value is None else _AS.get(kind, _same)(value)
        for value, kind in zip(row, kinds, strict=True)
    ]


def _same(value: Any) -> Any:
    return value
