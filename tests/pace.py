"""How much processor time something takes, told in milliseconds of one and the same machine.

A machine that is slow, or busy with others, takes longer for everything. So a fixed piece of work
is measured right beside what is asked about, and only how they compare counts.
"""

from __future__ import annotations

import gc
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIXED_MS = 3.3
"""What the fixed piece of work takes where the bars were set."""
MOST_ROUNDS = 25
_WORD = re.compile(r"[a-z]{1,9}[0-9]{1,9}")


def milliseconds(act: Callable[[], object], *, under: float = 0.0) -> float:
    """Return the least of several rounds; as soon as one is ``under`` a bar, the others are spared.

    Whatever else goes on can only add to a round, never take away from it.
    """
    least = float("inf")
    with _own_garbage():
        for _ in range(MOST_ROUNDS):
            before = _spent(_fixed)
            spent = _spent(act)
            beside = min(before, _spent(_fixed))
            least = min(least, FIXED_MS * spent / beside)
            if least < under:
                break
    return least


@contextmanager
def _own_garbage() -> Iterator[None]:
    """Let nobody pay for looking through what the whole process has in memory."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _spent(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def _fixed() -> int:
    """Do what parsers do: match, branch, and build small objects that refer to one another."""
    found: list[dict[str, object]] = []
    for number in range(6_000):
        word = f"word{number % 89}"
        if _WORD.fullmatch(word):
            found.append({"word": word, "at": (number, number % 80), "before": found[-1:]})
    return len(found)
