"""A playbook that another one plays, on paper: what it is given, and what is assumed of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from orchestration.playbook import model
from orchestration.playbook.expression import UNKNOWN, ExpressionError
from orchestration.runs.authority import every
from orchestration.runs.parameters import given
from orchestration.shelf.limits import Clockwork
from orchestration.shelf.scenario import Scenario, Scope
from tgk.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestration.playbook.model import Playbook

DEEPEST_SHOWN: Final = 4
"""So many playbooks inside one another are walked through."""


class Nested(NamedTuple):
    """What the inside of a step is walked with."""

    book: Playbook
    scenario: Scenario
    clockwork: Clockwork


def nested(step: model.SubPlaybook, scenario: Scenario, clockwork: Clockwork) -> Nested | None:
    """Return what a step plays; None where it is not there, or too deep to be shown."""
    book = clockwork.books.get(step.playbook)
    if book is None or clockwork.depth >= DEEPEST_SHOWN:
        return None
    values = {**book.variables, **_values(step, book, scenario.scope)}
    facts = {name: scenario.scope[name] for name in ("run", "timestamp")}
    prefix = f"{step.path}/"
    assumed = {
        name.removeprefix(prefix): ends
        for name, ends in scenario.assumed.items()
        if name.startswith(prefix)
    }
    return Nested(
        book,
        Scenario(Scope({**values, **facts}), assumed),
        Clockwork(values, clockwork.books, clockwork.depth + 1, clockwork.known),
    )


def paths(book: Playbook, books: Mapping[str, Playbook], depth: int = 0) -> Iterator[str]:
    """Yield the paths of every step that is walked through, those inside of others prefixed."""
    for step in every((*book.steps, *book.finally_)):
        yield step.path
        inner = books.get(step.playbook) if isinstance(step, model.SubPlaybook) else None
        if inner and depth < DEEPEST_SHOWN:
            yield from (f"{step.path}/{path}" for path in paths(inner, books, depth + 1))


def _values(step: model.SubPlaybook, book: Playbook, scope: Scope) -> dict[str, object]:
    """Return the parameters as far as they are known by now."""
    try:
        raw = {name: each.value(scope) for name, each in step.parameters.items()}
        unknown = {name: UNKNOWN for name, value in raw.items() if value is UNKNOWN}
        rest = tuple(each for each in book.parameters if each.name not in unknown)
        known = {name: value for name, value in raw.items() if name not in unknown}
        return {**given(replace(book, parameters=rest), known), **unknown}
    except (ExpressionError, InvalidRequest):
        return {each.name: UNKNOWN for each in book.parameters}
