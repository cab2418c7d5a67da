"""Did you mean: names that look like the one typed."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(typed: str, names: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Return at most ``limit`` names that look like ``typed``, best first."""
    by_folded = {name.casefold(): name for name in names}
    matches = get_close_matches(typed.casefold()[:128], by_folded, n=limit, cutoff=0.6)
    return tuple(by_folded[match] for match in matches)


def completions(partial: str, names: Iterable[str], *, limit: int = 25) -> tuple[str, ...]:
    """Return names for what is typed so far: those it starts first, then those that contain it."""
    folded = partial.casefold()
    pool = list(dict.fromkeys(names))
    starting = [name for name in pool if name.casefold().startswith(folded)]
    containing = [name for name in pool if folded in name.casefold() and name not in starting]
    return tuple((starting + containing)[:limit])
