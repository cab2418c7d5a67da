"""``tgk store``: move what a bot keeps from its files to PostgreSQL."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bot.runtime.memory import STORE
from bot.runtime.settings import AUDIT_LOG, read_settings
from bot.runtime.simulation import is_marked
from tgk.errors import ConfigurationInvalid, Conflict, Unavailable
from tgk.recording import reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bot.runtime.settings import Settings

ENGINE = "operations.sqlite"
_MOST_NAMED = 10
_STAYS = (
    "The audit log, the salt and published playbooks stay in the state folder, as before. Not "
    "copied: records of ended changes (operations.sqlite), which only serve to finish what is "
    "under way, and nothing is."
)


@click.group("store")
def tool() -> None:
    """Move what the bot keeps to another place."""


@tool.command("copy")
@click.option("--json", "as_json", is_flag=True, help="The counts for programs.")
def copy(*, as_json: bool) -> None:
    """Copy all that is kept from the state folder to the empty PostgreSQL of DATABASE_URL.

    Runs, schedules, approvals, locks, messages, buttons, notes: in one transaction, counted after.
    The bot must be stopped and no change under way. The files stay as they are; started with
    DATABASE_URL the bot goes on from the copy, without it from the files.
    """
    counts = _copied(read_settings())
    if as_json:
        click.echo(json.dumps({"copied": counts}))
        return
    for table, count in counts.items():
        click.echo(f"{table:<12} {count}")
    click.echo(f"{sum(counts.values())} rows are in PostgreSQL, as many as in {STORE}.")
    click.echo(_STAYS)
    click.echo(
        "Start the bot with the same DATABASE_URL and TGK_STATE; keep the files as a backup."
    )


def _copied(settings: Settings) -> dict[str, int]:
    from orchestration.store_copy import copied, under_way
    from orchestration.store_postgres import PostgresDatabase

    _require_usable(settings)
    target = PostgresDatabase(settings.database)
    with _nobody_else(settings.state):
        _require_ended(under_way(settings.state / ENGINE))
        try:
            return copied(settings.state / STORE, target)
        except sqlite3.Error as error:
            raise Unavailable("the store", f"{STORE} cannot be read: {error}.") from error
        except target.faults as error:
            raise target.unavailable(error) from error


def _require_ended(going: Sequence[str]) -> None:
    if going:
        listed = ", ".join(reference(corr) for corr in going[:_MOST_NAMED])
        raise Conflict(
            "Nothing was copied.",
            why=f"Under way, and known to the files alone: {listed}"
            + (f" and {len(going) - _MOST_NAMED} more." if len(going) > _MOST_NAMED else "."),
            remedy="See what each is with `tgk audit query --corr ID`; a run counts until its end, "
            "paused ones too. Start the bot without DATABASE_URL, let them end or complete them, "
            "stop it with SIGTERM, and try again.",
        )


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
