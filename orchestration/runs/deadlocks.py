"""Who waits for whom: found before anybody waits for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Deadlock(Conflict):
    """Two or more wait for locks of one another."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who stands in the row for a lock.

    A holder is a run (``WF-2026-001``), a step of one (``WF-2026-001:roll/api``), or a person.
    """

    holder: str
    key: str


def inside(holder: str, outer: str) -> bool:
    """Say whether one is the other or a part of it, so that neither lets go before the other."""
    if holder == outer or holder.startswith(f"{outer}:"):
        return True
    return ":" in outer and holder.startswith((f"{outer.rstrip('/')}/", f"{outer}["))


def circle(
    me: Waiting, held: Mapping[str, str], rows: Sequence[Waiting]
) -> tuple[Waiting, ...] | None:
    """Return who waits for whom in a circle that begins with ``me``; None where there is none.

    ``held`` is who has each lock. A part that waits keeps the whole from letting go of its own.
    """
    seen = {me}

    def follow(waiting: Waiting) -> tuple[Waiting, ...] | None:
        owner = held.get(waiting.key)
        if owner is None or inside(waiting.holder, owner):
            return None  # it is free, or their own: this one goes on
        if inside(me.holder, owner):
            return (waiting,)
        for other in rows:
            if other in seen or not inside(other.holder, owner):
                continue
            seen.add(other)
            if rest := follow(other):
                return (waiting, *rest)
        return None

    return follow(me)


def require_no_circle(me: Waiting, held: Mapping[str, str], rows: Sequence[Waiting]) -> None:
    """Raise Deadlock naming who holds what, where waiting would never end.

    ``rows`` are in the order in which they were joined: of a circle only who came last gives way.
    """
    chain = circle(me, held, rows)
    if chain and me == max(chain, key=lambda each: rows.index(each) if each in rows else -1):
        told = [
            f"{_said(each.holder)} waits for {each.key}, which {_said(held[each.key])} holds"
            for each in chain
        ]
        raise Deadlock(
            f"{_said(me.holder)} would wait for {me.key} for ever.",
            why="; ".join(told) + ".",
            remedy="Take locks that belong together at the head of the playbook.",
        )


def _said(holder: str) -> str:
    run, _, path = holder.partition(":")
    return f"step {path.rstrip('/')} of {run}" if path else run
