"""Checks the command lines of a playbook against the commands there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.playbook.binding import bind, command_of
from orchestration.playbook.model import CommandStep, SubPlaybook, Wait
from orchestration.playbook.tree import every_step

if TYPE_CHECKING:
    from orchestration.playbook.command_line import CommandLine
    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.model import Playbook, Step
    from orchestration.playbook.surroundings import Surroundings


def check_lines(
    playbook: Playbook, around: Surroundings, report: Report
) -> dict[str, tuple[str, ...]]:
    """Report lines that fit no command; return what each step's output is known to hold."""
    outputs: dict[str, tuple[str, ...]] = {}
    for step in every_step(playbook):
        line = line_of(step)
        if line is not None:
            report.extend(bind(line, around.registry))
            entry = command_of(line, around.registry)
            outputs[step.path] = entry.outputs if entry else ()
        elif isinstance(step, SubPlaybook) and (inner := around.playbooks.get(step.playbook)):
            outputs[step.path] = tuple(inner.outputs)
    return outputs


def line_of(step: Step) -> CommandLine | None:
    """Return the command line of a step, if it has one."""
    return step.command if isinstance(step, CommandStep | Wait) else None
