"""What a list of steps sees and where it stands: values, results, paths and attempts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.expression import Value
    from orchestration.playbook.model import Playbook, Step
    from orchestration.runs.halt import Halt
    from orchestration.runs.records import Fault, Result, RunRecord


def values_of(record: RunRecord, playbook: Playbook) -> dict[str, Any]:
    """Return what every expression of a run may read: variables, parameters and facts."""
    run = {
        "id": record.id,
        "user": record.starter.person,
        "environment": record.environment,
        "playbook": record.playbook,
    }
    stamp = f"{record.stamp:%Y%m%d-%H%M%S}"
    return {**playbook.variables, **record.parameters, "run": run, "timestamp": stamp}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One level of a run; nested levels see what is outside of them."""

    playbook: Playbook
    values: Mapping[str, Any]
    """Parameters, variables, loop variables and facts of the run."""
    halt: Halt
    results: dict[str, Any] = field(default_factory=dict)
    """What named steps found, as expressions read it; shared by the lists of one level."""
    static: str = ""
    dynamic: str = ""
    """Paths of the tree begin with ``static`` here, those of the run with ``dynamic``."""
    era: str = ""
    """The attempts of those outside that can be repeated, such as ``2.``."""

    past: bool = False
    """Whether all of this is over, and played only to recall what it found."""

    def path(self, path: str) -> str:
        """Return the path that a part of the tree has in this run."""
        return self.dynamic + path[len(self.static) :]

    def label(self, attempt: int) -> str:
        """Return the name of an attempt, unique among all attempts of the same path."""
        return f"{self.era}{attempt}"

    def scope(self, **more: Any) -> dict[str, Value]:
        """Return everything that an expression may read here."""
        return {**self.results, "steps": self.results, **self.values, **more}

    def learn(self, step: Step, result: Result) -> None:
        """Let later steps read what a named step found."""
        if step.name:
            self.results[step.name] = result.value()

    def under(self, halt: Halt) -> Frame:
        """Return the same level below another halt."""
        return replace(self, halt=halt)

    def again(self, attempt: int) -> Frame:
        """Return the level inside one attempt of a step that can be repeated."""
        return replace(self, era=f"{self.era}{attempt}.")

    def apart(self, halt: Halt) -> Frame:
        """Return a level that sees the results so far and keeps its own to itself."""
        return replace(self, results=dict(self.results), halt=halt)

    def item(self, path: str, number: int, halt: Halt, **values: Any) -> Frame:
        """Return the level of one item of a loop whose path in the tree is ``path``."""
        return replace(
            self,
            results=dict(self.results),
            halt=halt,
            static=path,
            dynamic=f"{self.path(path)}[{number}]",
            values={**self.values, **values},
        )

    def handling(self, fault: Fault | None) -> Frame:
        """Return the level of what is done about a failure."""
        error = fault.model_dump() if fault else None
        return replace(self, values={**self.values, "error": error})

    def recalled(self) -> Frame:
        """Return the level inside a step that is over: nothing begins in it any more."""
        return replace(self, past=True)

    def frozen(self) -> Frame:
        """Return the level as it is now, whatever is learned later, to begin steps in it again."""
        return replace(self, results=dict(self.results), past=False)
