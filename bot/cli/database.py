"""What ``tgk doctor`` sees of the database: can it be used, and who else uses it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

from audit.salt import LENGTH
from bot.runtime.memory import ESTATE, NAME, STORE
from bot.runtime.salt import known_salt
from bot.runtime.settings import SOCKET_NAME
from bot.runtime.socket_file import answers
from integrations.finding import Finding
from orchestration.membership import listed
from orchestration.schema import MIGRATIONS
from orchestration.store_postgres import PostgresDatabase
from tgk.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.runtime.settings import Settings
    from orchestration.membership import Member

ENGINE: Final = "operations.sqlite"
_OLDEST: Final = 13
_MEBIBYTE: Final = 1024 * 1024
_LOOK_SECONDS: Final = 5.0
_STEPS: Final = 100_000
"""Of SQLite's machine, between two looks at the time."""
_RESTORE: Final = "Stop the bot and restore the file: see docs/operations.md, Back up and restore."
_CURES: Final = {
    "password authentication failed": "Mend user and password in DATABASE_URL.",
    "Connection refused": "Start PostgreSQL, or mend host and port in DATABASE_URL.",
    "failed to resolve host": "Mend the host in DATABASE_URL.",
    "does not exist": "Make it with createdb or createuser, or mend DATABASE_URL.",
    "timeout": "Look at the network and at firewalls between here and PostgreSQL.",
}
_RIGHTS: Final = """SELECT current_setting('server_version'),
    current_setting('server_version_num')::int / 10000, pg_is_in_recovery(), current_database(),
    current_user, (SELECT bool_and(CASE WHEN to_regnamespace(name) IS NULL
        THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege(name, 'USAGE') AND has_schema_privilege(name, 'CREATE') END)
    FROM unnest(ARRAY['tgk', 'dbos']) AS name), to_regclass('tgk.processes') IS NOT NULL"""


def look(settings: Settings) -> list[Finding]:
    """Look without changing anything; nothing found holds a password."""
    if settings.database:
        return _postgres(settings)
    return [each for name in (STORE, ENGINE) for each in _file(settings.state / name)]


def _file(path: Path) -> Iterator[Finding]:
    """Yield what there is to say of a file of SQLite's."""
    if not path.exists():
        yield Finding(path.name, "off", "SQLite; made at the first start")
        return
    if not os.access(path, os.R_OK | os.W_OK):
        do = "Give it to the account of the bot: chown it, then chmod 600."
        yield Finding(path.name, "bad", f"{path} cannot be written by this account", do)
        return
    try:
        yield _sound(path)
    except sqlite3.Error as error:
        yield Finding(path.name, "bad", f"{path} cannot be read: {error}", _RESTORE)
    if path.stat().st_mode & 0o077:
        told = f"{path} can be read by other accounts"
        yield Finding(path.name, "warn", told, f"chmod 600 {path}")


def _sound(path: Path) -> Finding:
    """Look whether the file is whole, for some seconds at most."""
    log = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    how = "mode=ro" if log.exists() else "immutable=1"  # else looking would leave files behind
    file = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=_LOOK_SECONDS)
    try:
        until = time.monotonic() + _LOOK_SECONDS
        (mode,) = file.execute("PRAGMA journal_mode").fetchone()
        (version,) = file.execute("PRAGMA user_version").fetchone()
        file.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        try:
            said = str(file.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            said = ""
    finally:
        file.close()
    if said not in ("ok", ""):
        return Finding(path.name, "bad", f"{path} is damaged: {said}", _RESTORE)
    if path.name == STORE and version > len(MIGRATIONS):
        return _newer(path.name, version)
    if shutil.disk_usage(path.parent).free < size:
        told = f"{path} is {size // _MEBIBYTE} MiB, and less than that is free beside it"
        return Finding(path.name, "warn", told, "Make room: a backup would not fit.")
    whole = "whole" if said else f"too large to be proven whole within {_LOOK_SECONDS:g} s"
    return Finding(path.name, "ok", f"SQLite, {size / _MEBIBYTE:.1f} MiB, {mode}, {whole}")


def _newer(name: str, version: int) -> Finding:
    told = f"schema {version} is newer than this program, which knows {len(MIGRATIONS)}"
    return Finding(name, "bad", told, "Install the newer tgk, or restore a backup of before.")


def _postgres(settings: Settings) -> list[Finding]:
    database = PostgresDatabase(settings.database)
    try:
        with database.connect() as connection:
            server, usable = _server(connection)
            return [*server, *(_company(connection, settings) if usable else ())]
    except database.faults as error:
        trouble = database.unavailable(error)
        do = next((do for sign, do in _CURES.items() if sign in trouble.why), trouble.remedy)
        return [Finding("PostgreSQL", "bad", trouble.why, do)]


def _server(connection: Any) -> tuple[list[Finding], bool]:
    """Return what the server lets us do, and whether our tables are there."""
    row = connection.execute(_RIGHTS, prepare=False).fetchone()
    version, major, standby, name, user, may, made = row
    told = f"{version}, database {name} as {user}"
    found = [Finding("PostgreSQL", "ok", f"answers: {told}")]
    if major < _OLDEST:
        do = f"Upgrade to {_OLDEST} or newer; 15 is what is tested."
        found = [Finding("PostgreSQL", "warn", f"answers, but is old: {told}", do)]
    if standby:
        told, do = "it is a standby, where nothing can be written", "Name the primary instead."
        found.append(Finding("writing", "bad", told, do))
    if not may:
        told = f"{user} may not make or use the schemas tgk and dbos in {name}"
        do = f'As its owner: GRANT CREATE ON DATABASE "{name}" TO "{user}";'
        found.append(Finding("rights", "bad", told, do))
    return found, bool(may and made)


def _company(connection: Any, settings: Settings) -> Iterator[Finding]:
    """Yield who works on the database, and whether this machine fits in."""
    (version,) = connection.execute("SELECT version FROM schema_version").fetchone()
    if version > len(MIGRATIONS):
        yield _newer("tables", version)
        return
    yield from _estate(connection, settings)
    members = listed(connection)
    for each in members:
        yield _member(each, settings)
    if not members:
        yield Finding("processes", "off", "none works on this database")


def _estate(connection: Any, settings: Settings) -> Iterator[Finding]:
    """Yield a finding where the processes on the database mask secrets in another way."""
    query = "SELECT value FROM notes WHERE key = %s"
    row = connection.execute(query, (ESTATE,)).fetchone()
    salt = known_salt(settings)
    if row is None or salt is None or len(salt) != LENGTH:
        return
    if row[0].partition(" ")[2] != Redactor(salt).fingerprint(ESTATE):
        told = "the processes on this database mask secrets in another way: no start here"
        do = "Copy redaction.salt from the first process's state folder, or set the same TGK_SALT."
        yield Finding("redaction", "bad", told, do)


def _member(member: Member, settings: Settings) -> Finding:
    told = (
        f"{member.name}, process {member.pid} on {member.host}, plays {member.runs} runs, "
        f"last heard of {member.silent:.0f} s ago"
    )
    if member.silent > settings.lease:
        do = "Nothing: others take over what it did, and strike it off at their next look."
        return Finding(member.kind, "warn", f"dead: {told}", do)
    path = settings.state / NAME
    own = path.read_text("ascii").strip() if path.exists() else ""
    if member.kind != "bot" or member.name == own:
        return Finding(member.kind, "ok", told)
    if answers(settings.state / SOCKET_NAME):
        return Finding(member.kind, "ok", told)
    do = "Work beside it with `tgk worker`, or stop it first."
    return Finding(member.kind, "warn", f"{told}: another bot would end with 69", do)
