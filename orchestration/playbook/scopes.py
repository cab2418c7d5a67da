"""Which names can be read where: steps run from top to bottom, branches beside each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestration.playbook.implied import declared
from orchestration.playbook.likeness import did_you_mean, slip
from orchestration.playbook.model import Conditional, ForEach, Parallel, SetValues
from orchestration.playbook.tree import arms, every_step, handlers, playbook_uses, uses

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.expression import Reference
    from orchestration.playbook.model import Playbook, Step
    from orchestration.playbook.origin import Span
    from orchestration.playbook.tree import Arm, Use

RESULT = ("status", "success", "output", "attempts", "error")
"""What every result has."""
_FACTS: Mapping[str, tuple[str, ...]] = {
    "run": ("id", "user", "environment", "playbook"),
    "error": ("step", "type", "message", "attempts"),
}
_ALWAYS = frozenset({"run", "timestamp"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One name as it stands at some place: which steps it may mean, and whether they have run."""

    paths: tuple[str, ...]
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Level:
    """What can be read at some place."""

    steps: Mapping[str, Seen] = field(default_factory=dict)
    values: frozenset[str] = frozenset()

    def having(self, step: Step, *, certain: bool = True) -> Level:
        """Return the level behind a step."""
        if not step.name:
            return self
        return replace(self, steps={**self.steps, step.name: Seen((step.path,), certain)})

    def knowing(self, *values: str) -> Level:
        """Return the level with more values."""
        return replace(self, values=self.values | set(values))

    def after(self, others: Iterable[Level], *, certain: bool) -> Level:
        """Return the level behind lists of steps that began here."""
        merged = dict(self.steps)
        fresh: set[str] = set()
        for other in others:
            for name, seen in other.steps.items():
                if self.steps.get(name) == seen:
                    continue
                paths = (*merged[name].paths, *seen.paths) if name in fresh else seen.paths
                merged[name] = Seen(tuple(dict.fromkeys(paths)), certain and seen.certain)
                fresh.add(name)
        return replace(self, steps=merged)


