"""Points in time in words: Telegram shows no reader's own clock, so UTC and how long ago."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from integrations.telegram.markup import Line, span

if TYPE_CHECKING:
    from datetime import datetime

_NOW_SECONDS = 5
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def moment(at: datetime, now: datetime) -> Line:
    """Return ``14:03 UTC`` (with the day, when it is another) and the distance in words."""
    here = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    same_day = here.date() == now.astimezone(UTC).date()
    shown = f"{here:%H:%M} UTC" if same_day else f"{here:%Y-%m-%d %H:%M} UTC"
    return (span(shown, "code"), span(f" ({distance((here - now).total_seconds())})"))


def distance(seconds: float) -> str:
    """Return ``in 30 min`` or ``3 h ago``; the smaller unit is dropped."""
    size = abs(seconds)
    if size < _NOW_SECONDS:
        return "now"
    worded = next(
        (f"{int(size // unit)} {name}" for unit, name in _UNITS if size >= unit), f"{int(size)} s"
    )
    return f"in {worded}" if seconds > 0 else f"{worded} ago"
