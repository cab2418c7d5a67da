"""Steps that only look and stand beside each other, played at once where somebody wants it so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestration.playbook.binding import command_of
from orchestration.playbook.model import Branch, CommandStep, Parallel
from orchestration.playbook.tree import uses
from orchestration.runs.views import called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.model import Playbook, Step
    from tgk.registry import Registry


def beside(book: Playbook, registry: Registry) -> Playbook:
    """Return the playbook with neighbouring looks of its body in branches of one step.

    A look is a command that changes nothing. One that uses what another has found stays behind
    it, and whatever changes something stays where it is: order may be all that it relies on.
    """
    steps: list[Step] = []
    for row in _rows(book, registry):
        steps += row if len(row) == 1 else [_at_once(row)]
    return replace(book, steps=tuple(steps))


def _rows(book: Playbook, registry: Registry) -> Iterator[list[Step]]:
    row: list[Step] = []
    for step in book.steps:
        if row and _looks(step, registry) and not _named(step, book) & {each.name for each in row}:
            row.append(step)
            continue
        if row:
            yield row
        row = [step] if _looks(step, registry) else []
        if not row:
            yield [step]
    if row:
        yield row


def _looks(step: Step, registry: Registry) -> bool:
    if not isinstance(step, CommandStep) or step.on_failure or step.on_success or step.undo:
        return False
    entry = command_of(step.command, registry)
    return entry is not None and entry.effect == "read"


def _named(step: Step, book: Playbook) -> set[str]:
    """Return the first two parts of everything that a step reads: ``look``, or ``steps.look``."""
    found = {
        part for use in uses(step, book) for each in use.text.references for part in each.path[:2]
    }
    return found - {step.name}


def _at_once(row: list[Step]) -> Parallel:
    branches = tuple(
        Branch(name=called(step), path=step.path, span=step.span, steps=(step,)) for step in row
    )
    return Parallel(
        path=f"{row[0].path}+", name="", span=row[0].span, branches=branches, fail_fast="drain"
    )
