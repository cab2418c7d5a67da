"""Which of two tags is newer, by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tgk.ports.pipelines import Tag

_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9})*)(?:[-.]?([A-Za-z][\w.-]*))?(?:\+\S*)?$")
_Rank = tuple[tuple[int, ...], bool, tuple[tuple[int, int, str], ...]]


def newest_first(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Return versions from high to low, then every other tag in the order given."""
    ranked = [(_rank(tag.name), tag) for tag in tags]
    versions = [(rank, tag) for rank, tag in ranked if rank is not None]
    versions.sort(key=lambda pair: pair[0], reverse=True)
    return (*(tag for _, tag in versions), *(tag for rank, tag in ranked if rank is None))


def _rank(name: str) -> _Rank | None:
    found = _VERSION.match(name)
    if found is None:
        return None
    numbers = tuple(int(part) for part in found[1].split("."))
    early = re.findall(r"\d{1,18}|[A-Za-z]+", found[2] or "")
    parts = tuple((1, int(p), "") if p.isdigit() else (0, 0, p.lower()) for p in early)
    return numbers, not early, parts
