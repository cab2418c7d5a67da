"""Whether enough people could say yes to an approval step, as the policy stands now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from orchestration.playbook import model
from orchestration.playbook.diagnostics import Report
from orchestration.runs.authority import every, faulty
from tgk.guard import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.model import ApprovalStep, Playbook
    from tgk.admission import Admission
    from tgk.caller import Caller

_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class Electorate:
    """Who is asked: the council, or those that a step names."""

    council: tuple[str, ...]
    people: Callable[[str], tuple[str, ...]] = lambda name: (name,)
    """Returns who is meant by the name of a person or of a role."""

    def impossible(
        self, playbook: Playbook, asker: Caller, admission: Admission
    ) -> tuple[Diagnostic, ...]:
        """Return each approval step that could never be approved in a run of the asker's."""
        report = Report()
        able = admission.guard.decide(asker, "/approve", Target()).people
        for step in every((*playbook.steps, *playbook.finally_)):
            if isinstance(step, model.ApprovalStep):
                self._check(step, asker, able, report)
        return report.sorted

    def impossible_inside(
        self, playbook: Playbook, known: Mapping[str, Playbook], asker: Caller, admission: Admission
    ) -> tuple[Diagnostic, ...]:
        """Return the same of the playbooks that it plays, told at the step that plays them."""
        report = Report()
        for step in every((*playbook.steps, *playbook.finally_)):
            if not isinstance(step, model.SubPlaybook):
                continue
            origin = playbook.places.get((step.path, "playbook"))
            for book in _played(step.playbook, known, {playbook.name}):
                file = PurePath(book.file).name
                for found in self.impossible(book, asker, admission):
                    told = f"{file}:{found.span.line}: {found.message}"
                    span = origin.span if origin else step.span
                    report.add("E059", span, told, help=found.help)
        return report.sorted

    def _check(
        self, step: ApprovalStep, asker: Caller, able: tuple[str, ...], report: Report
    ) -> None:
        meant = {name: self.people(name) for name in step.approvers}
        for name in (name for name, people in meant.items() if not people):
            message = f"'{name}' is neither a person nor a role"
            report.add("E059", step.span, message, help="name people or roles of the policy")
        named = dict.fromkeys(one for people in meant.values() for one in people)
        asked = tuple(named) or self.council
        left = [one for one in asked if one in able or not able]
        if step.exclude_requester:
            left = [one for one in left if one != asker.person]
        if asked and len(left) < step.count:
            said = f"it needs {step.count} to approve, and {_could(left)} could in a run of"
            why = _why(step, asked, asker, able)
            report.add("E059", step.span, f"{said} {asker.person}'s", help=why)


def _played(name: str, known: Mapping[str, Playbook], seen: set[str]) -> Iterator[Playbook]:
    """Yield a playbook and those that it plays, each once, as far as they are there."""
    book = known.get(name)
    if book is None or name in seen:
        return
    seen.add(name)
    yield book
    for step in every((*book.steps, *book.finally_)):
        if isinstance(step, model.SubPlaybook):
            yield from _played(step.playbook, known, seen)


def _could(people: list[str]) -> str:
    if not people:
        return "nobody"
    return f"only {_listed(people)}"


def _why(step: ApprovalStep, asked: tuple[str, ...], asker: Caller, able: tuple[str, ...]) -> str:
    """Say who of those asked does not count, and what to change."""
    barred = [one for one in asked if able and one not in able]
    said = [f"{_listed(barred)} may not /approve"] if barred else []
    if step.exclude_requester and asker.person in asked:
        said.append(f"{asker.person} asks, and has no vote")
    return "; ".join([*said, "lower `count`, or name other `approvers`"])


def _listed(people: Iterable[str]) -> str:
    names = list(people)
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def require_voters(
    playbooks: Mapping[str, Playbook], asker: Caller, electorate: Electorate, admission: Admission
) -> None:
    """Raise ConfigurationInvalid naming every approval step that could never be approved."""
    faults = [
        (book.name, f"{PurePath(book.file).name}:{found.span.line}: {found.message}; {found.help}")
        for book in playbooks.values()
        for found in electorate.impossible(book, asker, admission)
    ]
    if faults:
        name = next(iter(playbooks))
        raise faulty(name, [told for _, told in faults], where=faults[0][0], dependencies=True)
