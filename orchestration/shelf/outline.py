"""A playbook as a run that has not begun: what its picture is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.runs.records import RunRecord
from orchestration.runs.shape import PLAN
from orchestration.runs.views import whole
from tgk.ports.runs import RunRequest, RunView

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from orchestration.playbook.model import Playbook
    from tgk.caller import Caller


def outline(
    book: Playbook, books: Mapping[str, Playbook], caller: Caller, now: datetime
) -> RunView:
    """Return its whole tree, every step pending; other playbooks that it plays are drawn inside."""
    record = RunRecord(
        id=PLAN, root=PLAN, delivery="", playbook=book.name, version=book.version,
        digest=book.digest, pinned={}, request=RunRequest(playbook=book.name), starter=caller,
        cause="asked", priority=book.priority, parameters={}, environment="", stamp=now, asked=now,
    )  # fmt: skip
    return whole(record, (), {**books, book.name: book}, str)
