"""What a run is when it begins: a request with its values, its starter, and what it reaches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.runs.parameters import RUN, key_of, target_of, wanted
from orchestration.runs.records import RunRecord
from tgk.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from orchestration.playbook.model import Playbook
    from orchestration.runs.estate import Estate
    from tgk.caller import Caller
    from tgk.ports.runs import RunRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with everything around it."""

    request: RunRequest
    starter: Caller
    delivery: str
    cause: str
    book: str


def begun(asked: Asked, books: Mapping[str, Playbook], estate: Estate, now: datetime) -> RunRecord:
    """Return a run that has no id yet; raises InvalidRequest naming every fault of its values."""
    request, book = asked.request, books[asked.book]
    values = estate.named(book, wanted(book, request), RUN)
    return RunRecord(
        id="",
        root="",
        delivery=digest(asked.delivery),
        key=key_of(book, values),
        playbook=book.name,
        version=book.version,
        digest=book.digest,
        pinned={name: each.digest for name, each in books.items()},
        request=request,
        starter=asked.starter,
        cause=asked.cause,
        priority=book.priority if request.priority is None else request.priority,
        parameters=values,
        hidden=tuple(each.name for each in book.parameters if each.type == "secret"),
        environment=target_of(request.environment, values),
        stamp=now,
        timeout=request.timeout or book.timeout,
        asked=now,
    )


def digest(delivery: str) -> str:
    """Return what a delivery is known by in the ledger."""
    return hashlib.sha256(delivery.encode()).hexdigest()


def said(delivery: str) -> str:
    """Return what a word about a run is known by; empty where it came without a delivery."""
    return digest(delivery) if delivery else ""


def require_same(sources: Mapping[str, tuple[str, bytes]]) -> None:
    """Refuse a file that was changed between reading and keeping it."""
    for known, (file, source) in sources.items():
        if hashlib.sha256(source).hexdigest() != known:
            raise Conflict(f"{file} was just changed.", remedy="Try again.")
