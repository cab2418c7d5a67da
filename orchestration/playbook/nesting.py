"""Checks playbooks that run playbooks: that they exist, end, and get what they ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestration.playbook.diagnostics import Related
from orchestration.playbook.likeness import did_you_mean
from orchestration.playbook.model import SubPlaybook
from orchestration.playbook.scopes import secret_of
from orchestration.playbook.secret_places import (
    PLACES_HELP,
    is_place,
    places_of,
    secret_parameters,
)
from orchestration.playbook.tree import every_step
from orchestration.playbook.values import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.model import Parameter, Playbook
    from orchestration.playbook.origin import Span
    from orchestration.playbook.surroundings import Surroundings
    from orchestration.playbook.template import Template

DEEPEST = 8
_LONE = re.compile(r"\s*\$\{\s*[\w.-]+\s*\}\s*")


def check_nesting(playbook: Playbook, around: Surroundings, report: Report) -> None:
    """Report sub-playbooks that do not exist, lead back here, go too deep or lack a value."""
    known = {**around.playbooks, playbook.name: playbook}
    for step in _inner(playbook):
        where = _place(playbook, step, "playbook")
        inner = known.get(step.playbook)
        if inner is None:
            listed = [name for name in known if name != playbook.name]
            help_ = did_you_mean(step.playbook, listed, otherwise="see /orchestrate library")
            report.add("E050", where, f"there is no playbook '{step.playbook}'", help=help_)
            continue
        _check_depth(playbook, step, known, report)
        _check_parameters(playbook, step, inner, report)


def _inner(playbook: Playbook) -> Iterator[SubPlaybook]:
    return (step for step in every_step(playbook) if isinstance(step, SubPlaybook))


def _place(playbook: Playbook, step: SubPlaybook, key: str) -> Span:
    origin = playbook.places.get((step.path, key))
    return origin.span if origin else step.span


def _check_depth(
    playbook: Playbook, step: SubPlaybook, known: Mapping[str, Playbook], report: Report
) -> None:
    where = _place(playbook, step, "playbook")
    chain = _longest(step.playbook, known, (playbook.name,), {})
    if chain[-1] in chain[:-1]:
        message = f"this leads back to itself: {' → '.join(chain)}"
        report.add("E051", where, message, help="take one of them out of the circle")
    elif len(chain) > DEEPEST:
        message = f"playbooks run one another {len(chain)} deep"
        report.add("E051", where, message, help=f"at most {DEEPEST}")


def _longest(
    name: str,
    known: Mapping[str, Playbook],
    above: tuple[str, ...],
    tails: dict[str, tuple[str, ...]],
) -> tuple[str, ...]:
    """Return the longest chain of playbooks from here; one that closes a circle ends with it.

    ``tails`` remembers what is below a playbook from which no circle was found.
    """
    chain = (*above, name)
    if name in above or name not in known:
        return chain
    if name in tails:
        return (*chain, *tails[name])
    longest = chain
    for each in dict.fromkeys(step.playbook for step in _inner(known[name])):
        found = _longest(each, known, chain, tails)
        if found[-1] in found[:-1]:
            return found
        longest = max(longest, found, key=len)
    tails[name] = longest[len(chain) :]
    return longest


def _check_parameters(
    playbook: Playbook, step: SubPlaybook, inner: Playbook, report: Report
) -> None:  # fmt: skip
    wanted = {each.name: each for each in inner.parameters}
    for name in step.parameters:
        if name not in wanted:
            help_ = did_you_mean(name, wanted, otherwise=_listed(wanted))
            where = _place(playbook, step, f"parameters.{name}:")
            report.add("E052", where, f"'{inner.name}' has no parameter '{name}'", help=help_)
        else:
            _check_value(playbook, step, wanted[name], report)
    for parameter in wanted.values():
        if (
            parameter.required
            and not parameter.has_default
            and parameter.name not in step.parameters
        ):
            report.add(
                "E052",
                _place(playbook, step, "playbook"),
                f"'{inner.name}' needs '{parameter.name}'",
                help=f"add `{parameter.name}: …` under `parameters`",
                related=[Related(step.span, "run from here")],
            )


def _check_value(
    playbook: Playbook, step: SubPlaybook, parameter: Parameter, report: Report
) -> None:  # fmt: skip
    template = step.parameters[parameter.name]
    if parameter.type == "secret" and not _is_place(playbook, template):
        where = _place(playbook, step, f"parameters.{parameter.name}")
        message = f"'{parameter.name}' is a secret, and this is no place of one"
        report.add("E052", where, message, help=PLACES_HELP)
    if template.references:
        return
    try:
        typed(parameter, template.value({}))
    except ValueError as error:
        where = _place(playbook, step, f"parameters.{parameter.name}")
        report.add("E052", where, f"'{parameter.name}' does not take this", help=str(error))


def _is_place(playbook: Playbook, template: Template) -> bool:
    """Say whether it is a place that the author wrote, or a secret of this playbook, whole."""
    if not template.references:
        return is_place(template.value({}))
    names = {secret_of(each) for each in template.references}
    own = {*places_of(playbook), *secret_parameters(playbook)}
    return names <= own and _LONE.fullmatch(template.source) is not None


def _listed(wanted: Mapping[str, Parameter]) -> str:
    return f"there are {', '.join(wanted)}" if wanted else "it has none"
