"""The library under the engine, imported without what it imports for others."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING

from tgk.imports import named_only, postponed

if TYPE_CHECKING:
    from types import ModuleType


def dbos(*, sqlite: bool) -> ModuleType:
    """Import DBOS; takes a moment, and no other thread may import SQLAlchemy meanwhile.

    It takes PostgreSQL's driver even where nothing but SQLite is used, and names the sessions of
    SQLAlchemy's object mapper for programs that bring some.
    """
    driver = postponed("psycopg", "errors") if sqlite else contextlib.nullcontext()
    with driver, named_only("sqlalchemy.orm", "sqlalchemy.ext.asyncio"):
        return importlib.import_module("dbos")
