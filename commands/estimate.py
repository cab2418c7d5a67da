"""How long something usually takes, learnt from the last times it went well."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from tgk.context import Context

MOST_KEPT = 10
_MINUTE = 60.0


class _Times(BaseModel):
    """What it took, by the invocation that it took so long; the latest last."""

    model_config = ConfigDict(frozen=True)

    took: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Estimate:
    """The middle of the last times, and how many there were."""

    usual: float
    times: int

    def left(self, elapsed: float) -> str:
        """Say how long it will still take, in steps so rough that a card is seldom changed."""
        last = f"the last {self.times} took" if self.times > 1 else "the last one took"
        rest = self.usual - elapsed
        if rest <= 0:
            return f"longer than {last}"
        minutes = math.ceil(rest / _MINUTE)
        return f"{f'about {minutes} min' if minutes > 1 else 'under a minute'} left, as {last}"


async def expected(subject: str, context: Context) -> Estimate | None:
    """Return what a subject such as ``deploy:production`` usually takes; None for the first."""
    took = (await _times(subject, context)).took
    return Estimate(median(took.values()), len(took)) if took else None


async def learn(subject: str, seconds: float, context: Context) -> None:
    """Remember what this invocation took; told again, it counts once."""
    took = (await _times(subject, context)).took
    latest = dict([*took.items(), (context.corr, round(seconds, 1))][-MOST_KEPT:])
    await context.backends.notes.put(_key(subject), _Times(took=latest).model_dump_json())


async def _times(subject: str, context: Context) -> _Times:
    kept = await context.backends.notes.get(_key(subject))
    try:
        return _Times.model_validate_json(kept) if kept else _Times()
    except ValidationError:
        return _Times()  # of another version: what is learnt anew replaces it


def _key(subject: str) -> str:
    return f"took:{subject}"
