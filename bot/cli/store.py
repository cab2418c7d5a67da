"""``tgk store``: move what a bot keeps from its files to PostgreSQL."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bot.runtime.memory import STORE, kept_name
from bot.runtime.settings import AUDIT_LOG, read_settings
from bot.runtime.simulation import is_marked
from tgk.errors import ConfigurationInvalid, Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.runtime.settings import Settings
    from orchestration.store_copy import Copy

ENGINE = "operations.sqlite"
_STAYS = (
    "The audit log, the salt and published playbooks stay in the state folder, as before. Not "
    "copied: records of ended changes (operations.sqlite), which nobody needs any more."
)


@click.group("store")
def tool() -> None:
    """Move what the bot keeps to another place."""


@tool.command("copy")
@click.option("--json", "as_json", is_flag=True, help="The counts for programs.")
def copy(*, as_json: bool) -> None:
    """Copy all that is kept from the state folder to the empty PostgreSQL of DATABASE_URL.

    Runs, schedules, approvals, locks, messages, buttons, notes, and changes under way: in one
    transaction, counted after. The bot must be stopped. The files stay as they are; started with
    DATABASE_URL the bot goes on from the copy, without it from the files: never do both.
    """
    made = _copied(read_settings())
    if as_json:
        click.echo(json.dumps({"copied": dict(made.rows), "under_way": made.changes}))
        return
    for table, count in made.rows.items():
        click.echo(f"{table:<12} {count}")
    click.echo(f"{sum(made.rows.values())} rows are in PostgreSQL, as many as in {STORE}.")
    if made.changes:
        click.echo(f"Under way: {made.changes}; a bot that is started there goes on with them.")
    click.echo(_STAYS)
    click.echo(
        "Start the bot with the same DATABASE_URL and TGK_STATE; keep the files as a backup."
    )


def _copied(settings: Settings) -> Copy:
    from orchestration.store_copy import copied
    from orchestration.store_postgres import PostgresDatabase

    _require_usable(settings)
    target = PostgresDatabase(settings.database)
    with _nobody_else(settings.state):
        name = kept_name(settings.state)
        try:
            return copied(settings.state / STORE, settings.state / ENGINE, target, name)
        except sqlite3.Error as error:
            raise Unavailable("the store", f"{STORE} cannot be read: {error}.") from error
        except target.faults as error:
            raise target.unavailable(error) from error


def _require_usable(settings: Settings) -> None:
    faults = []
    if not settings.database:
        faults.append("DATABASE_URL is not set: it names where to copy to")
    if not (settings.state / STORE).exists():
        faults.append(f"{settings.state / STORE} does not exist: TGK_STATE names where from")
    if is_marked(settings.state):
        faults.append(f"{settings.state} is of a simulated world, which stays in its files")
    if faults:
        raise ConfigurationInvalid("There is nothing to copy.", faults, remedy="Mend these.")


@contextmanager
def _nobody_else(state: Path) -> Iterator[None]:
    """Be the one that writes here, as a bot is; raises Conflict while a bot runs."""
    with (state / f"{AUDIT_LOG}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "Nothing was copied.",
                why=f"A bot or another tgk works with {state}.",
                remedy="Stop it with SIGTERM first.",
            ) from None
        yield
