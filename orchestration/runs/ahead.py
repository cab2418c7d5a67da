"""What a run may still come to do, as far as that is known now: for people who approve it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.playbook import model
from orchestration.playbook.binding import command_of, fill
from orchestration.playbook.expression import UNKNOWN, ExpressionError
from orchestration.runs.parameters import given
from tgk.errors import TgkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestration.playbook.model import Playbook, Step
    from tgk.registry import Registry

_DEEPEST = 8


class Known(dict[str, Any]):
    """A scope in which everything that is not known yet is UNKNOWN."""

    def __missing__(self, key: str) -> object:
        return UNKNOWN

    def __contains__(self, key: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Ahead:
    """One command with all of its arguments."""

    name: str
    raw: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Lookout:
    """Walks a tree without doing anything."""

    playbooks: Mapping[str, Playbook]
    registry: Registry

    def lines(
        self, steps: Sequence[Step], scope: Mapping[str, Any], depth: int = 0
    ) -> Iterator[Ahead]:
        """Yield every command line that may be run and whose arguments are all known."""
        for step in steps:
            if _holds(step.condition, scope) is False:
                continue
            if isinstance(step, model.CommandStep) and (found := self._line(step, scope)):
                yield found
            yield from self._inside(step, scope, depth)
            for handler in (step.on_success, step.on_failure, step.undo):
                yield from self.lines(handler, scope, depth)

    def _inside(self, step: Step, scope: Mapping[str, Any], depth: int) -> Iterator[Ahead]:
        match step:
            case model.Group():
                yield from self.lines(step.steps, scope, depth)
            case model.Parallel():
                for branch in step.branches:
                    yield from self.lines(branch.steps, scope, depth)
            case model.Conditional():
                verdict = _holds(step.test, scope)
                yield from self.lines(() if verdict is False else step.then, scope, depth)
                yield from self.lines(() if verdict is True else step.otherwise, scope, depth)
            case model.ForEach():
                for item in _items(step, scope):
                    inside = Known({**scope, step.variable: item})
                    yield from self.lines(step.steps, inside, depth)
            case model.SubPlaybook() if depth < _DEEPEST:
                yield from self._playbook(step, scope, depth)

    def _playbook(
        self, step: model.SubPlaybook, scope: Mapping[str, Any], depth: int
    ) -> Iterator[Ahead]:
        book = self.playbooks.get(step.playbook)
        if book is None:
            return
        try:
            raw = {name: each.value(scope) for name, each in step.parameters.items()}
            known = {k: v for k, v in raw.items() if v is not UNKNOWN}
            values = given(book, known, trusted=True)
        except (ExpressionError, TgkError):
            return
        unknown = {name: UNKNOWN for name, value in raw.items() if value is UNKNOWN}
        facts = {name: scope[name] for name in ("run", "timestamp")}
        inside = Known({**book.variables, **values, **unknown, **facts})
        yield from self.lines((*book.steps, *book.finally_), inside, depth + 1)

    def _line(self, step: model.CommandStep, scope: Mapping[str, Any]) -> Ahead | None:
        entry = command_of(step.command, self.registry)
        if entry is None:
            return None
        try:
            raw = fill(step.command, scope, self.registry)
        except (ExpressionError, TgkError):
            return None
        return None if UNKNOWN in raw.values() else Ahead(entry.name, raw)


def _holds(condition: Any, scope: Mapping[str, Any]) -> bool | None:
    """Return what a condition says by now; None where that is open."""
    if condition is None:
        return None
    try:
        verdict = condition.verdict(scope)
    except ExpressionError:
        return None
    return None if verdict is UNKNOWN else bool(verdict)


def _items(step: model.ForEach, scope: Mapping[str, Any]) -> list[Any]:
    try:
        if isinstance(step.items, tuple):
            return [each.value(scope) for each in step.items]
        found = step.items.value(scope)
    except ExpressionError:
        return []
    return found if isinstance(found, list) else []
