"""Slips of the pen: which name was meant, and whether that is certain enough to write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT = 4


def slip(typed: str, names: Iterable[str]) -> str | None:
    """Return the one name that ``typed`` is a slip of; None if there is none, or several."""
    allowed = 1 if len(typed) <= _SHORT else 2
    folded = typed.casefold()
    by_distance = sorted(
        (apart, name)
        for name in set(names)
        if (apart := distance(folded, name.casefold(), allowed)) <= allowed
    )
    if not by_distance:
        return None
    best, name = by_distance[0]
    several = len(by_distance) > 1 and by_distance[1][0] == best
    return None if several else name


def did_you_mean(typed: str, names: Iterable[str], *, before: str = "", otherwise: str = "") -> str:
    """Return the question that names what looks alike; ``otherwise`` if nothing does."""
    near = nearest(typed, names, limit=1)
    return f"did you mean '{before}{near[0]}'?" if near else otherwise


def distance(one: str, other: str, limit: int) -> int:
    """Return how many slips are between two words; more than ``limit`` once that is certain."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, above, row = row, before, [at]
        for to, wanted in enumerate(other, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != wanted))
            swapped = at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted
            row.append(min(cost, above[to - 2] + 1) if swapped else cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
