"""Durations as people write them: ``300``, ``5m``, ``1h30m``."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(ms|s|m|h|d)")
_WHOLE = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?\s*(?:ms|s|m|h|d)\s*)+")
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,3})?\s*"
_UNIT = r"(?:[mM]?[sS]|[mMhHdD])\s*"
DURATION = rf"^\s*(?:{_NUMBER}|(?:{_NUMBER}{_UNIT})+)$"
"""The same for those who know only patterns, such as editors."""
_PLAIN = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?")


def seconds(written: float | str) -> float | None:
    """Return how many seconds are meant; None for what is no duration."""
    if isinstance(written, bool):
        return None
    if isinstance(written, int | float):
        return float(written) if written >= 0 else None
    text = written.strip().lower()
    if _PLAIN.fullmatch(text):
        return float(text)
    if not _WHOLE.fullmatch(text):
        return None
    parts = _PART.findall(text)
    sizes = [_UNITS[unit] for _, unit in parts]
    if sizes != sorted(set(sizes), reverse=True):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
