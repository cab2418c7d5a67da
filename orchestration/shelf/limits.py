"""How long a playbook takes at the very most: every attempt, every pause, every timeout used up."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Final

from orchestration.playbook import model
from orchestration.playbook.durations import seconds
from orchestration.runs.authority import every
from orchestration.shelf.scenario import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestration.playbook.model import Playbook, Retry, Step

LAST_WORDS: Final = 1800.0
"""Seconds that undoing has at most, and ``finally`` again."""
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Longest:
    """Seconds of work, None where something has no limit, and of waiting for people."""

    work: float | None = 0.0
    people: float = 0.0

    @property
    def whole(self) -> float | None:
        """Both together."""
        return None if self.work is None else self.work + self.people

    def then(self, other: Longest) -> Longest:
        """Return one after the other."""
        work = None if self.work is None or other.work is None else self.work + other.work
        return Longest(work, self.people + other.people)

    def or_else(self, other: Longest) -> Longest:
        """Return the longer of two of which one happens."""
        work = None if self.work is None or other.work is None else max(self.work, other.work)
        return Longest(work, max(self.people, other.people))

    def times(self, number: int) -> Longest:
        """Return it again and again."""
        return Longest(None if self.work is None else self.work * number, self.people * number)

    def within(self, limit: float | None) -> Longest:
        """Return it under a limit of the work."""
        if limit is None:
            return self
        return Longest(limit if self.work is None else min(self.work, limit), self.people)


NOTHING: Final = Longest()


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Adds up a playbook whose parameters are known as far as ``values`` says."""

    values: Mapping[str, object]
    books: Mapping[str, Playbook]
    depth: int = 0
    known: dict[str, Longest] = field(default_factory=dict)
    """Playbooks inside of this one that were added up already, by name."""

    def run(self, book: Playbook) -> Longest:
        """Return the whole run: its body, then undoing, then ``finally``."""
        body = self.steps(book.steps).within(book.timeout)
        undone = self.steps(_undo(book.steps)) if book.transaction else NOTHING
        last = self.steps(book.finally_)
        return body.then(undone.within(LAST_WORDS)).then(last.within(LAST_WORDS))

    def steps(self, steps: Sequence[Step]) -> Longest:
        """Return a list, one step after the other."""
        found = NOTHING
        for step in steps:
            found = found.then(self.step(step))
        return found

    def step(self, step: Step) -> Longest:
        """Return one step with all its attempts, and the longer of its handlers."""
        once = self._once(step)
        if not isinstance(step, model.ApprovalStep):
            once = once.within(step.timeout)
        own = once.times(step.retry.more + 1).then(Longest(_pauses(step.retry)))
        if step.retry.max_elapsed is not None and once.work is not None:
            own = own.within(step.retry.max_elapsed + once.work)
        after = self.steps(step.on_failure).or_else(self.steps(step.on_success))
        return own.within(step.total_timeout).then(after)

    def _once(self, step: Step) -> Longest:
        match step:
            case model.ApprovalStep():
                found = Longest(0.0, step.expires)
            case model.Wait():
                found = Longest(self._waits(step))
            case model.SetValues() | model.Assert():
                found = NOTHING
            case model.Group():
                found = self.steps(step.steps)
            case model.Conditional():
                found = self.steps(step.then).or_else(self.steps(step.otherwise))
            case model.Parallel() | model.ForEach():
                found = self._beside(step)
            case model.SubPlaybook():
                found = self._played(step)
            case _:
                found = Longest(None)  # a command has no limit but its timeout
        return found

    def _waits(self, step: model.Wait) -> float | None:
        if step.seconds is None:
            return step.limit
        value = step.seconds.value(Scope(self.values))
        return seconds(value) if isinstance(value, str | int | float) else step.limit

    def _beside(self, step: model.Parallel | model.ForEach) -> Longest:
        """Return what runs at once: as many rounds as the bound on it makes, the longest each."""
        if isinstance(step, model.Parallel):
            each = [self.steps(branch.steps) for branch in step.branches]
            longest = NOTHING
            for one in each:
                longest = longest.or_else(one)
            return longest.times(ceil(len(each) / (step.max_parallel or max(len(each), 1))))
        number = count(step, self.values)
        if number is None:
            return Longest(None)
        return self.steps(step.steps).times(ceil(number / step.max_parallel))

    def _played(self, step: model.SubPlaybook) -> Longest:
        book = self.books.get(step.playbook)
        if book is None or self.depth >= _DEEPEST:
            return Longest(None)
        if book.name not in self.known:
            inner = Clockwork({**book.variables}, self.books, self.depth + 1, self.known)
            self.known[book.name] = inner.steps(book.steps).then(inner.steps(book.finally_))
        return self.known[book.name]


def count(step: model.ForEach, values: Mapping[str, object]) -> int | None:
    """Return how many items a loop has, None where only the run will tell."""
    if isinstance(step.items, tuple):
        return len(step.items)
    found = step.items.value(Scope(values))
    return len(found) if isinstance(found, list | tuple) else None


def _pauses(retry: Retry) -> float:
    """Return the pauses between all attempts, each as long as it can be."""
    return sum(
        min(retry.delay * retry.backoff**number, retry.max_delay) for number in range(retry.more)
    )


def _undo(steps: Sequence[Step]) -> list[Step]:
    return [each for step in every(steps) for each in step.undo]
