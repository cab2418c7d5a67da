"""What crossed the wire, kept so that contracts can be checked afterwards."""

from __future__ import annotations

import mimetypes
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

KEPT: Final = 2000
UNKNOWN: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that came with a request."""

    name: str
    content: bytes
    kind: str = UNKNOWN


def kind_of(name: str, said: str | None) -> str:
    """Return the media type of a file: what was said, unless that says nothing."""
    guessed = mimetypes.guess_type(name)[0] or UNKNOWN
    return said if said and said != UNKNOWN else guessed


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what it got; ``status`` 0 means that the answer was lost on purpose."""

    at: float
    method: str
    path: str
    body: Json
    status: int
    answer: Any
    files: tuple[Upload, ...] = field(default=())


class RequestLog:
    """The last exchanges, oldest first."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept: deque[Exchange] = deque(maxlen=kept)

    def append(self, exchange: Exchange) -> None:
        """Remember one."""
        self._kept.append(exchange)

    def all(self) -> list[Exchange]:
        """Return what is kept."""
        return list(self._kept)

    def of(self, ending: str, method: str = "") -> list[Exchange]:
        """Return the exchanges whose path ends so, of one HTTP method if named."""
        return [
            exchange
            for exchange in self._kept
            if exchange.path.endswith(ending) and method in {"", exchange.method}
        ]
