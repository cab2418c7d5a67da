"""Checks conditions: they are true or false, compare what can be equal, and decide something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.playbook.expression import Expression, ExpressionError
from orchestration.playbook.inference import findings, lookup
from orchestration.playbook.model import Assert, Conditional, ForEach
from orchestration.playbook.tree import every_step, playbook_uses, uses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.inference import Lookup
    from orchestration.playbook.model import Playbook, Step
    from orchestration.playbook.tree import Use


def check_conditions(playbook: Playbook, report: Report) -> None:
    """Report conditions that are no booleans, never hold or never change, and what never runs."""
    steps = frozenset(step.name for step in every_step(playbook) if step.name)
    find = lookup(playbook, steps - _shadowed(playbook))
    for use in _every_use(playbook):
        if isinstance(use.text, Expression):
            _check(use, use.text, find, report)
    for step in every_step(playbook):
        _check_reach(step, report)


def _every_use(playbook: Playbook) -> Iterator[Use]:
    for step in every_step(playbook):
        yield from uses(step, playbook)
    yield from playbook_uses(playbook)


def _shadowed(playbook: Playbook) -> set[str]:
    """Return names that mean another thing inside some loop."""
    return {step.variable for step in every_step(playbook) if isinstance(step, ForEach)}


def _check(use: Use, text: Expression, find: Lookup, report: Report) -> None:
    for found in findings(text.node, find, boolean=True):
        span = use.origin.at(found.offset, found.length)
        code = "W068" if found.never else "E035"
        report.add(code, span, found.message, help=found.help)
    if text.source and not text.references and use.key != "test":
        told = "true" if _constant(text) else "false"
        message = f"this is always {told}"
        report.add("W066", use.origin.span, message, help="remove the condition, or ask something")


def _constant(text: Expression | None) -> bool | None:
    """Return what a condition always is; None if it depends on anything."""
    if text is None or text.references or not text.source:
        return None
    try:
        return text.test({})
    except ExpressionError:
        return None


def _check_reach(step: Step, report: Report) -> None:
    """Report steps that no run comes to."""
    never: Iterable[Step] = ()
    why = ""
    if _constant(step.condition) is False:
        never, why = (step,), "its condition is always false"
    elif isinstance(step, Conditional) and (held := _constant(step.test)) is not None:
        never = step.otherwise if held else step.then
        why = f"the condition around it is always {'true' if held else 'false'}"
    elif isinstance(step, ForEach) and step.items == ():
        never, why = step.steps, "the loop has no items"
    elif isinstance(step, Assert) and _constant(step.test) is False:
        never, why = step.on_success, "the step before it always fails"
    for unreached in never:
        report.add("W064", unreached.span, f"this never runs: {why}", help="remove it")
