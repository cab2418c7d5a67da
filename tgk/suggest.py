"""Did you mean: names that look like the one typed."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_SHORTEST_START = 2
_ALIKE = 0.65
"""Below it short words are alike by chance: three letters of six, as in nosuch and anch."""


def nearest(typed: str, names: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Return at most ``limit`` names that look like ``typed``, those it begins first."""
    by_folded = {name.casefold(): name for name in names}
    folded = typed.casefold()[:128]
    begun = [name for name in by_folded if name.startswith(folded)]
    begun = begun if len(folded) >= _SHORTEST_START else []
    close = get_close_matches(folded, by_folded, n=limit, cutoff=_ALIKE)
    return tuple(by_folded[match] for match in dict.fromkeys([*begun, *close]))[:limit]


def nearest_version(typed: str, names: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Return versions that look like ``typed`` and have its digits: v1.5.0 never means v1.4.0."""
    digits = _digits(typed)
    return nearest(typed, (n for n in names if _digits(n).startswith(digits)), limit=limit)


def _digits(version: str) -> str:
    return "".join(re.findall(r"[0-9]", version))


def enumerated(names: Sequence[str], most: int, *, last: str = ", ") -> str:
    """Write names in a row; of more than ``most`` only the first, and how many there are more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} … and {len(names) - most} more"
    return last.join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def completions(partial: str, names: Iterable[str], *, limit: int = 25) -> tuple[str, ...]:
    """Return names for what is typed so far: those it starts first, then those that contain it."""
    folded = partial.casefold()
    pool = list(dict.fromkeys(names))
    starting = [name for name in pool if name.casefold().startswith(folded)]
    containing = [name for name in pool if folded in name.casefold() and name not in starting]
    return tuple((starting + containing)[:limit])
