"""Names that a file uses and declares nowhere: asked for like parameters, with a warning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestration.playbook.likeness import did_you_mean
from orchestration.playbook.model import Parameter, Secret
from orchestration.playbook.tree import every_step, playbook_uses, uses
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.model import ParameterType, Playbook
    from orchestration.playbook.origin import Span
    from orchestration.playbook.tree import Use

BUILT_IN = frozenset({"run", "timestamp", "error", "output", "steps"})  # fmt: skip
"""What a run always knows; ``error`` and ``output`` only where there is one."""
_WHERE = "environment"
"""Every run may be told where it happens, so that conditions may ask for it as well."""


def declared(playbook: Playbook) -> frozenset[str]:
    """Return every name that means something somewhere in a playbook."""
    found = set(BUILT_IN) | set(playbook.variables)
    found |= {each.name for each in playbook.parameters}
    found |= {each.name for each in playbook.secrets}
    for step in every_step(playbook):
        found |= {step.name, getattr(step, "variable", "")}
    return frozenset(found - {""})


def with_implied(playbook: Playbook, report: Report) -> Playbook:
    """Return a playbook that declares the plain names which it only uses.

    A name in a value becomes a required parameter, one in capitals in a setting of an
    integration a secret of the environment. One that looks like a declared name is a slip.
    """
    known = declared(playbook)
    parameters: dict[str, Span] = {}
    secrets: dict[str, Span] = {}
    for use in _every_use(playbook):
        for reference in use.text.references:
            name = reference.path[0]
            if name in known or len(reference.path) > 1 or reference.optional:
                continue
            span = use.origin.at(reference.offset, reference.length)
            if use.role == "secret" and not use.path:
                secrets.setdefault(name, span)
            elif name == _WHERE or (use.role != "test" and not _is_slip(name, known)):
                parameters.setdefault(name, span)
    _warn(parameters, secrets, known, report)
    return replace(
        playbook,
        parameters=(*playbook.parameters, *map(_parameter, parameters.items())),
        secrets=(*playbook.secrets, *(_secret(*each) for each in secrets.items() if _shouts(each))),
    )


def _every_use(playbook: Playbook) -> Iterator[Use]:
    for step in every_step(playbook):
        yield from uses(step, playbook)
    yield from playbook_uses(playbook)


def _is_slip(name: str, known: frozenset[str]) -> bool:
    return bool(nearest(name, known, limit=1))


def _shouts(each: tuple[str, Span]) -> bool:
    return each[0].isupper()


def _warn(
    parameters: dict[str, Span], secrets: dict[str, Span], known: frozenset[str], report: Report
) -> None:
    for name, span in parameters.items():
        report.add(
            "W063",
            span,
            f"'{name}' is declared nowhere; every run must give it a value",
            help=f"add `- name: {name}` under `parameters`",
        )
    for name, span in secrets.items():
        if name.isupper():
            report.add(
                "W065",
                span,
                f"'{name}' is declared nowhere; it is looked for in the environment",
                help=f"add `- {{name: {name}, source: environment}}` under `secrets`",
            )
        else:
            help_ = did_you_mean(name, known, otherwise="declare it under `secrets`")
            report.add("E031", span, f"unknown name '{name}'", help=help_)


def _parameter(each: tuple[str, Span]) -> Parameter:
    name, span = each
    kind: ParameterType = "environment" if name == _WHERE else "string"
    return Parameter(name=name, span=span, type=kind, required=True, implied=True)


def _secret(name: str, span: Span) -> Secret:
    return Secret(name=name, span=span, source="environment", variable=name)
