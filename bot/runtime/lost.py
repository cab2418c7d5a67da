"""What the council is told of changes whose end nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.ports.board import Place
from tgk.reply import Reply, Table, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.journal import Orphan


def lost_changes(lost: Sequence[Orphan]) -> tuple[str, Place, Reply]:
    """Return key, place and card: which changes began, and did not say how they ended."""
    rows = tuple((each.command, each.user, each.timestamp, each.corr[:6]) for each in lost)
    reply = Reply(
        topic="notice",
        title=f"{len(lost)} changes have an unknown end",
        tone="warning",
        blocks=(
            Text(text="The bot stopped between intent and outcome. Look whether they happened."),
            Table(columns=("Command", "Who", "When", "Id"), rows=rows),
        ),
        data={"unknown": [each.corr for each in lost]},
    )
    return f"lost:{lost[-1].corr}", Place(platform="telegram", room="council"), reply
