"""Counts what a log holds: who asked for what, how it ended, and how long it took."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audit.record import Record


@dataclass(frozen=True, slots=True)
class Durations:
    """How long invocations took, in milliseconds."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Totals:
    """What is known of the records looked at; only outcomes count as invocations."""

    records: int
    invocations: int
    commands: Mapping[str, int]
    results: Mapping[str, int]
    users: Mapping[str, int]
    durations: Mapping[str, Durations]
    """By command, and of all together under ``*``."""


@dataclass(slots=True)
class _Tally:
    records: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    times: dict[str, array[float]] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        self.records += 1
        if record.phase != "outcome":
            return
        self.commands[record.command] += 1
        self.results[record.result] += 1
        self.users[record.user] += 1
        if record.duration_ms is not None:
            for name in (record.command, "*"):
                self.times.setdefault(name, array("d")).append(record.duration_ms)


def totals(records: Iterable[Record]) -> Totals:
    """Count records; the most frequent names come first."""
    tally = _Tally()
    for record in records:
        tally.take(record)
    return Totals(
        records=tally.records,
        invocations=tally.results.total(),
        commands=dict(tally.commands.most_common()),
        results=dict(tally.results.most_common()),
        users=dict(tally.users.most_common()),
        durations={name: _durations(times) for name, times in sorted(tally.times.items())},
    )


def _durations(times: array[float]) -> Durations:
    ordered = sorted(times)
    return Durations(len(ordered), _at(ordered, 0.50), _at(ordered, 0.95))


def _at(ordered: list[float], share: float) -> float:
    """Return the smallest value that so large a share does not exceed."""
    rank = -(-len(ordered) * share // 1)
    return ordered[max(0, int(rank) - 1)]
