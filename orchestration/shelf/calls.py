"""The commands that a run would come to, with as much of their arguments as is known."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from orchestration.playbook import model
from orchestration.playbook.binding import command_of, fill
from orchestration.playbook.expression import UNKNOWN, ExpressionError
from orchestration.runs.authority import every
from orchestration.shelf.scenario import Scope
from tgk.errors import TgkError
from tgk.ports.playbooks import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestration.playbook.command_line import CommandLine
    from orchestration.playbook.model import Playbook, Step
    from orchestration.shelf.simulation import Simulation
    from tgk.admission import Admission

_MOST_STEPS: Final = 10_000
"""Playbooks that play one another many times are listed so far."""


def lines_of(book: Playbook) -> Iterator[CommandLine]:
    """Yield every command line of a playbook, handlers and undoing included."""
    for step in every((*book.steps, *book.finally_)):
        yield from _lines(step)


def calls(
    books: Sequence[Playbook],
    walked: Simulation,
    admission: Admission,
) -> Iterator[Call]:
    """Yield each command that runs or may run; those of other playbooks, at each place, may."""
    fates = {row.path: row.state for row in walked.rows}
    run = walked.scenario.scope["run"]
    known = {book.name: book for book in books}
    for path, step, book in islice(_placed(books[0], known, ""), _MOST_STEPS):
        own = book is books[0]
        scope = walked.scenario.scope if own else Scope({**book.variables, "run": run})
        fate = fates.get(path, "depends")
        if fate in ("skipped", "unreached"):
            continue
        for line in _lines(step):
            yield _call(path, line, scope, admission, depends=not own or fate != "runs")


def _placed(
    book: Playbook, known: Mapping[str, Playbook], prefix: str
) -> Iterator[tuple[str, Step, Playbook]]:
    """Yield each step behind the path that a run knows it by, with the playbook it is of."""
    for step in every((*book.steps, *book.finally_)):
        path = f"{prefix}{step.path}"
        yield path, step, book
        if isinstance(step, model.SubPlaybook) and step.playbook in known:
            yield from _placed(known[step.playbook], known, f"{path}/")


def _lines(step: Step) -> tuple[CommandLine, ...]:
    if isinstance(step, model.CommandStep):
        return (step.command,)
    if isinstance(step, model.Wait) and step.command is not None:
        return (step.command,)
    return ()


def _call(
    path: str,
    line: CommandLine,
    scope: Scope,
    admission: Admission,
    *,
    depends: bool,
) -> Call:
    try:
        raw: Mapping[str, Any] = fill(line, scope, admission.registry)
    except (ExpressionError, TgkError):
        raw = _nothing_known(line, admission)
    known = {name: value for name, value in raw.items() if value is not UNKNOWN}
    return Call(
        path=path,
        command=line.name,
        arguments=known,
        complete=len(known) == len(raw),
        later=tuple(name for name in raw if name not in known),
        depends=depends,
    )


def _nothing_known(line: CommandLine, admission: Admission) -> dict[str, object]:
    entry = command_of(line, admission.registry)
    return dict.fromkeys(entry.request.model_fields if entry else ("",), UNKNOWN)
