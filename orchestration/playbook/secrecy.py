"""Checks that secrets are only used where nothing shows or stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.playbook.diagnostics import Related
from orchestration.playbook.model import SubPlaybook
from orchestration.playbook.scopes import secret_of
from orchestration.playbook.secret_places import (
    PLACES_HELP,
    is_place,
    places_of,
    secret_parameters,
)
from orchestration.playbook.tree import every_step, playbook_uses, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.model import Playbook
    from orchestration.playbook.origin import Span
    from orchestration.playbook.surroundings import Surroundings
    from orchestration.playbook.tree import Use

_WHERE = {
    "test": "a condition is shown and stored",
    "command": "a command line is shown and stored",
    "value": "this is shown and stored",
}


def check_secrecy(playbook: Playbook, around: Surroundings, report: Report) -> None:
    """Report every secret that somebody could read."""
    secrets: dict[str, Span] = {each.name: each.span for each in playbook.secrets}
    secrets |= {each.name: each.span for each in playbook.parameters if each.type == "secret"}
    _check_offered(playbook, report)
    if not secrets:
        return
    for use in _uses(playbook):
        if use.role == "secret" or _handed_on(use, playbook, around):
            continue
        for reference in use.text.references:
            name = secret_of(reference)
            if name not in secrets:
                continue
            report.add(
                "E053",
                use.origin.at(reference.offset, reference.length),
                f"'{name}' is a secret, and {_WHERE[use.role]}",
                help="use it in headers or the body of http, or in settings of integrations",
                related=[Related(secrets[name], "declared here")],
            )


def _check_offered(playbook: Playbook, report: Report) -> None:
    """Report a default or a choice that names no place: it would be the secret itself."""
    declared = places_of(playbook)
    for each in playbook.parameters:
        if each.type != "secret":
            continue
        wrong = [one for one in (*each.choices, each.default)
                 if one is not None and one not in declared and not is_place(one)]  # fmt: skip
        if wrong:
            message = f"'{each.name}' is a secret, and what it offers is no place of one"
            report.add("E014", each.span, message, help=PLACES_HELP)


def _uses(playbook: Playbook) -> Iterator[Use]:
    for step in every_step(playbook):
        yield from uses(step, playbook)
    yield from playbook_uses(playbook)


def _handed_on(use: Use, playbook: Playbook, around: Surroundings) -> bool:
    """Say whether it is what another playbook is given for a secret: the place, not the secret."""
    steps = (each for each in every_step(playbook) if each.path == use.path)
    step = next(steps, None)
    if not isinstance(step, SubPlaybook) or not use.key.startswith("parameters."):
        return False
    inner = around.playbooks.get(step.playbook)
    name = use.key.removeprefix("parameters.")
    return inner is not None and name in secret_parameters(inner)
