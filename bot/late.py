"""What to say of a button that leads nowhere: its time is over, or nobody knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import Refused

if TYPE_CHECKING:
    from tgk.reply import Action

_WHAT = "This button no longer works."
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def too_late(expired: Action | None) -> Refused:
    """Return the refusal of a press; None stands for a token that nobody remembers."""
    if expired is None:
        return Refused(_WHAT, remedy="Ask again.")
    why = f"Its {_span(expired.lifetime)} over, and nothing was done."
    return Refused(_WHAT, why=why, remedy=f"Use /{expired.command} again.")


def _span(seconds: float) -> str:
    """Return a length of time in the largest unit that says it whole, with its verb."""
    whole = max(1, round(seconds))
    name, size = next(unit for unit in _UNITS if whole % unit[1] == 0)
    count = whole // size
    return f"{count} {name} is" if count == 1 else f"{count} {name}s are"
