"""A way out for whoever left out what a command needs: a form for exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.reply import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tgk.errors import ArgumentFault
    from tgk.options import Option

_MOST = 5
"""Fields that every platform's form has."""
_LABEL = 75
_HIDDEN = "***"
LACKS = "needed"
"""The whole fault of an option that was left out."""


def form_for(
    name: str,
    options: Sequence[Option],
    raw: Mapping[str, object],
    faults: Sequence[ArgumentFault],
) -> tuple[Action, ...]:
    """Return the button that asks for what is missing, none where something else is wrong too."""
    if not faults or any(fault.message != LACKS for fault in faults):
        return ()
    if any(_HIDDEN in str(value) for value in raw.values()):
        return ()  # what was masked would come back as stars
    named = {fault.name for fault in faults}
    missing = tuple(option.name for option in options if option.name in named)
    if not 0 < len(missing) <= _MOST:
        return ()
    label = f"Fill in {', '.join(name.strip('_').replace('_', ' ') for name in missing)}"
    form = Action(
        label=label[:_LABEL], command=name, arguments=dict(raw), asks=missing, style="primary"
    )
    return (form,)
