"""Time zones by name."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from orchestration.playbook.likeness import did_you_mean


def zone_fault(name: str) -> str | None:
    """Return what to write instead of a time zone that does not exist; None for one that does."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        otherwise = "write a name such as UTC or Europe/Berlin"
        return did_you_mean(name, available_timezones(), otherwise=otherwise)
    return None
