"""Checks what takes a step back: that it can have an effect, and takes back nobody else's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.playbook.binding import bound, left_to_the_run, written
from orchestration.playbook.diagnostics import Report
from orchestration.playbook.lines import line_of
from orchestration.playbook.model import ACTING
from orchestration.playbook.tree import every_step, uses, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestration.playbook.binding import Bound
    from orchestration.playbook.expression import Reference
    from orchestration.playbook.model import Playbook, Step
    from orchestration.playbook.surroundings import Surroundings

_WHERE = ("environment",)
"""The environment of a run, as a parameter calls it."""


def check_undoing(playbook: Playbook, around: Surroundings, report: Report) -> None:
    """Report what would undo nothing, and what could undo the work of another run."""
    for step in every_step(playbook):
        _check_effect(step, report)
        for each in walk(step.undo):
            _check_alone(each, playbook, around, report)


def _check_effect(step: Step, report: Report) -> None:
    """Report where it is said that a failure is undone, and nothing would be."""
    if not step.undo_failed or (step.undo and isinstance(step, ACTING)):
        return
    what = "this step does nothing itself" if step.undo else "this step has no `undo`"
    help_ = "write it at the steps inside" if step.undo else "add `undo: …`, or remove it"
    report.add("W070", step.span, f"'undo_failed' has no effect: {what}", help=help_)


def _check_alone(step: Step, playbook: Playbook, around: Surroundings, report: Report) -> None:
    """Report a way back from whatever is there, if another run may have put it there meanwhile."""
    line = line_of(step)
    found = bound(line, around.registry, Report()) if line else None
    if line is None or found is None or found.command.relative is None:
        return
    if not found.command.relative(written(found)) or _is_held(step, found, playbook):
        return
    report.add(
        "W071",
        line.span,
        f"/{found.command.name} would take back what another run does in between",
        help=_advice(found, playbook),
    )


def _is_held(step: Step, found: Bound, playbook: Playbook) -> bool:
    """Say whether the playbook has a lock that is the same for whoever would go back there."""
    known = _read(each for use in uses(step, playbook) for each in use.text.references)
    if not found.values.keys() & set(left_to_the_run(found.command)):
        known.add(_WHERE)
    constant = {(name,) for name in playbook.variables}
    return any(_read(lock.references) - constant <= known for lock in playbook.locks)


def _read(references: Iterable[Reference]) -> set[tuple[str, ...]]:
    """Return what is read, the environment of the run under one name."""
    paths = {each.path for each in references}
    return {_WHERE if path == ("run", *_WHERE) else path for path in paths}


def _advice(found: Bound, playbook: Playbook) -> str:
    """Say which lock would do."""
    where = [found.values[name] for name in left_to_the_run(found.command) if name in found.values]
    place = "${run.environment}"
    for _, value, _ in where:
        place = place if isinstance(value, bool) else value.source
    begin = "a lock that differs from run to run keeps nobody away; " if playbook.locks else ""
    return f'{begin}add `locks: ["env:{place}"]` to the playbook'
