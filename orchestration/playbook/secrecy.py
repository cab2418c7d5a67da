"""Checks that secrets are only used where nothing shows or stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from orchestration.playbook.binding import bound
from orchestration.playbook.diagnostics import Related, Report
from orchestration.playbook.lines import line_of
from orchestration.playbook.scopes import secret_of
from orchestration.playbook.tree import every_step, playbook_uses, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.check import Surroundings
    from orchestration.playbook.model import Playbook, Span, Step
    from orchestration.playbook.origin import Origin
    from orchestration.playbook.tree import Use
    from tgk.command import Command
    from tgk.registry import Registry

_WHERE = {
    "test": "a condition is shown and stored",
    "command": "a command line is shown and stored",
    "value": "this is shown and stored",
}


def check_secrecy(playbook: Playbook, around: Surroundings, report: Report) -> None:
    """Report every secret that somebody could read."""
    secrets: dict[str, Span] = {each.name: each.span for each in playbook.secrets}
    secrets |= {each.name: each.span for each in playbook.parameters if each.type == "secret"}
    if not secrets:
        return
    for use, hidden in _uses(playbook, around.registry):
        for reference in use.text.references:
            name = secret_of(reference)
            if name not in secrets or hidden:
                continue
            report.add(
                "E053",
                use.origin.at(reference.offset, reference.length),
                f"'{name}' is a secret, and {_WHERE[use.role]}",
                help="use it in headers or the body of http, or in an option made for secrets",
                related=[Related(secrets[name], "declared here")],
            )


def _uses(playbook: Playbook, registry: Registry) -> Iterator[tuple[Use, bool]]:
    """Yield every text with whether what it is worth stays hidden."""
    for step in every_step(playbook):
        hidden = _hidden_words(step, registry)
        for use in uses(step, playbook):
            yield use, use.role == "secret" or use.origin in hidden
    for use in playbook_uses(playbook):
        yield use, use.role == "secret"


def _hidden_words(step: Step, registry: Registry) -> list[Origin]:
    """Return where the words stand that a command takes as secrets."""
    line = line_of(step)
    found = bound(line, registry, Report()) if line is not None else None
    if found is None:
        return []
    return [
        word.origin
        for option, _, word in found.values.values()
        if takes_secret(found.command, option.name)
    ]


def takes_secret(command: Command[Any], option: str) -> bool:
    """Return whether an option hides its value."""
    annotation = command.request.model_fields[option].annotation
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())
