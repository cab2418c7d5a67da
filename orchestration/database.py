"""What the store needs of a database, beside SQL that SQLite and PostgreSQL both understand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    Hear = Callable[[frozenset[str] | None], None]


class StoreAway(Unavailable):
    """The store cannot be used for now, and nothing was done: asked again later it may be."""


class Session(Protocol):
    """One connection, used by one thread."""

    @property
    def connection(self) -> Any:
        """SQLite's connection, or what behaves alike."""

    @property
    def in_transaction(self) -> bool:
        """Whether something was begun and not ended, and can still be committed or undone."""

    def begin(self) -> None:
        """Begin a transaction that no other process can write beside."""

    def commit(self) -> None:
        """Make it durable."""

    def rollback(self) -> None:
        """Undo what was begun, if anything was."""

    def repeats(self, error: Exception) -> bool:
        """Say whether the transaction was lost before it could count, so that it may be redone."""

    def lost(self, error: Exception) -> Exception:
        """Return the fault of a transaction that ended without our word."""

    def scrub(self) -> bool:
        """Let no copy of what was dropped stand in files beside the tables; says whether none does.

        Where such files are somebody else's to look after, there is nothing to do.
        """

    def close(self) -> None:
        """Let go of the connection."""


class Database(Protocol):
    """Where a store keeps its tables."""

    @property
    def shared(self) -> bool:
        """Whether several processes may write to it."""

    @property
    def faults(self) -> tuple[type[Exception], ...]:
        """Errors that are the database's own."""

    def open(self, hear: Hear) -> Session:
        """Connect, and bring the tables to the newest version; called on the session's thread.

        ``hear`` is told which tables other processes wrote to; None stands for any of them.
        """

    def unavailable(self, error: Exception) -> Unavailable:
        """Return what people may see of a fault: never a credential; StoreAway if it may pass."""