class Scopes:
    """One pass over a playbook in the order in which it runs."""

    def __init__(
        self,
        playbook: Playbook,
        report: Report,
        outputs: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._playbook = playbook
        self._report = report
        self._outputs = outputs
        """What the output of a step holds, by its path, where that is known."""
        self._by_path = {step.path: step for step in every_step(playbook)}
        self._loops = {
            step.variable: step.name or step.path
            for step in self._by_path.values()
            if isinstance(step, ForEach)
        }
        self._declared = declared(playbook)
        self._secrets = {secret.name for secret in playbook.secrets}
        self._values = {each.name for each in playbook.parameters} | set(playbook.variables)

    def check(self) -> None:
        """Report every name that cannot be read where it is read."""
        values = frozenset({*self._values, *_ALWAYS})
        end = self._sequence(self._playbook.steps, Level(values=values))
        maybe = {name: replace(seen, certain=False) for name, seen in end.steps.items()}
        self._sequence(self._playbook.finally_, Level(maybe, values).knowing("error"))
        for use in playbook_uses(self._playbook):
            if use.key == "idempotency_key":  # asked before there is a run
                self._use(use, Level(values=frozenset(self._values)))
                continue
            begins = use.key.startswith("locks")
            self._use(use, Level(values=values) if begins else replace(end, values=values))

    def _sequence(self, steps: Iterable[Step], level: Level) -> Level:
        for step in steps:
            level = self._step(step, level)
        return level

    def _step(self, step: Step, level: Level) -> Level:
        own = level.having(step).knowing("output", "error")
        for use in uses(step, self._playbook):
            self._use(use, own if use.after else level)
        ends = [self._sequence(arm.steps, self._inside(step, level)) for arm in arms(step)]
        if isinstance(step, ForEach):
            ends = []
        certain = not (isinstance(step, Conditional) or step.continue_on_error or step.recover)
        done = level.after(ends, certain=certain).having(step)
        return done.after([self._handler(arm, done) for arm in handlers(step)], certain=False)

    @staticmethod
    def _inside(step: Step, level: Level) -> Level:
        return level.knowing(step.variable) if isinstance(step, ForEach) else level

    def _handler(self, arm: Arm, level: Level) -> Level:
        known = level.knowing("error") if arm.name == "on_failure" else level
        end = self._sequence(arm.steps, known)
        return level if arm.name == "undo" else end

    def _use(self, use: Use, level: Level) -> None:
        references = use.text.references
        guarded = {name for each in references if each.optional for name in each.path[:2]}
        for reference in references:
            place = 1 if reference.path[0] == "steps" else 0
            self._reference(use, reference, place, level, guarded)

    def _reference(
        self, use: Use, reference: Reference, place: int, level: Level, guarded: set[str]
    ) -> None:
        if len(reference.path) <= place:
            return
        name = reference.path[place]
        if not place and name in level.values:
            self._fields(use, reference, 1, _FACTS.get(name, ()))
            if name == "output":
                self._of_output(use, reference, 1, self._outputs.get(use.path, ()))
        elif not place and secret_of(reference) in self._secrets:
            return
        elif name in level.steps:
            self._result(use, reference, place, level.steps[name], guarded)
        else:
            self._unknown(use, reference, place, level)

    def _result(
        self, use: Use, reference: Reference, place: int, seen: Seen, guarded: set[str]
    ) -> None:
        name, where = reference.path[place], _part(use, reference, place)
        if len(seen.paths) > 1:
            help_ = "give one of them another name"
            lines = " and ".join(f"'{path}'" for path in seen.paths)
            self._report.add("E037", where, f"'{name}' may be {lines}", help=help_)
            return
        if not seen.certain and name not in guarded:
            self._report.add(
                "E036",
                where,
                f"'{name}' may not have run here",
                help=f"ask has({name}) first, or write default({'.'.join(reference.path)}, …)",
            )
        self._fields(use, reference, place + 1, RESULT)
        self._output(use, reference, place, self._by_path[seen.paths[0]])

    def _output(self, use: Use, reference: Reference, place: int, step: Step) -> None:
        if reference.path[place + 1 : place + 2] == ("output",):
            known = self._outputs.get(step.path, ())
            known = tuple(step.values) if isinstance(step, SetValues) else known
            self._of_output(use, reference, place + 2, known)

    def _of_output(
        self, use: Use, reference: Reference, place: int, known: tuple[str, ...]
    ) -> None:  # fmt: skip
        """Report a field; one that is asked for with a default only if it is a slip."""
        if reference.optional and not slip("".join(reference.path[place : place + 1]), known):
            return
        self._fields(use, reference, place, known)

    def _fields(
        self, use: Use, reference: Reference, place: int, known: tuple[str, ...]
    ) -> None:  # fmt: skip
        if not known or len(reference.path) <= place or reference.path[place] in known:
            return
        name = reference.path[place]
        inside = known == RESULT and not did_you_mean(name, known)
        owner = ".".join(reference.path[:place])
        output = f"write {owner}.output.{name} if the command tells it" if inside else ""
        otherwise = output or f"there are {', '.join(known)}"
        self._report.add(
            "E034",
            _part(use, reference, place),
            f"'{owner}' has no field '{name}'",
            help=did_you_mean(name, known, otherwise=otherwise),
        )

    def _unknown(self, use: Use, reference: Reference, place: int, level: Level) -> None:
        name, where = reference.path[place], _part(use, reference, place)
        found = [step for step in self._by_path.values() if step.name == name]
        if found:
            code, message, help_ = _why(self._by_path, use.path, found[0])
            self._report.add(code, where, message, help=help_)
            return
        if name in ("error", "output"):
            help_ = "it is known in on_failure, finally and retry.when"
            self._report.add("E031", where, f"there is no '{name}' here", help=help_)
            return
        if name in self._loops:
            help_ = "it is known in the steps of that loop"
            message = f"'{name}' is the item of the loop '{self._loops[name]}'"
            self._report.add("E033", where, message, help=help_)
            return
        known = {*level.values, *level.steps, *self._declared}
        otherwise = "declare it under `parameters`, or name an earlier step"
        self._report.add(
            "E031", where, f"unknown name '{name}'",
            help=did_you_mean(name, known, otherwise=otherwise),
        )  # fmt: skip


def _part(use: Use, reference: Reference, place: int) -> Span:
    offset, length = reference.places[place]
    return use.origin.at(offset, length)


def _why(by_path: Mapping[str, Step], path: str, found: Step) -> tuple[str, str, str]:
    """Say why the result of a step cannot be read at a place: too early, beside, or in a loop."""
    name = found.name
    if path == found.path:
        return "E032", f"'{name}' has no result yet: this is its own step", "ask an earlier step"
    for outer in _around(by_path, found.path):
        if path == outer.path or path.startswith(f"{outer.path}/"):
            apart = _arm(outer.path, path) != _arm(outer.path, found.path)
            if apart and isinstance(outer, Parallel | Conditional):
                message = f"'{name}' is in another branch of '{outer.name or outer.path}'"
                return "E033", message, "read it after both, or move the step before them"
            break
        if isinstance(outer, ForEach):
            message = f"'{name}' runs once for each item of '{outer.name or outer.path}'"
            return "E033", message, "read it inside the loop, or ask the loop's own result"
    return "E032", f"'{name}' has not run yet here", "move the step before this one"


def _arm(outer: str, path: str) -> str:
    return path[len(outer) + 1 :].partition("/")[0]


def _around(by_path: Mapping[str, Step], path: str) -> Iterable[Step]:
    """Return the steps around a path, innermost first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        if path in by_path:
            yield by_path[path]


def secret_of(reference: Reference) -> str:
    """Return the secret that a reference means: ``token``, or ``secrets.token``."""
    head, *rest = reference.path
    return rest[0] if head == "secrets" and rest else head
