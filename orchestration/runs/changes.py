"""Other values for a run that goes on: which kept steps were done with the former ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.playbook.model import ForEach, SubPlaybook
from orchestration.playbook.tree import arms, uses
from tgk.errors import Conflict
from tgk.suggest import enumerated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from orchestration.playbook.expression.references import Reference
    from orchestration.playbook.model import Playbook, Step
    from orchestration.runs.records import RunRecord, StepRecord

_INDEX = re.compile(r"\[\d+\]")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Changes:
    """Parameters whose values differ from those that the kept steps were done with."""

    run: RunRecord
    """The generation before."""
    names: frozenset[str]
    books: Mapping[str, Playbook]

    @classmethod
    def between(
        cls, run: RunRecord, values: Mapping[str, Any], books: Mapping[str, Playbook]
    ) -> Changes:
        """Compare the values of a run with those of the generation that is to follow."""
        names = {name for name in values if values[name] != run.parameters.get(name)}
        return cls(run, frozenset(names), books)

    def require_said(self, kept: Iterable[StepRecord]) -> None:
        """Refuse to keep in silence what was done with other values; raises Conflict."""
        stale = self._innermost(kept)
        if not stale:
            return
        first = stale[0].path
        names = enumerated([step.path for step in stale], _MOST_NAMED)
        was = "was" if len(stale) == 1 else "were"
        raise Conflict(
            f"{self.run.id} is not resumed with other values.",
            why=f"{names} {was} done with {self._before} and would be kept.",
            remedy=f"--from-step {first} does it again from there; or leave "
            f"{enumerated(sorted(self.names), _MOST_NAMED)} as before.",
        )

    def marked(self, kept: Iterable[StepRecord]) -> tuple[StepRecord, ...]:
        """Return the kept steps, those done with other values marked with what they were."""
        kept = tuple(kept)
        stale = {step.path for step in self._innermost(kept)}
        return tuple(
            step.model_copy(update={"kept_with": self._before})
            if step.path in stale and not step.kept_with
            else step
            for step in kept
        )

    @property
    def _before(self) -> str:
        hidden = dict.fromkeys(self.run.hidden, "***")
        known = {**self.run.parameters, **hidden}
        return ", ".join(f"{name}={known.get(name)}" for name in sorted(self.names))

    def _innermost(self, kept: Iterable[StepRecord]) -> list[StepRecord]:
        """Return what read a changed value, without the steps around it, in its order."""
        if not self.names:
            return []
        readers = readers_of(self.books[self.run.playbook], self.books, self.names)
        stale = [step for step in kept if _INDEX.sub("", step.path) in readers]
        around = [
            step
            for step in stale
            if any(other.path.startswith((f"{step.path}/", f"{step.path}[")) for other in stale)
        ]
        return sorted((s for s in stale if s not in around), key=lambda step: step.seq)


def readers_of(
    book: Playbook, books: Mapping[str, Playbook], names: AbstractSet[str], prefix: str = ""
) -> frozenset[str]:
    """Return the paths of the steps that read one of these parameters, or what comes of them."""
    tracing = _Tracing(books)
    tracing.steps(book.steps, book, set(names), prefix)
    return frozenset(tracing.found)


class _Tracing:
    """Follows names through a tree; a step that reads one makes its own name one of them."""

    def __init__(self, books: Mapping[str, Playbook]) -> None:
        self._books = books
        self.found: set[str] = set()

    def steps(
        self, steps: Sequence[Step], book: Playbook, names: set[str], prefix: str, *,
        inside: bool = False,
    ) -> None:  # fmt: skip
        """Follow them through a list; all of it where what is around it read one."""
        for step in steps:
            count = len(self.found)
            reads = inside or any(_read(use.text.references, names) for use in uses(step, book))
            if reads:
                self.found.add(prefix + step.path)
            if reads and isinstance(step, ForEach):
                names.add(step.variable)
            for arm in arms(step):
                self.steps(arm.steps, book, names, prefix, inside=reads)
            if isinstance(step, SubPlaybook):
                self._other(step, names, f"{prefix}{step.path}/")
            if step.name and len(self.found) > count:
                names.add(step.name)

    def _other(self, step: SubPlaybook, names: set[str], prefix: str) -> None:
        """Follow them into another playbook, by the parameters that read them."""
        given = {key for key, text in step.parameters.items() if _read(text.references, names)}
        other = self._books.get(step.playbook)
        if given and other is not None:
            self.steps(other.steps, other, given, prefix)


def _read(references: Iterable[Reference], names: AbstractSet[str]) -> bool:
    return any(
        reference.path[0] in names
        or (reference.path[0] in ("steps", "parameters") and {*reference.path[1:2]} & names)
        for reference in references
        if reference.path
    )
