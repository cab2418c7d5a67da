"""Opens what is kept over a restart: one store, and the small rooms in it."""

from __future__ import annotations

import re
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.runtime.salt import FILE
from orchestration.buttons import StoredButtons
from orchestration.deliveries import StoredDeliveries
from orchestration.locks import StoredLocks
from orchestration.membership import Alone, Members
from orchestration.notes import StoredNotes
from orchestration.schedules import StoredSchedules
from orchestration.store import Store
from orchestration.store_postgres import PostgresDatabase
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from contextlib import AsyncExitStack
    from pathlib import Path

    from bot.runtime.settings import Settings
    from orchestration.membership import Kind
    from tgk.ports.time import Clock
    from tgk.redaction import Redactor

STORE = "tgk.sqlite"
ALONE: Final = "tgk"
"""What a process is called that has its database for itself."""
NAME: Final = "process.name"
ESTATE: Final = "tgk:estate"
"""The note of which world a database is of, and how its processes mask secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The durable parts that need nothing but the store."""

    store: Store
    members: Members | Alone
    buttons: StoredButtons
    deliveries: StoredDeliveries
    locks: StoredLocks
    notes: StoredNotes
    schedules: StoredSchedules

    @property
    def name(self) -> str:
        """What this process is called among those that share its database."""
        return self.members.name if isinstance(self.members, Members) else ALONE


async def open_memory(
    settings: Settings, clock: Clock, stack: AsyncExitStack, *, kind: Kind, redactor: Redactor
) -> Memory:
    """Open the store where the settings say, and join who else uses it; the stack lets go of both.

    Raises Unavailable when it cannot be opened, Conflict beside another bot, ConfigurationInvalid
    when the others live in another world or mask secrets in another way.
    """
    members: Members | Alone = Alone(clock)
    if settings.database:
        database = PostgresDatabase(settings.database)
        store = await stack.enter_async_context(Store(database))
        await _require_same_estate(StoredNotes(store), settings, redactor)
        name, lease = kept_name(settings.state), settings.lease
        members = Members(database, store, clock, name=name, kind=kind, lease=lease)
        await members.join()
        stack.push_async_callback(members.leave)
    else:
        store = await stack.enter_async_context(Store(settings.state / STORE))
    return Memory(
        store=store,
        members=members,
        buttons=StoredButtons(store, clock),
        deliveries=StoredDeliveries(store, clock),
        locks=StoredLocks(store, clock),
        notes=StoredNotes(store),
        schedules=StoredSchedules(store, clock),
    )


def kept_name(state: Path) -> str:
    """Return the name of the process with this state folder: the same in every life of it."""
    path = state / NAME
    if not path.exists():
        host = re.sub(r"[^a-z0-9-]+", "-", socket.gethostname().lower())[:40]
        path.write_text(f"{host}-{secrets.token_hex(3)}", encoding="ascii")
    name = path.read_text(encoding="ascii").strip()
    if not re.fullmatch(r"[a-z0-9-]{1,64}", name):
        raise ConfigurationInvalid(
            "The process has no name.",
            [f"{path}: expected letters, digits and hyphens"],
            remedy="Remove the file; a new name is made.",
        )
    return name


async def _require_same_estate(notes: StoredNotes, settings: Settings, redactor: Redactor) -> None:
    """Refuse to share a database with processes that this one could not stand in for."""
    world = "simulated" if settings.simulated else "real"
    ours = f"{world} {redactor.fingerprint(ESTATE)}"
    theirs = await notes.get(ESTATE)
    if theirs is None:
        await notes.put(ESTATE, ours)
    elif theirs.partition(" ")[0] != world:
        raise ConfigurationInvalid(
            "Real and simulated changes do not go together.",
            [f"DATABASE_URL is used by the {theirs.partition(' ')[0]} world, and this is {world}"],
            remedy="Use another database.",
        )
    elif theirs != ours:
        raise ConfigurationInvalid(
            "The processes on this database mask secrets in different ways.",
            [f"{_salted_by(settings)} is not that of the others"],
            remedy="Copy redaction.salt from the state folder of the first process to this one, "
            "or set the same TGK_SALT for all.",
        )


def _salted_by(settings: Settings) -> str:
    return "TGK_SALT" if settings.salt else str(settings.state / FILE)
