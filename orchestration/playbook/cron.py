"""Schedules in five fields: whether each can be read, and which one cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.likeness import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_STEP = re.compile(r"(?P<range>[^/]+)(?:/(?P<step>[0-9]{1,4}))?")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what it is called, its numbers and its words."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """Which values it takes."""
        words = f" or {self.words[0]}-{self.words[-1]}" if self.words else ""
        return f"{self.low}-{self.high}{words}"


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, _MONTHS),
    Field("day of the week", 0, 7, _DAYS),
)


@dataclass(frozen=True, slots=True)
class CronFault:
    """What cannot be read, where in the text, and what to write instead."""

    offset: int
    length: int
    message: str
    help: str


def faults(text: str) -> tuple[CronFault, ...]:
    """Return everything that is wrong with a schedule.

    As cron has it, a schedule that names days of the week comes on those as well as on its days
    of the month: then a day that no month has does no harm.
    """
    words = list(re.finditer(r"\S+", text))
    if len(words) != len(FIELDS):
        help_ = "minute hour day month weekday, as in 0 2 * * *"
        message = f"a schedule has five fields, this one {len(words)}"
        return (CronFault(0, max(1, len(text)), message, help_),)
    found: list[CronFault] = []
    numbers: list[set[int]] = []
    for field, word in zip(FIELDS, words, strict=True):
        values, wrong = _values(field, word[0], word.start())
        numbers.append(values)
        found += wrong
    if not found and words[4][0] == "*" and not _ever(numbers[2], numbers[3]):
        start, end = words[2].start(), words[3].end()
        message = "no month has such a day: this never comes"
        found.append(CronFault(start, end - start, message, "choose a day that the month has"))
    return tuple(found)


def _ever(days: set[int], months: set[int]) -> bool:
    return any(min(days) <= _LONGEST_MONTHS[month - 1] for month in months)


def _values(field: Field, word: str, start: int) -> tuple[set[int], list[CronFault]]:
    values: set[int] = set()
    wrong: list[CronFault] = []
    for part, offset in _parts(word):
        numbers = _numbers(field, part)
        if numbers is None:
            help_ = did_you_mean(part, field.words, otherwise=f"write {field.range}, * or */N")
            message = f"'{part}' is no {field.name}"
            wrong.append(CronFault(start + offset, max(1, len(part)), message, help_))
        else:
            values |= numbers
    return values, wrong


def _parts(word: str) -> Iterator[tuple[str, int]]:
    offset = 0
    for part in word.split(","):
        yield part, offset
        offset += len(part) + 1


def _numbers(field: Field, part: str) -> set[int] | None:
    matched = _STEP.fullmatch(part)
    if matched is None:
        return None
    step = int(matched["step"] or 1)
    first, _, last = matched["range"].partition("-")
    low, high = _number(field, first), _number(field, last or first)
    if first == "*" and not last:
        low, high = field.low, field.high
    elif matched["step"] and not last:
        high = field.high
    if low is None or high is None or low > high or step < 1:
        return None
    return set(range(low, high + 1, step))


def _number(field: Field, text: str) -> int | None:
    if text.upper() in field.words:
        return field.words.index(text.upper()) + field.low
    if not re.fullmatch("[0-9]{1,2}", text) or not field.low <= int(text) <= field.high:
        return None
    return int(text)
