"""What may be asked of the outside again when a kill has cut it off, and a word about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestration.playbook.model import Http
from orchestration.playbook.tree import every_step

if TYPE_CHECKING:
    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.model import Playbook, Shell

_SAME_TWICE: Final = frozenset({"GET", "PUT", "DELETE"})
"""Methods that come to the same however often they are asked for."""


def repeatable(step: Http | Shell) -> bool:
    """Say whether it can be done again under the same key, where nobody knows how it ended."""
    if step.idempotency_key is not None:
        return True
    return isinstance(step, Http) and step.method in _SAME_TWICE


def check_repeating(playbook: Playbook, report: Report) -> None:
    """Report each call that a kill would leave open, for it has no key of its own."""
    for step in every_step(playbook):
        if isinstance(step, Http) and not repeatable(step):
            report.add(
                "W075",
                step.span,
                f"cut off by a restart, this {step.method} is not made again and ends as unknown",
                help='add an `idempotency_key` that says what it does, such as "pay-${run.id}", '
                "if the other side does it once for each Idempotency-Key",
            )
