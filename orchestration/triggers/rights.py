"""Whether a playbook's own service may do what the playbook's triggers would start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.runs.authority import reached, require
from orchestration.triggers.starts import service_of
from tgk.errors import Denied, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestration.playbook.model import Playbook, Trigger
    from orchestration.runs.ports import Trees
    from tgk.admission import Admission
    from tgk.caller import Caller
    from tgk.guard import Directory

_START = "orchestrate run"


@dataclass(frozen=True, slots=True)
class Lack:
    """A trigger whose runs would be refused."""

    line: int
    """Of the trigger in the playbook."""
    trigger: str
    """Its type."""
    service: str
    """Who would be refused, as the policy names it under ``sources``."""
    refused: str
    """What it may not do: ``/infra deploy (deploy); …``."""

    @property
    def told(self) -> str:
        """What is wrong, in a sentence."""
        return f'"{self.service}" may not do what the {self.trigger} trigger starts: {self.refused}'

    @property
    def remedy(self) -> str:
        """What to write where."""
        return f'write under sources: of rbac/policy.yml: "{self.service}": {{roles: […]}}'


def lacks(
    book: Playbook,
    known: Mapping[str, object],
    playbooks: Trees,
    admission: Admission,
    directory: Directory,
) -> Iterator[Lack]:
    """Yield the triggers that could only start runs which are refused.

    ``known`` are the parameters as far as their defaults say. Where a trigger leaves the
    environment open, one in which it may is enough. Raises like ``reached`` for a playbook that
    cannot be run by anybody.
    """
    books = reached(book, playbooks)
    service = service_of(book.name)
    for trigger in book.triggers:
        caller = directory.resolve("gateway", service, name=service, channel=trigger.type)
        refused = [
            _refused(books, values, caller, admission)
            for values in _values(book, trigger, known, tuple(admission.discovery.environments))
        ]
        if refused and all(refused):
            yield Lack(trigger.span.line, trigger.type, service, refused[0])


def _values(
    book: Playbook,
    trigger: Trigger,
    known: Mapping[str, object],
    environments: tuple[str, ...],
) -> Iterator[Mapping[str, object]]:
    """Yield what a run of the trigger may be given, as far as it matters to the policy."""
    fixed = {**known, **trigger.parameters}
    named = any(each.name == "environment" for each in book.parameters)
    is_open = trigger.type == "webhook" or "environment" in trigger.filled
    if named and is_open and "environment" not in trigger.parameters:
        yield from ({**fixed, "environment": name} for name in environments)
    else:
        yield fixed


def _refused(
    books: Mapping[str, Playbook],
    values: Mapping[str, object],
    caller: Caller,
    admission: Admission,
) -> str:
    """Return what the caller may not do; empty where all of it is allowed."""
    book = next(iter(books.values()))
    raw: dict[str, Any] = {"playbook": book.name}
    if isinstance(environment := values.get("environment"), str):
        raw["environment"] = environment
    command = admission.registry[_START]
    try:
        request = admission.with_defaults(command, command.parse(raw))
    except InvalidRequest as error:
        return str(error)
    if not admission.decide(command, request, caller).allowed:
        return f"/{_START}"
    try:
        require(books, values, caller, admission)
    except Denied as error:
        return error.why.partition(": ")[2].rstrip(".")
    return ""
