"""Opens what is kept over a restart: one store, and the small rooms in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.buttons import StoredButtons
from orchestration.deliveries import StoredDeliveries
from orchestration.locks import StoredLocks
from orchestration.notes import StoredNotes
from orchestration.schedules import StoredSchedules
from orchestration.store import Store

if TYPE_CHECKING:
    from contextlib import AsyncExitStack
    from pathlib import Path

    from tgk.ports.time import Clock

STORE = "tgk.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The durable parts that need nothing but the store."""

    store: Store
    buttons: StoredButtons
    deliveries: StoredDeliveries
    locks: StoredLocks
    notes: StoredNotes
    schedules: StoredSchedules


async def open_memory(state: Path, clock: Clock, stack: AsyncExitStack) -> Memory:
    """Open the store under the state folder; the stack closes it."""
    store = await stack.enter_async_context(Store(state / STORE))
    return Memory(
        store=store,
        buttons=StoredButtons(store, clock),
        deliveries=StoredDeliveries(store, clock),
        locks=StoredLocks(store, clock),
        notes=StoredNotes(store),
        schedules=StoredSchedules(store, clock),
    )
