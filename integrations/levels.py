"""How grave a log line is, as far as it says so itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from tgk.ports.logs import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDER: tuple[Level, ...] = get_args(Level)

_SPELLINGS: Mapping[Level, tuple[str, ...]] = {
    "debug": ("trace", "debug", "dbg", "verbose", "finest", "finer", "fine"),
    "info": ("info", "information", "informational", "notice"),
    "warn": ("warn", "warning", "wrn"),
    "error": ("error", "err", "critical", "crit", "fatal", "alert", "emergency", "panic", "severe"),
}
_BY_SPELLING = {word: level for level, words in _SPELLINGS.items() for word in words}
_KLOG: Mapping[str, Level] = {"I": "info", "W": "warn", "E": "error", "F": "error"}

_FIELD = re.compile(r"\b(?:level|severity|lvl|loglevel)\"?\s*[=:]\s*\"?([A-Za-z]+)", re.IGNORECASE)
_WORD = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)\b")
_KLOG_HEAD = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d")


def named(word: str) -> Level | None:
    """Return the level of a label such as ``WARNING``, None for an unknown word."""
    return _BY_SPELLING.get(word.strip().lower())


def level_of(line: str) -> Level | None:
    """Return the level that a line carries as JSON, logfmt, klog or a word near its start."""
    head = line[:2000]
    klog = _KLOG_HEAD.match(head)
    if klog:
        return _KLOG[klog[1]]
    labelled = _FIELD.search(head)
    if labelled and named(labelled[1]):
        return named(labelled[1])
    word = _WORD.search(head[:120])
    return named(word[1]) if word else None


def is_wanted(level: Level | None, lowest: Level | None) -> bool:
    """Whether a line is grave enough; a line that does not say is kept."""
    return lowest is None or level is None or ORDER.index(level) >= ORDER.index(lowest)


def spellings_below(lowest: Level) -> tuple[str, ...]:
    """Return every word for a level that is not grave enough."""
    below = ORDER[: ORDER.index(lowest)]
    return tuple(word for level in below for word in _SPELLINGS[level])
