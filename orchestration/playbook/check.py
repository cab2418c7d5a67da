"""Checks the tree of a playbook against what it needs around it: names, commands, playbooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.playbook.conditions import check_conditions
from orchestration.playbook.diagnostics import Related, Report
from orchestration.playbook.lines import check_lines
from orchestration.playbook.model import ForEach, Http, Shell
from orchestration.playbook.nesting import check_nesting
from orchestration.playbook.repeating import check_repeating
from orchestration.playbook.scopes import Scopes
from orchestration.playbook.secrecy import check_secrecy
from orchestration.playbook.surroundings import Surroundings
from orchestration.playbook.tree import every_step
from orchestration.playbook.triggers import check_triggers
from orchestration.playbook.undoing import check_undoing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.model import Playbook, Step
    from orchestration.playbook.origin import Span
    from tgk.registry import Registry

_PLACES = {
    "http": "`playbooks: hosts` of discovery.yml",
    "shell": "`playbooks: programs` of discovery.yml",
}


def check(
    playbook: Playbook,
    *,
    registry: Registry,
    known_playbooks: Mapping[str, Playbook] | None = None,
    http: bool = False,
    shell: bool = False,
) -> tuple[Diagnostic, ...]:
    """Return everything that would go wrong, in the order of the file."""
    around = Surroundings(
        registry=registry, playbooks=known_playbooks or {}, http=http, shell=shell
    )
    return checked(playbook, around)


def checked(playbook: Playbook, around: Surroundings) -> tuple[Diagnostic, ...]:
    """Return everything that would go wrong there, in the order of the file."""
    report = Report()
    outputs = check_lines(playbook, around, report)
    Scopes(playbook, report, outputs).check()
    check_conditions(playbook, report)
    check_secrecy(playbook, around, report)
    check_nesting(playbook, around, report)
    _check_names(playbook, report)
    _check_switches(playbook, around, report)
    check_undoing(playbook, around, report)
    check_repeating(playbook, report)
    check_triggers(playbook, report)
    return report.sorted


def _check_names(playbook: Playbook, report: Report) -> None:
    """Report names of steps and loops that a value of the playbook hides."""
    values: dict[str, Span] = {each.name: each.span for each in playbook.parameters}
    values |= {each.name: each.span for each in playbook.secrets}
    for step in every_step(playbook):
        names = {step.name} | ({step.variable} if isinstance(step, ForEach) else set())
        for name in names & {*values, *playbook.variables}:
            where = [Related(values[name], "declared here")] if name in values else []
            report.add(
                "E016",
                step.span,
                f"'{name}' is a value of the playbook already",
                help="give the step another name",
                related=where,
            )


def _check_switches(playbook: Playbook, around: Surroundings, report: Report) -> None:
    for step in every_step(playbook):
        kind = _switched(step)
        if not kind:
            continue
        if playbook.draft:
            message = f"a draft has no steps of type {kind}"
            report.add("W057", step.span, message, help="publish it once somebody has read it")
        elif not getattr(around, kind):
            message = f"steps of type {kind} are off"
            listed = _PLACES[kind]
            help_ = f"use a command, or let an operator list what may be reached under {listed}"
            report.add("E054", step.span, message, help=help_)
        elif message := _unreachable(step, around):
            help_ = f"let an operator list it under {_PLACES[kind]}"
            report.add("E058", step.span, message, help=help_)


def _unreachable(step: Step, around: Surroundings) -> str:
    """Say what a step would reach that nobody allowed; empty where it may."""
    if isinstance(step, Shell) and around.programs is not None:
        known = step.program in around.programs
        return "" if known else f"no program '{step.program}' is allowed"
    if isinstance(step, Http) and around.hosts is not None:
        fixed, _, computed = step.url.source.partition("${")
        if any(within(fixed, host, open_end=bool(computed)) for host in around.hosts):
            return ""
        return "the host of this address is not allowed, or computed"
    return ""


def within(url: str, host: str, *, open_end: bool = False) -> bool:
    """Say whether an address, or the beginning of one, lies on a host such as https://a.example."""
    rest = url.removeprefix(host)
    if len(rest) == len(url):
        return False
    return rest.startswith(("/", "?")) or (not rest and not open_end)


def _switched(step: Step) -> str:
    if isinstance(step, Http):
        return "http"
    return "shell" if isinstance(step, Shell) else ""
