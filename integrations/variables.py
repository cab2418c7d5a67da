"""What to say of a variable of the environment that is needed and cannot be read."""

from __future__ import annotations

from tgk.errors import Rejected


def not_set(system: str, name: str, *, simulated: bool) -> Rejected:
    """Return the error; a simulated world has other variables than those of its operator."""
    if simulated:
        why = f"{name} is not known: a simulated world reads no variables of yours."
        return Rejected(system, why, remedy="Try it with a bot that has a real token.")
    return Rejected(system, f"{name} is not set.", remedy="Set it where the bot runs.")
