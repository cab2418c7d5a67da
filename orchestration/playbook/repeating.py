"""What may be asked of the outside again when a kill has cut it off, and under which key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestration.playbook.model import ForEach, Http
from orchestration.playbook.tree import every_step, walk

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
    """Report each call that a kill would leave open, and keys under which only one is made."""
    for step in every_step(playbook):
        if isinstance(step, ForEach):
            _check_loop(step, report)
        if isinstance(step, Http) and not repeatable(step):
            report.add(
                "W075",
                step.span,
                f"cut off by a restart, this {step.method} is not made again and ends as unknown",
                help='add an `idempotency_key` that says what it does, such as "pay-${run.id}", '
                "if the other side does it once for each Idempotency-Key",
            )


def _check_loop(loop: ForEach, report: Report) -> None:
    """Report each key that is the same for all items: the other side would do the first alone."""
    inside = tuple(walk(loop.steps))
    own = {loop.variable, "steps"} | {step.name for step in inside}
    own |= {step.variable for step in inside if isinstance(step, ForEach)}
    for step in inside:
        key = step.idempotency_key
        if key is not None and not any(each.path[0] in own for each in key.references):
            report.add(
                "W076",
                step.span,
                "its 'idempotency_key' is the same for every item: only the first would be done",
                help=f"put ${{{loop.variable}}} into the key",
            )
