"""What the records so far leave open: intents without an outcome, damage nobody acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CARRIED = ("corr", "timestamp", "user", "user_id", "platform", "command", "args", "channel")
_CARRIED_ENDS = 32
_OUTCOME = b'"phase":"outcome"'
_REMEMBERED = 256
"""More changes than this never end in the moment before a kill."""


@dataclass(frozen=True, slots=True)
class Damage:
    """The first line of a segment that does not fit."""

    segment: str
    line: int
    kind: str
    what: str

    @property
    def id(self) -> str:
        """Names this damage and no other."""
        return f"{self.segment}:{self.line}:{self.kind}"

    def __str__(self) -> str:
        return f"{self.segment} line {self.line} {self.what}"


@dataclass(slots=True)
class OpenState:
    """Kept up to date with every record; each new segment begins with a copy of it."""

    intents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    damages: dict[str, str] = field(default_factory=dict)
    """Damage that nobody acknowledged: its id and what it is."""
    anchored: int = 0
    """How many records the last anchor covers."""
    ended: dict[str, None] = field(default_factory=dict)
    """The changes that ended last: one that is taken up again has its outcome already."""

    def note_line(self, line: bytes) -> None:
        """Take a line of the file; cheap for those that do not matter."""
        if not self.intents and _OUTCOME in line and b'"phase":"intent"' not in line:
            return  # the end of a read: most lines are
        raw = orjson.loads(line)
        self.note(raw["phase"], raw["corr"], raw)

    def note(self, phase: str, corr: str, fields: Mapping[str, Any]) -> None:
        """Take a record."""
        if phase == "intent":
            self.intents[corr] = {name: fields[name] for name in _CARRIED}
        elif phase == "outcome":
            if self.intents.pop(corr, None) is not None:
                self._note_ended(corr)
        elif phase in ("rotate", "recover", "anchor"):
            self._note_own(fields.get("data", {}))

    def _note_ended(self, corr: str) -> None:
        self.ended[corr] = None
        while len(self.ended) > _REMEMBERED:
            del self.ended[next(iter(self.ended))]

    def _note_own(self, data: Mapping[str, Any]) -> None:
        for intent in data.get("open", ()):
            self.intents[intent["corr"]] = intent
        for corr in data.get("ended", ()):
            self._note_ended(corr)
        self.damages.update(data.get("damages", {}))
        for damage in data.get("acknowledged", ()):
            self.damages.pop(damage, None)
        self.anchored = data.get("anchored", self.anchored)

    def carried(self) -> dict[str, Any]:
        """Return what the next segment must begin with."""
        return {
            "open": list(self.intents.values()),
            "damages": dict(self.damages),
            "anchored": self.anchored,
            "ended": list(self.ended)[-_CARRIED_ENDS:],
        }


def reported(damages: Iterable[Damage]) -> dict[str, Any]:
    """Return the data of a record that reports damage."""
    return {"damages": {damage.id: str(damage) for damage in damages}}
