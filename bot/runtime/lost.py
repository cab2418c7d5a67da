"""What a former process left unfinished and nobody goes on with: said aloud and cleared away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from tgk.ports.board import Place
from tgk.reply import Reply, Table, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from audit.journal import Orphan
    from bot.runtime.core import Core
    from tgk.ports.council import Locks

TURNS = "deploying:"
"""Locks of running deployments; people's own locks are never touched."""


async def settle(core: Core) -> None:
    """Mark changes that nobody goes on with as unknown, tell the council, and free their turns.

    The council is not told of those that another process has brought to their end.
    """
    held = await core.memory.locks.held()  # before asking what goes on: a newer turn stays
    going_on = await core.engine.pending()
    await free_turns(core.memory.locks, {lock.key: lock.holder for lock in held}, going_on)
    closed = await core.journal.close_orphans(keep=going_on)
    elsewhere = await core.engine.succeeded({each.corr for each in closed})
    lost = [each for each in closed if each.corr not in elsewhere]
    if lost and core.discovery.telegram:
        key, place, reply = lost_changes(lost)
        await core.board.show(key, place, reply, loud=True)


async def free_turns(locks: Locks, held: dict[str, str], going_on: Collection[str]) -> None:
    """Release the turns of deployments that nobody goes on with."""
    for key, holder in held.items():
        if key.startswith(TURNS) and holder not in going_on:
            await locks.release(key, holder)
            logger.bind(key=key, corr=holder).warning("turn of a lost deployment freed")


def lost_changes(lost: Sequence[Orphan]) -> tuple[str, Place, Reply]:
    """Return key, place and card: which changes began, and did not say how they ended."""
    rows = tuple((each.command, each.user, each.timestamp, each.corr[:6]) for each in lost)
    reply = Reply(
        topic="notice",
        title=f"{len(lost)} changes have an unknown end",
        tone="warning",
        blocks=(
            Text(text="The bot stopped between intent and outcome. Look whether they happened."),
            Table(columns=("Command", "Who", "When", "Id"), rows=rows),
        ),
        data={"unknown": [each.corr for each in lost]},
    )
    return f"lost:{lost[-1].corr}", Place(platform="telegram", room="council"), reply
